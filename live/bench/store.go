package bench

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/live"
	"github.com/simrun/simrun/models"
)

const (
	// chainMax is the length of the longer chain.
	chainMax = 3
	// keysMax is the number of objects if there are as many operations. The daemons hold all of them in memory and write
	// them anew with every snapshot.
	keysMax   = 4096
	snapshots = 50_000 // entries between two of them
	storeHost = "c0"   // where the client is
)

func storeTopology(chain int) actors.Topology {
	return store.Topology(store.Options{Daemons: chain, Clients: 1, SnapshotEvery: snapshots})
}

// space has one region, so that all objects are in one chain and a client talks to
// one daemon.
func space(chain int) models.Space {
	return models.Space{
		Name: "bench", Key: "id", Tolerate: chain - 1, Partitions: 1,
		Attributes: []models.Attribute{{Name: "value", Kind: models.String}},
	}
}

// storeHosts are all hosts that any of the stores has.
func storeHosts() []string {
	var names []string
	for _, h := range storeTopology(chainMax).Hosts {
		names = append(names, h.Name)
	}
	return names
}

// store measures puts, and gets once: they ask the tail alone, whatever the
// durability and the length of the chain.
func (m *measurement) store(chain int, d store.Durability) error {
	dir := filepath.Join(m.dir, fmt.Sprintf("store-%d-%v-%t", chain, d, m.certs != ""))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	w, err := live.Start(storeTopology(chain), live.Options{Dir: dir, Certs: m.certs, Conn: m.count(storeHost)})
	if err != nil {
		return err
	}
	finished := make(chan struct{})
	var failed error
	err = w.Run(storeHost, actors.ProgramDef{Name: "bench", Run: func(env actors.Env) error {
		defer close(finished)
		failed = m.operations(store.NewClient(env), chain, d)
		return nil
	}})
	if err == nil {
		<-finished
		err = failed
	}
	return errors.Join(err, w.Err(), stop(w), os.RemoveAll(dir))
}

// operations is the program of the client.
func (m *measurement) operations(c *store.Client, chain int, d store.Durability) error {
	value := strings.Repeat("v", m.Bytes)
	keys := min(keysMax, m.Ops)
	put := func(n int) models.Op {
		return models.Op{Verb: models.Put, Space: "bench", Key: strconv.Itoa(n % keys), Attrs: []models.Attr{{Name: "value", Value: models.StringValue(value)}}}
	}
	get := func(n int) models.Op {
		return models.Op{Verb: models.Get, Space: "bench", Key: strconv.Itoa(n % keys)}
	}
	if err := prepare(c, chain, d, keys, put); err != nil {
		return err
	}
	type work struct {
		name    string
		op      func(n int) models.Op
		windows []int
	}
	works := []work{{"put " + d.String(), put, []int{Windows[0], Windows[len(Windows)-1]}}}
	if chain == 1 && d == store.Synced {
		works = append(works, work{"get", get, Windows})
	}
	for _, work := range works {
		for _, window := range work.windows {
			r := Row{System: Store, Work: fmt.Sprintf("%s, chain of %d", work.name, chain), Window: window}
			if err := m.measure(r, func(j job, l *loop) error { return operate(j, l, c, work.op) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// prepare makes the space and all objects.
func prepare(c *store.Client, chain int, d store.Durability, keys int, put func(int) models.Op) error {
	if _, err := c.Admin().AddSpace(space(chain), d, grace); err != nil {
		return err
	}
	if _, err := c.Admin().WaitUntilStable(grace); err != nil {
		return err
	}
	w := store.Window{Client: c, Done: func(d *store.Deferred) error { return succeeded(d) }}
	for n := range keys {
		if err := w.Issue(put(n)); err != nil {
			return err
		}
	}
	return w.Flush()
}

// operate carries out one job; every operation has to succeed.
func operate(j job, l *loop, c *store.Client, op func(n int) models.Op) error {
	numbers := map[uint64]int{} // of operations, by the client's id
	j.meter.reset()
	for {
		for n, ok := l.next(); ok; n, ok = l.next() {
			numbers[c.Async(op(n)).ID] = n
		}
		if l.over() {
			return nil
		}
		d, status := c.Loop(grace)
		if status != models.Success {
			return fmt.Errorf("loop: %v", status)
		}
		if err := succeeded(d); err != nil {
			return err
		}
		l.done(numbers[d.ID])
		delete(numbers, d.ID)
	}
}

func succeeded(d *store.Deferred) error {
	if status := d.Wait().Status; status != models.Success {
		return fmt.Errorf("%v of %s: %v", d.Op.Verb, d.Op.Key, status)
	}
	return nil
}
