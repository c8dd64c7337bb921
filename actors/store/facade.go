package store

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/models"
)

func init() {
	actors.Message("store.issue", issue{})
	actors.Message("store.await", await{})
	actors.Message("store.outcome", outcome{})
	actors.Message("store.count-coordinators", countCoordinators{})
	actors.Message("store.coordinator-count", coordinatorCount{})
}

// A Client is what a program holds of the store: a facade of the actor "client"
// on its own host. Issuing an operation never blocks; Wait and Loop do. It
// belongs to one program, and a host has one: both number the operations.
//
// A crash of the host ends client and program. What had been issued then and was
// not handed out may have happened, may still happen once, or never.
type Client struct {
	env  actors.Env
	pid  *actor.PID
	last uint64               // id of the last operation issued
	open map[uint64]*Deferred // issued and not handed out
}

// NewClient returns the facade for a program.
func NewClient(env actors.Env) *Client {
	return &Client{env: env, pid: env.PID(env.Host + "/" + ClientActor), open: map[uint64]*Deferred{}}
}

// Admin returns the administration of the store.
func (c *Client) Admin() *Admin {
	reply, err := c.env.Request(c.pid, countCoordinators{}, 0)
	if err != nil {
		panic(fmt.Sprintf("client %s: a request to its actor returned %v", c.env.Host, err))
	}
	return NewAdmin(c.env, reply.(coordinatorCount).N)
}

// Async issues an operation. The operation, with every slice in it, must not be
// changed afterwards. Ids count from 1.
func (c *Client) Async(op models.Op) *Deferred {
	c.last++
	d := &Deferred{ID: c.last, Op: op, client: c}
	c.open[d.ID] = d
	c.env.Send(c.pid, issue{N: d.ID, Op: op})
	return d
}

// AsyncGet reads all attributes of an object.
func (c *Client) AsyncGet(space, key string) *Deferred {
	return c.Async(models.Op{Verb: models.Get, Space: space, Key: key})
}

// AsyncPut sets the given attributes; the others keep their value, or have the
// default of their kind in an object that is new.
func (c *Client) AsyncPut(space, key string, attrs ...models.Attr) *Deferred {
	return c.async(models.Put, space, key, attrs)
}

// AsyncCondPut is AsyncPut if the object exists and all checks hold.
func (c *Client) AsyncCondPut(space, key string, checks []models.Check, attrs ...models.Attr) *Deferred {
	return c.Async(models.Op{Verb: models.CondPut, Space: space, Key: key, Checks: checks, Attrs: byName(attrs)})
}

// AsyncPutIfNotExist is AsyncPut if there is no such object.
func (c *Client) AsyncPutIfNotExist(space, key string, attrs ...models.Attr) *Deferred {
	return c.async(models.PutIfNotExist, space, key, attrs)
}

// AsyncDel removes an object.
func (c *Client) AsyncDel(space, key string) *Deferred {
	return c.Async(models.Op{Verb: models.Del, Space: space, Key: key})
}

// AsyncSetAdd adds one element to each of the named sets of an object.
func (c *Client) AsyncSetAdd(space, key string, attrs ...models.Attr) *Deferred {
	return c.async(models.SetAdd, space, key, attrs)
}

// AsyncSetRemove removes one element from each of the named sets of an object.
func (c *Client) AsyncSetRemove(space, key string, attrs ...models.Attr) *Deferred {
	return c.async(models.SetRemove, space, key, attrs)
}

// AsyncAtomicAdd adds to each of the named numbers of an object.
func (c *Client) AsyncAtomicAdd(space, key string, attrs ...models.Attr) *Deferred {
	return c.async(models.AtomicAdd, space, key, attrs)
}

// Get is AsyncGet and Wait.
func (c *Client) Get(space, key string) models.Result { return c.AsyncGet(space, key).Wait() }

// Put is AsyncPut and Wait.
func (c *Client) Put(space, key string, attrs ...models.Attr) models.Status {
	return c.AsyncPut(space, key, attrs...).Wait().Status
}

// CondPut is AsyncCondPut and Wait.
func (c *Client) CondPut(space, key string, checks []models.Check, attrs ...models.Attr) models.Status {
	return c.AsyncCondPut(space, key, checks, attrs...).Wait().Status
}

// PutIfNotExist is AsyncPutIfNotExist and Wait.
func (c *Client) PutIfNotExist(space, key string, attrs ...models.Attr) models.Status {
	return c.AsyncPutIfNotExist(space, key, attrs...).Wait().Status
}

// Del is AsyncDel and Wait.
func (c *Client) Del(space, key string) models.Status { return c.AsyncDel(space, key).Wait().Status }

// SetAdd is AsyncSetAdd and Wait.
func (c *Client) SetAdd(space, key string, attrs ...models.Attr) models.Status {
	return c.AsyncSetAdd(space, key, attrs...).Wait().Status
}

// SetRemove is AsyncSetRemove and Wait.
func (c *Client) SetRemove(space, key string, attrs ...models.Attr) models.Status {
	return c.AsyncSetRemove(space, key, attrs...).Wait().Status
}

// AtomicAdd is AsyncAtomicAdd and Wait.
func (c *Client) AtomicAdd(space, key string, attrs ...models.Attr) models.Status {
	return c.AsyncAtomicAdd(space, key, attrs...).Wait().Status
}

// Loop waits for the next operation to complete, whichever it is, and hands it
// out with Success; its Wait then returns at once. It returns each operation at
// most once, and none whose result Wait has returned. NonePending says that
// nothing is left to hand out, Timeout that nothing completed in time, which
// changes nothing. A timeout <= 0 is none.
func (c *Client) Loop(timeout time.Duration) (*Deferred, models.Status) {
	out := c.await(await{Timeout: timeout})
	if out.N == 0 {
		return nil, out.Result.Status
	}
	return c.hand(out), models.Success
}

func (c *Client) async(v models.Verb, space, key string, attrs []models.Attr) *Deferred {
	return c.Async(models.Op{Verb: v, Space: space, Key: key, Attrs: byName(attrs)})
}

// await asks the client actor, which keeps the time: so a completion that races
// a deadline is handed out or kept, never lost.
func (c *Client) await(m await) outcome {
	reply, err := c.env.Request(c.pid, m, 0)
	if err != nil {
		panic(fmt.Sprintf("client %s: a request without a deadline returned %v", c.env.Host, err))
	}
	return reply.(outcome)
}

// hand stores what the client actor has handed out.
func (c *Client) hand(out outcome) *Deferred {
	d, ok := c.open[out.N]
	if !ok {
		panic(fmt.Sprintf("client %s: operation %d was handed out twice", c.env.Host, out.N))
	}
	delete(c.open, out.N)
	d.done, d.result = true, out.Result
	return d
}

// issue has the client actor carry out an operation.
type issue struct {
	N  uint64
	Op models.Op
}

// countCoordinators asks how many there are; coordinatorCount answers.
type (
	countCoordinators struct{}
	coordinatorCount  struct{ N int }
)

// await asks for the outcome of operation N, or of any if N is 0.
type await struct {
	N       uint64
	Timeout time.Duration
}

// outcome answers await. N is 0 if nothing was handed out: the status is Timeout
// or NonePending then.
type outcome struct {
	N      uint64
	Result models.Result
}
