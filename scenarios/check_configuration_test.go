package scenarios

import (
	"testing"

	"github.com/simrun/simrun/actors/store"
)

// R32, R36: one configuration an epoch, epochs that grow, and no answer in the name
// of a chain that is no more.
func TestConfigurationCheck(t *testing.T) {
	one, two := chain(1, "daemon1", "daemon2"), chain(2, "daemon1", "daemon2")
	alone := chain(2, "daemon2")
	judge(t, checkConfigurations, []control{
		{"the coordinator begins with its last configuration again",
			notes(coord, published(one), coord, published(chain(1, "daemon1", "daemon2"))), nil, ""},
		{"a configuration is published after a later one",
			notes(coord, published(two), coord, published(one)), nil,
			"coord/store published epoch 1 after epoch 2"},
		{"one epoch has two configurations",
			notes(coord, published(one), coord, published(chain(1, "daemon3", "daemon2"))), nil,
			"coord/store published epoch 1 after epoch 1"},
		{"a daemon comes late to every configuration",
			notes(coord, published(one), coord, published(two), "daemon1", adopted(one), "daemon1", adopted(two)), nil, ""},
		{"a daemon skips configurations while it is away",
			notes(coord, published(one), coord, published(two), coord, published(chain(9, "daemon1")), "daemon1", adopted(chain(9, "daemon1"))), nil, ""},
		{"a daemon goes back to an earlier configuration",
			notes(coord, published(one), coord, published(two), "daemon1", adopted(two), "daemon1", adopted(one)), nil,
			"daemon1/store adopted epoch 1 after epoch 2"},
		{"a daemon has a configuration that was not published",
			notes(coord, published(one), "daemon1", adopted(alone)), nil,
			"daemon1/store adopted a configuration of epoch 2 that was not published:\n" + alone.String()},
		{"a daemon that was deposed is idle, another was never at an end",
			notes(coord, published(one), coord, published(two),
				"daemon2", store.Leased{Boot: 1, Config: one, Idle: []store.RegionID{0}}, "daemon3", store.Leased{Boot: 1, Config: one}), nil, ""},
		{"a daemon could answer for a chain that is no more",
			notes(coord, published(one), coord, published(two), "daemon2", store.Leased{Boot: 1, Config: one}), nil,
			"daemon2/store has a lease for version 1 of region 0 after version 2 was published"},
		{"a read is answered before the chain changes",
			notes(coord, published(one), "daemon2", store.Served{Version: 1}, coord, published(two)), nil, ""},
		{"a read is answered by a chain that is no more",
			notes(coord, published(one), coord, published(two), "daemon2", store.Served{Version: 1}), nil,
			"daemon2/store answered for version 1 of region 0 after version 2 was published"},
		{"an acknowledgement was on its way to a head that has been cut off",
			notes(coord, published(one), "daemon2", reached(1, 5, 0), coord, published(alone), "daemon2", adopted(alone), "daemon1", committed(1, 5, 0)), nil, ""},
		{"a chain goes on until its tail has heard that it is the only member",
			notes(coord, published(one), coord, published(alone), "daemon2", reached(1, 5, 0), "daemon1", committed(1, 5, 0), "daemon2", adopted(alone)), nil, ""},
		{"a head that has been cut off acknowledges without its tail",
			notes(coord, published(one), "daemon2", reached(1, 5, 0), coord, published(alone), "daemon2", adopted(alone), "daemon1", committed(1, 6, 0)), nil,
			"daemon1/store acknowledged record 6 of region 0 for version 1, though version 2 had begun with record 5"},
	})
}
