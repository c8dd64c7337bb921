package scenarios

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// A line of a photo plan is a models.PhotoOp, a Sleep, or SettlePhotos at the end.

// SettlePhotos waits until the photo servers, of which there are so many, have nothing
// left to do and no alarm is on.
type SettlePhotos struct{ Primaries, Backups int }

// String is: settle 2 1.
func (s SettlePhotos) String() string { return fmt.Sprintf("settle %d %d", s.Primaries, s.Backups) }

const (
	photoClients  = 3
	photoLines    = 30 // of each client
	photoPatience = 600 * time.Millisecond
	sawPhotoLost  = "photo lost before its backup"
)

// ticketsPhotos is the semisynchronous storage of seed text 2, and the monitor that
// checks that what is promised for later gets done.
func ticketsPhotos() sim.Scenario {
	return photosScenario(sim.Scenario{
		Name: "tickets/photos",
		Doc:  "photo storage with synchronous primaries and asynchronous backups, and a monitor of what is overdue",
		Sometimes: []string{
			string(tickets.SawBackupOutage), string(tickets.SawSingleCopy), string(tickets.SawPhotoRepair),
			string(tickets.SawAlarm), string(tickets.SawAlarmCleared), string(tickets.SawSilence),
		},
	}, 1, 3)
}

// ticketsPhotosUnrestricted loses the only copy of photos that wait for their backups.
// That is legal, and each loss must be named; what was not lost must be there.
func ticketsPhotosUnrestricted() sim.Scenario {
	s := photosScenario(sim.Scenario{
		Name:      "tickets/photos-unrestricted",
		Doc:       "photo storage with one primary whose disk is lost before all backups are made",
		Sometimes: []string{string(tickets.SawSingleCopy), sawPhotoLost},
	}, 1, 1)
	s.Profile.Unrestricted = 1000
	s.Profile.DiskMax = 10 * time.Millisecond
	s.Profile.Counts = faults.Counts{
		faults.Crash: 2, faults.PowerLoss: 2, faults.Wipe: 3, faults.Isolate: 3, faults.Clog: 2, faults.SlowDisk: 1, faults.SyncError: 1,
	}
	return s
}

// photosScenario completes a scenario of photo servers with so many primaries.
func photosScenario(s sim.Scenario, primariesMin, primariesMax int) sim.Scenario {
	return sim.Scenario{
		Name: s.Name,
		Doc:  s.Doc,
		Knobs: func(d *faults.Draw) sim.Knobs {
			return sim.Knobs{}.
				With("primaries", d.Between("primaries", primariesMin, primariesMax)).
				With("backups", d.Between("backups", 1, 2)).
				With("compact", []int{300, 3000, 100_000}[d.IntN("compact", 3)]).
				With("due", []string{"1s", "3s"}[d.IntN("due", 2)])
		},
		Topology: func(k sim.Knobs) actors.Topology {
			return tickets.PhotoTopology(photoOptions(k), monitorOptions(k), photoClients)
		},
		Profile: faults.Profile{
			DelayMin: time.Millisecond, DelayMax: 30 * time.Millisecond,
			DropMax: 200, DuplicateMax: 300, LateMax: 10 * time.Second,
			DiskMax: 30 * time.Millisecond, DriftMax: 40, FIFO: 300, Random: 200, JitterMax: 300, CorruptMax: 5,
			OffsetMax: 288 * time.Second,
			Span:      6 * time.Second, DownMin: 5 * time.Millisecond, DownMax: 12 * time.Second,
			Counts: faults.Counts{
				faults.Crash: 3, faults.PowerLoss: 3, faults.Wipe: 2, faults.Stop: 1, faults.Pause: 2, faults.Slow: 1,
				faults.Partition: 1, faults.Cut: 2, faults.Isolate: 2, faults.Clog: 1, faults.Reset: 1,
				faults.DropMessage: 2, faults.Replay: 3,
				faults.SlowDisk: 1, faults.SyncError: 1, faults.WriteError: 1, faults.ReadError: 1, faults.DiskFull: 1, faults.ReadOnly: 1,
				faults.ClockStep: 1, faults.Heal: 1,
			},
			Messages: []string{
				"tickets.store-photo", "tickets.photo-stored", "tickets.copy-photo", "tickets.photo-kept", "tickets.inventory", "tickets.pending",
			},
			PowerLossAll: 200, ClientCrashes: 1,
			Points:  []string{"wal.before-append", "wal.before-sync", "wal.after-sync", "wal.before-rename", "wal.before-remove", "wal.recovering"},
			Servers: []string{"primary", "backup"}, Clients: []string{"c"},
		},
		Oracle: newPhotoOracle,
		Workload: sim.Workload{
			Generate: generatePhotos,
			Final:    finalPhotos,
			Parse:    parsePhotoLine,
			Client:   newPhotoClient,
		},
		Model: PhotoModel(),
		Checks: []sim.Check{
			{Name: "photos", Func: checkPhotos},
			{Name: "monitor", Func: checkMonitor},
			{Name: "losses", Func: notePhotoLosses},
		},
		Sometimes: s.Sometimes,
		Limits:    sim.Limits{Settle: 2 * time.Minute},
	}
}

func photoOptions(k sim.Knobs) tickets.PhotoOptions {
	o := tickets.PhotoHosts(k.Int("primaries", 1), k.Int("backups", 1))
	o.Compact = int64(k.Int("compact", 0))
	return o
}

