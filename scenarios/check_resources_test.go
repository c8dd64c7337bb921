package scenarios

import (
	"testing"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// R15, R28: windows and queues are bounded, and what is no longer needed is given back.
func TestResourcesCheck(t *testing.T) {
	began := Began{Boot: 1}
	first, second := called(t, 1, `get things k`), called(t, 2, `get things k`)
	full := RefusedAs{N: 2, Status: models.Throttled}
	throttled := returned(2, models.Result{Status: models.Throttled})
	narrow := sim.Knobs{}.With("outstanding", 1)
	queues := func(q store.Queues) store.Leased { return store.Leased{Boot: 1, Queues: q} }
	judge(t, checkResources, []control{
		{"a full window refuses", notes("c0", began, "c0", first, "c0", second, "c0", full, "c0", throttled), narrow, ""},
		{"a window is full of operations that nobody waits for", notes("c0", began, "c0", first, "c0", second), narrow, ""},
		{"a window refuses though there is room", notes("c0", began, "c0", first, "c0", returned(1, unknown), "c0", second, "c0", full, "c0", throttled), narrow,
			"c0#2 was refused for want of room with 0 operations outstanding, and there is room for 1"},
		{"a full window lets one more through", notes("c0", began, "c0", first, "c0", second, "daemon1", replied(2, success)), narrow,
			"c0#2 was sent off with 1 operations outstanding, and there is room for 1"},
		{"an idle client has its whole budget", notes("c0", store.Drained{}), nil, ""},
		{"an idle client has lost a part of its budget", notes("c0", store.Drained{Bytes: 64}), nil,
			"c0 has nothing outstanding and 64 bytes of its budget in use"},
		{"queues are used to their bounds", notes("c0", began, "c0", first, "c0", second,
			"daemon1", queues(store.Queues{Parked: 256, Unsynced: 9, Blocked: 9, Failed: 2, Results: 2}), "daemon1", synced(1)), nil, ""},
		{"too many messages are parked", notes("daemon1", queues(store.Queues{Parked: 257})), nil,
			"daemon1 keeps 257 messages for a later configuration, more than 256"},
		{"results are never forgotten", notes("c0", began, "c0", first, "c0", returned(1, unknown), "c0", second, "daemon1", queues(store.Queues{Results: 2})), nil,
			"daemon1 remembers 2 operations of one client as done, which never had more than 1 in doubt"},
		{"answers are never forgotten", notes("c0", began, "c0", first, "c0", returned(1, unknown), "c0", second, "daemon1", queues(store.Queues{Failed: 2})), nil,
			"daemon1 keeps 2 answers for one client, which never had more than 1 operations in doubt"},
		{"nothing happens and nothing is kept", notes("daemon1", synced(1), "daemon1", queues(store.Queues{Failed: 0})), nil, ""},
		{"nothing happens and an answer still waits", notes("daemon1", synced(1), "daemon1", queues(store.Queues{Blocked: 1})), nil,
			"daemon1 keeps 0 messages, 0 entries of its log and 1 answers though nothing has happened for 1s"},
	})
}
