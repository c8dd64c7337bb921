package sim

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
)

// registerOp is "put 3" or "get".
type registerOp struct {
	Put   bool
	Value int
}

func (op registerOp) String() string {
	if op.Put {
		return fmt.Sprintf("put %d", op.Value)
	}
	return "get"
}

func parseRegisterOp(text string) (fmt.Stringer, error) {
	w := faults.NewWords(text)
	var op registerOp
	switch verb := w.Next(); verb.Text {
	case "get":
	case "put":
		word := w.Next()
		n, err := strconv.Atoi(word.Text)
		if err != nil {
			return nil, word.Expected("a number")
		}
		op = registerOp{Put: true, Value: n}
	default:
		return nil, verb.Expected("put or get")
	}
	return op, w.End()
}

type registerAsk struct{ Op registerOp }

type registerAnswer struct{ Value int }

func init() {
	actors.Message("simtest.register.ask", registerAsk{})
	actors.Message("simtest.register.answer", registerAnswer{})
}

// register keeps one number on its disk. It may be built without the sync that
// makes an acknowledged put durable: the planted bug of these tests.
type register struct {
	env   actors.Env
	sync  bool
	value int
}

func (r *register) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		// What is read now must not be taken back by a second power loss.
		b, err := r.env.Disk.ReadFile("value")
		if err == nil {
			err = r.env.Disk.SyncDir()
		}
		switch {
		case err == nil && len(b) > 0:
			r.value, _ = strconv.Atoi(string(b))
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			r.env.Halt(err)
		}
	case registerAsk:
		if m.Op.Put {
			r.put(m.Op.Value)
		}
		ctx.Respond(registerAnswer{Value: r.value})
	}
}

func (r *register) put(value int) {
	disk := r.env.Disk
	err := disk.WriteFile("new", []byte(strconv.Itoa(value)))
	if err == nil && r.sync {
		err = disk.Sync("new")
	}
	if err == nil {
		err = disk.Rename("new", "value")
	}
	if err == nil {
		err = disk.SyncDir()
	}
	if err != nil {
		r.env.Halt(err)
	}
	r.value = value
	r.env.Note(actors.Sometimes("put"))
}

// registers is a server with one register and two clients.
func registers(name string, sync bool) Scenario {
	return Scenario{
		Name: name,
		Topology: func(Knobs) actors.Topology {
			server := actors.Host{Name: "server", Actors: []actors.ActorDef{
				{Name: "register", New: func(env actors.Env) actor.Actor { return &register{env: env, sync: sync} }},
			}}
			return actors.Topology{Hosts: []actors.Host{server, {Name: "c0"}, {Name: "c1"}, {Name: "final"}}}
		},
		Profile: faults.Profile{
			DelayMin: time.Millisecond, DelayMax: 10 * time.Millisecond, DropMax: 100,
			DiskMax: 2 * time.Millisecond, FIFO: 500, Random: 200,
			Span: 500 * time.Millisecond, DownMin: time.Millisecond, DownMax: 200 * time.Millisecond,
			Counts:  faults.Counts{faults.Crash: 2, faults.PowerLoss: 2, faults.Partition: 1},
			Servers: []string{"server"}, Clients: []string{"c"},
		},
		Workload: Workload{
			Generate: func(d *faults.Draw, _ Knobs) []Op {
				var ops []Op
				for i := range 30 {
					d := d.Sub("operation", i)
					op := registerOp{Put: d.Permille("put", 500)}
					if op.Put {
						op.Value = i + 1
					}
					ops = append(ops, Op{Client: fmt.Sprintf("c%d", i%2), N: i/2 + 1, Do: op})
				}
				return ops
			},
			Final: func(Knobs, []Op) []Op { return []Op{{Client: "final", N: 1, Do: registerOp{}}} },
			Parse: parseRegisterOp,
			Client: func(env actors.Env, rec *linearizability.Recorder) func(Op) error {
				return func(op Op) error {
					rec.Call(op.N, op.Do)
					r, err := env.Request(env.PID("server/register"), registerAsk{op.Do.(registerOp)}, 100*time.Millisecond)
					out := linearizability.Outcome{Certainty: linearizability.Unknown}
					if err == nil {
						out = linearizability.Outcome{Output: r.(registerAnswer).Value}
					}
					rec.Return(op.N, out)
					return nil
				}
			},
		},
		Model: linearizability.Spec[int, registerOp, int]{
			Key: func(registerOp) string { return "register" },
			Apply: func(state int, op registerOp) (int, int) {
				if op.Put {
					state = op.Value
				}
				return state, state
			},
			ReadOnly: func(op registerOp) bool { return !op.Put },
		}.Model(),
		Sometimes: []string{"put"},
	}
}

// recordedTB is a TB that keeps what a test says.
type recordedTB struct {
	name   string
	logs   strings.Builder
	errors strings.Builder
}

// failedNow is how a recordedTB leaves the code under test.
type failedNow struct{}

func (t *recordedTB) Helper()      {}
func (t *recordedTB) Name() string { return t.name }
func (t *recordedTB) Logf(format string, args ...any) {
	fmt.Fprintf(&t.logs, format+"\n", args...)
}
func (t *recordedTB) Errorf(format string, args ...any) {
	fmt.Fprintf(&t.errors, format+"\n", args...)
}
func (t *recordedTB) FailNow() { panic(failedNow{}) }

// run calls Test and reports whether it passed.
func (t *recordedTB) run(s Scenario) (passed bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(failedNow); !ok {
				panic(r)
			}
		}
	}()
	Test(t, s)
	return t.errors.Len() == 0
}
