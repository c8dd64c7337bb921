package group

import (
	"encoding/json"
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/models"
)

// A ConfigRequest is an operation on numbered configurations (models.ConfigOp), sent to
// any member again and again until it is answered. Client, Boot and N name it, however
// often it is sent; N grows from one operation of a client to its next.
type ConfigRequest struct {
	Client  string
	Boot    uint64
	N       uint64
	Name    string
	Publish bool // else it is a fetch, and what follows is empty
	Value   string
	After   int
}

// A ConfigReply answers a ConfigRequest of this N.
type ConfigReply struct {
	N      uint64
	Done   bool   // else nothing is known, and Leader may know more
	Leader string // "" if the member knows none
	Answer models.Edition
}

func init() {
	actors.Message("group.config-request", ConfigRequest{})
	actors.Message("group.config-reply", ConfigReply{})
}

// configs is the machine of NewConfigs.
type configs struct {
	env     actors.Env
	m       *Member
	state   configState
	waiting map[waitingID]*actor.PID
}

// configState is all that is replicated. Its fields are exported for its encoding.
type configState struct {
	Configs map[string]models.Edition
	Clients map[string]lastAnswer
}

// A lastAnswer is the last publication of a client that was carried out.
type lastAnswer struct {
	Boot, N uint64
	Answer  models.Edition
}

// A waitingID is a publication that was proposed here and not applied.
type waitingID struct {
	client  string
	boot, n uint64
}

// NewConfigs makes a machine that keeps configurations with numbered editions. It carries
// out a publication once, however often its request comes, and remembers the last
// answer of each client; every member answers fetches. It is there to be copied, and
// to be put through everything that can go wrong.
func NewConfigs(env actors.Env, m *Member) Machine {
	return &configs{
		env: env, m: m, waiting: map[waitingID]*actor.PID{},
		state: configState{Configs: map[string]models.Edition{}, Clients: map[string]lastAnswer{}},
	}
}

// Receive implements Machine.
func (s *configs) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(ConfigRequest)
	if !ok {
		return
	}
	if !req.Publish {
		s.fetch(req, ctx.Sender())
		return
	}
	if last := s.state.Clients[req.Client]; last.Boot == req.Boot && last.N == req.N {
		s.env.Note(actors.Sometimes(SawDedupe))
		ctx.Respond(ConfigReply{N: req.N, Done: true, Answer: last.Answer})
		return
	}
	command, err := json.Marshal(req)
	if err != nil {
		s.env.Halt(fmt.Errorf("config request: %w", err))
	}
	if !s.m.Propose(command) {
		ctx.Respond(ConfigReply{N: req.N, Leader: s.m.Leader()})
		return
	}
	s.waiting[waitingID{req.Client, req.Boot, req.N}] = ctx.Sender()
}

// fetch answers with what is here once that is up to date.
func (s *configs) fetch(req ConfigRequest, to *actor.PID) {
	leads := s.m.Leads()
	s.m.Read(func(ok bool) {
		r := ConfigReply{N: req.N, Leader: s.m.Leader()}
		if ok {
			r.Done, r.Answer = true, s.state.Configs[req.Name]
			if !leads {
				s.env.Note(actors.Sometimes(SawFollowerRead))
			}
		}
		s.env.Send(to, r)
	})
}

// Apply implements Machine.
func (s *configs) Apply(index uint64, command []byte) {
	var req ConfigRequest
	if err := json.Unmarshal(command, &req); err != nil {
		s.env.Halt(fmt.Errorf("entry %d: %w", index, err))
	}
	last := s.state.Clients[req.Client]
	if req.Boot < last.Boot || req.Boot == last.Boot && req.N <= last.N {
		s.env.Note(actors.Sometimes(SawDedupe))
		return
	}
	op := models.Publish{Name: req.Name, Value: req.Value, After: req.After}
	next, answer := models.ApplyConfig(s.state.Configs[req.Name], op)
	s.state.Configs[req.Name] = next
	s.state.Clients[req.Client] = lastAnswer{Boot: req.Boot, N: req.N, Answer: answer}
	id := waitingID{req.Client, req.Boot, req.N}
	if to := s.waiting[id]; to != nil {
		delete(s.waiting, id)
		s.env.Send(to, ConfigReply{N: req.N, Done: true, Answer: answer})
	}
}

// Snapshot implements Machine.
func (s *configs) Snapshot() []byte {
	b, err := json.Marshal(s.state)
	if err != nil {
		s.env.Halt(fmt.Errorf("state of the configurations: %w", err))
	}
	return b
}

// Restore implements Machine.
func (s *configs) Restore(state []byte) error {
	s.state = configState{}
	return json.Unmarshal(state, &s.state)
}

// Lead implements Machine.
func (s *configs) Lead(uint64) {}

// Follow implements Machine.
func (s *configs) Follow() { clear(s.waiting) }
