package node

import (
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/actors/wal"
	"github.com/simrun/simrun/live"
)

// Each number on the page is the one that its name says.
func TestMetricsAreWhatTheirNamesSay(t *testing.T) {
	m := newMetrics("daemon1")
	for n, fact := range []any{2: store.Served{}, 3: store.Replied{}, 4: store.Persisted{}, 6: wal.Damage{}} {
		for range n {
			m.note(fact)
		}
	}
	m.note(store.Committed{Requests: make([]store.RequestID, 3)})
	m.note(store.Committed{Requests: make([]store.RequestID, 4)})
	for range 5 {
		m.note(store.Adopted{})
		m.note(store.Published{})
	}
	m.note("of no interest")
	var counts live.Counts
	v := reflect.ValueOf(&counts).Elem()
	for i := range v.NumField() {
		v.Field(i).SetUint(uint64(100 + i))
	}
	var page strings.Builder
	m.write(&page, counts)
	for name, want := range map[string]uint64{
		"store_committed": 7, "store_served": 2, "store_replies": 3, "store_syncs": 4, "store_configurations": 10, "log_damages": 6,
		"messages_sent": counts.Sent, "messages_received": counts.Received, "messages_overflow": counts.Overflow, "messages_oversize": counts.Oversize,
		"messages_broken": counts.Broken, "messages_flooded": counts.Flooded, "messages_stale": counts.Stale, "messages_dead_letters": counts.DeadLetters,
		"connections": counts.Connects, "connections_refused": counts.Refused, "connections_crowded": counts.Crowded,
	} {
		line := fmt.Sprintf("\nsimrun_%s_total{host=\"daemon1\"} %d\n", name, want)
		if !strings.Contains(page.String(), line) {
			t.Errorf("%q is not on the page", line)
		}
	}
	if t.Failed() {
		t.Log(page.String())
	}
}

// The admin port says whether the host goes on, to whom asks for this machine.
func TestAdminPortTellsWhetherTheHostGoesOn(t *testing.T) {
	fail := make(chan struct{})
	top := actors.Topology{Hosts: []actors.Host{{
		Name:   "h",
		Actors: []actors.ActorDef{{Name: "a", New: func(actors.Env) actor.Actor { return actor.ReceiveFunc(func(actor.Context) {}) }}},
		Programs: []actors.ProgramDef{{Name: "p", Run: func(env actors.Env) error {
			<-fail
			env.Halt(io.ErrUnexpectedEOF)
			return nil
		}}},
	}}}
	world, err := live.Start(top, live.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = world.Stop(t.Context()) }()
	a, err := startAdmin("127.0.0.1:0", world, newMetrics("h"))
	if err != nil {
		t.Fatal(err)
	}
	get := func(path, host string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+a.addr.String()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if host != "" {
			req.Host = host
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(body)
	}
	for host, want := range map[string]int{
		"": 200, "localhost": 200, "localhost:1": 200, "127.0.0.1": 200, "[::1]:80": 200,
		"evil.example": 403, "evil.example:80": 403, "10.1.2.3": 403, "localhost.evil.example": 403,
	} {
		for _, path := range []string{"/healthz", "/metrics", "/debug/pprof/"} {
			if code, body := get(path, host); code != want {
				t.Errorf("%s of %q: %d %.40s, want %d", path, host, code, body, want)
			}
		}
	}
	if code, body := get("/healthz", ""); code != 200 || body != "ok\n" {
		t.Errorf("a host that runs: %d %s", code, body)
	}
	close(fail)
	<-world.Failed()
	if code, body := get("/healthz", ""); code != 503 || !strings.Contains(body, "unexpected EOF") {
		t.Errorf("a host that has failed: %d %s", code, body)
	}
	if err := a.stop(t.Context()); err != nil {
		t.Error(err)
	}
	if res, err := http.Get("http://" + a.addr.String() + "/healthz"); err == nil {
		_ = res.Body.Close()
		t.Error("the port is open after its end")
	}
}
