package scenarios

import (
	"testing"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// R20: what is answered for is durable on every member, and what is durable is
// there after a restart.
func TestDiskCheck(t *testing.T) {
	one := chain(1, "daemon1", "daemon2")
	inMemory := chain(1, "daemon1", "daemon2")
	inMemory.Spaces = []store.Space{{Def: models.Space{Name: "things", Partitions: 1}, Durability: store.Replicated}}
	found := func(disk uint64, marks ...store.Mark) store.Recovered {
		return store.Recovered{Boot: 1, Disk: disk, Copies: marks}
	}
	fault := func(text string) sim.FaultBegan { return sim.FaultBegan{Text: text} }
	judge(t, checkDisks, []control{
		{"the head answers when all have synced",
			notes(coord, published(one), "daemon2", synced(1), "daemon1", synced(1), "daemon1", committed(1, 1, 0)), nil, ""},
		{"the head answers before the tail has synced",
			notes(coord, published(one), "daemon1", synced(1), "daemon1", committed(1, 1, 0), "daemon2", synced(1)), nil,
			"daemon1 answered for record 1 of region 0 (version 1) when daemon2 had synced up to 0"},
		{"a space promises memory only",
			notes(coord, published(inMemory), "daemon1", committed(1, 1, 0)), nil, ""},
		{"a joiner has synced all before it is a member",
			notes(coord, published(chain(1, "daemon1")), "daemon1", synced(4), "daemon1", committed(1, 4, 0),
				"daemon3", store.Persisted{Marks: []store.Mark{{Data: 2, Seq: 4}}}, coord, published(chain(2, "daemon1", "daemon3!"))), nil, ""},
		{"a joiner becomes a member when the last part was only sent",
			notes(coord, published(chain(1, "daemon1")), "daemon1", synced(4), "daemon1", committed(1, 4, 0),
				"daemon3", store.Persisted{Marks: []store.Mark{{Data: 2, Seq: 3}}}, coord, published(chain(2, "daemon1", "daemon3!"))), nil,
			"daemon3 became a member of region 0 (version 2) with records up to 3, and 4 was answered for"},
		{"more than was synced survives a power loss",
			notes("daemon1", found(7), "daemon1", synced(3), "daemon1", found(7, store.Mark{Seq: 5})), nil, ""},
		{"a synced record is gone after a restart",
			notes("daemon1", found(7), "daemon1", synced(3), "daemon1", found(7, store.Mark{Seq: 2})), nil,
			"daemon1 had synced record 3 of region 0 and found records up to 2 when it started"},
		{"a file whose name was not made durable is gone",
			notes("daemon1", found(7), "daemon1", synced(3), "daemon1", found(8)), nil,
			"daemon1 had synced record 3 of region 0 and found records up to 0 when it started"},
		{"a copy was given up for a newer one",
			notes("daemon1", found(7), "daemon1", synced(3), "daemon1", found(7, store.Mark{Data: 4})), nil, ""},
		{"a disk was wiped, once",
			notes("daemon1", found(7), "daemon1", synced(3), coord, fault("1s wipe daemon1 for 1ms"), "daemon1", found(8)), nil, ""},
		{"an empty disk that nobody has wiped a second time",
			notes("daemon1", found(7), "daemon1", synced(3), coord, fault("1s wipe daemon1 for 1ms"), "daemon1", found(8),
				"daemon1", synced(5), "daemon1", found(9)), nil,
			"daemon1 had synced record 5 of region 0 and found records up to 0 when it started"},
		{"a power loss does not excuse a damaged log",
			notes("daemon1", found(7), "daemon1", synced(3), coord, fault("1s power-loss all for 1ms"),
				"daemon1", store.Recovered{Boot: 2, Disk: 7, Corrupt: true}), nil,
			"daemon1 found its log damaged, and nothing had touched what was synced"},
	})
}
