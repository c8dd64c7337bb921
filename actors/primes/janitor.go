package primes

import (
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/models"
)

const janitorActor = "janitor"

// A janitor ends leases and times to live in the replicated response store. It counts
// them on its own clock, from when it first saw an entry in a state, so it may be late,
// for example after a crash, and is never early. Nothing in an entry is a time.
//
// It blocks while it sweeps; nobody waits for it.
type janitor struct {
	env    actors.Env
	timing Timing
	client *store.Client
	seen   map[string]sighting // by id
	noted  marks
}

// A sighting is a state of an entry, and since when it has been like that.
type sighting struct {
	status Status // "" if there is no entry
	beat   int64
	since  time.Duration
}

func newJanitor(o Options) actors.Producer {
	return func(env actors.Env) actor.Actor {
		return &janitor{env: env, timing: o.Timing, seen: map[string]sighting{}, noted: marks{env: env}}
	}
}

// Receive handles one message; see actor.Actor.
func (j *janitor) Receive(ctx actor.Context) {
	switch ctx.Message().(type) {
	case *actor.Started:
		j.client = store.NewClient(j.env)
		j.env.Clock.After(0, sweep{})
	case sweep:
		j.sweep()
		j.env.Clock.After(j.timing.Sweep, sweep{})
	case Census:
		ctx.Respond(Count{Entries: j.count()})
	}
}

// ids returns what the index has in one bucket, which is made if it is not there.
func (j *janitor) ids(bucket string) (ids []string, ok bool) {
	r := j.client.Get(indexSpace, bucket)
	switch r.Status {
	case models.Success:
		for _, e := range r.Attrs[0].Value.Strs {
			ids = append(ids, string(e))
		}
		return ids, true
	case models.NotFound:
		j.client.PutIfNotExist(indexSpace, bucket)
		return nil, true
	}
	return nil, false
}

// count looks at the index itself: it is what would grow for ever. It is -1 if that
// is not known.
func (j *janitor) count() int {
	n := 0
	for b := range indexBuckets {
		ids, ok := j.ids(bucketKey(b))
		if !ok {
			return -1
		}
		n += len(ids)
	}
	return n
}

// sweep looks at every entry once.
func (j *janitor) sweep() {
	known := map[string]sighting{}
	for b := range indexBuckets {
		ids, ok := j.ids(bucketKey(b))
		if !ok {
			return // what was seen before still counts
		}
		var reads []*store.Deferred
		for _, id := range ids {
			reads = append(reads, j.client.AsyncGet(responseSpace, id))
		}
		for i, id := range ids {
			j.look(known, id, reads[i].Wait())
		}
	}
	j.seen = known
}

// look compares an entry with what it was before, and acts on one that has been the
// same for too long.
func (j *janitor) look(known map[string]sighting, id string, r models.Result) {
	now := j.env.Clock.Now()
	before, again := j.seen[id]
	if r.Status != models.Success && r.Status != models.NotFound {
		if again {
			known[id] = before
		}
		return
	}
	s := sighting{status: entryOf(id, r).Status, since: now}
	if i := slices.IndexFunc(r.Attrs, func(a models.Attr) bool { return a.Name == "beat" }); i >= 0 {
		s.beat = r.Attrs[i].Value.Int
	}
	if again && before.status == s.status && (before.beat == s.beat || s.status != InProgress) {
		s.since = before.since
	}
	known[id] = s
	age := now - s.since
	switch {
	case s.status == "" && age >= j.timing.Lease:
		// An index entry whose entry never came, or is removed already. Should it still
		// come, it finds its place taken.
		j.client.PutIfNotExist(responseSpace, id, models.Attr{Name: "status", Value: models.StringValue(statusExpired)})
	case s.status == InProgress && age >= j.timing.Lease:
		j.lose(id, s.beat)
	case s.status != "" && s.status != InProgress && age >= j.timing.TTL:
		j.remove(id)
	}
}

// lose fails an entry that nobody renews, unless somebody just did.
func (j *janitor) lose(id string, beat int64) {
	j.env.Note(Lapsed{ID: id})
	same := models.Check{Attr: "beat", Pred: models.Equals, Value: models.IntValue(beat)}
	if j.client.CondPut(responseSpace, id, []models.Check{inProgress, same}, terminal(Failed, "", Lost)...) == models.Success {
		j.noted.mark(SawLost)
		j.env.Note(Ended{ID: id, Status: Failed})
	}
}

// remove ends an entry. If it does not come to the end of this, the entry or what is
// left of it is found again by the index.
func (j *janitor) remove(id string) {
	switch j.client.Del(responseSpace, id) {
	case models.Success, models.NotFound:
	default:
		return
	}
	j.noted.mark(SawExpiry)
	j.client.SetRemove(indexSpace, bucketOf(id), models.Attr{Name: "ids", Value: models.StringValue(id)})
}