// PhotoModel is the sequential meaning of operations on photos.
func PhotoModel() linearizability.Model {
	return linearizability.Spec[string, models.PhotoOp, string]{
		Key:      models.PhotoOp.Photo,
		Apply:    models.ApplyPhoto,
		ReadOnly: func(op models.PhotoOp) bool { _, stores := models.StoredPhoto(op); return !stores },
		Write:    models.StoredPhoto,
		Read: func(op models.PhotoOp, got string) (string, bool) {
			_, stores := models.StoredPhoto(op)
			return got, !stores
		},
	}.Model()
}

// generatePhotos has the clients store photos and look at those of all.
func generatePhotos(d *faults.Draw, _ sim.Knobs) []sim.Op {
	var ops []sim.Op
	for c := range photoClients {
		client := fmt.Sprintf("c%d", c)
		for n := 1; n <= photoLines; n++ {
			d := d.Sub(client, n)
			id := fmt.Sprintf("p%d.%d", c, n)
			op := sim.Op{Client: client, N: n, Do: models.StorePhoto{ID: id, Content: "of " + id}}
			if d.Permille("show", 500) {
				// Most of those that others store are shown soon after.
				at := max(1, n-d.IntN("back", 4))
				op.Do = models.ShowPhoto{ID: fmt.Sprintf("p%d.%d", d.IntN("whose", photoClients), at)}
			}
			ops = append(ops, op)
			if d.Permille("pause", 700) {
				ops = append(ops, sim.Op{Client: client, Do: Sleep{For: time.Duration(d.Between("for", 1, 500)) * time.Millisecond}})
			}
		}
	}
	return ops
}

// finalPhotos waits for everything to be done and then looks at every photo.
func finalPhotos(k sim.Knobs, ops []sim.Op) []sim.Op {
	out := []sim.Op{{Client: "final", Do: SettlePhotos{Primaries: k.Int("primaries", 1), Backups: k.Int("backups", 1)}}}
	for _, op := range ops {
		if s, ok := op.Do.(models.StorePhoto); ok {
			out = append(out, sim.Op{Client: "final", N: len(out), Do: models.ShowPhoto{ID: s.ID}})
		}
	}
	return out
}

// parsePhotoLine reads what the String methods of the lines print.
func parsePhotoLine(text string) (fmt.Stringer, error) {
	words := faults.NewWords(text)
	switch words.Next().Text {
	case "sleep":
		return parseLine(text)
	case "settle":
		var s SettlePhotos
		if _, err := fmt.Sscanf(text, "settle %d %d", &s.Primaries, &s.Backups); err != nil || s.String() != text || s.Primaries < 1 || s.Backups < 0 {
			return nil, words.Next().Expected("two numbers of servers")
		}
		return s, nil
	}
	op, err := models.ParsePhotoOp(text)
	var syntax *models.SyntaxError
	if errors.As(err, &syntax) {
		return nil, &faults.SyntaxError{Column: syntax.Column, Msg: syntax.Reason}
	}
	return op, err
}

// newPhotoClient is the Client function of the workload. It finds the servers by the
// names that the first primary and the backups have in every topology.
func newPhotoClient(env actors.Env, rec *linearizability.Recorder) func(sim.Op) error {
	c := &photoClient{env: env, rec: rec, photos: tickets.NewPhotos(env, tickets.PhotoHosts(1, 1), photoPatience)}
	return c.do
}

type photoClient struct {
	env    actors.Env
	rec    *linearizability.Recorder
	photos *tickets.Photos
}

func (c *photoClient) do(op sim.Op) error {
	switch do := op.Do.(type) {
	case models.StorePhoto:
		c.rec.Call(op.N, do)
		out := linearizability.Outcome{Output: ""}
		if !c.photos.Store(do.ID, do.Content) {
			out = linearizability.Outcome{Certainty: linearizability.Unknown}
		}
		c.rec.Return(op.N, out)
	case models.ShowPhoto:
		c.rec.Call(op.N, do)
		p := c.photos.Show(do.ID)
		out := linearizability.Outcome{Output: p.Content}
		if !p.Found && !p.Absent {
			out = linearizability.Outcome{Certainty: linearizability.Unknown}
		}
		c.rec.Return(op.N, out)
	case Sleep:
		c.env.Clock.Sleep(do.For)
	case SettlePhotos:
		c.settle(do)
	default:
		return fmt.Errorf("no line about photos: %v", op.Do)
	}
	return nil
}

// settle waits until every server is whole and owes nothing, and then until no alarm
// is on. If that never happens the run ends at its settle limit and names this client.
func (c *photoClient) settle(s SettlePhotos) {
	c.env.Note(PhotosSettling{})
	servers := tickets.PhotoHosts(s.Primaries, s.Backups)
	for busy := true; busy; {
		busy = false
		for _, host := range slices.Concat(servers.Primaries, servers.Backups) {
			reply, err := c.env.Request(c.env.PID(host+"/"+tickets.PhotoActor), tickets.AskPhotos{}, askAgain)
			status, ok := reply.(tickets.PhotoStatus)
			if err != nil || !ok || status.Due > 0 || !status.Whole {
				busy = true
				c.env.Clock.Sleep(askAgain)
			}
		}
	}
	c.env.Note(PhotosSettled{})
	awaitNoAlarm(c.env)
}
