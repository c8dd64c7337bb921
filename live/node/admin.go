package node

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/simrun/simrun/live"
)

// An admin is the admin port of a host: /healthz, /metrics and /debug/pprof/ over HTTP,
// on a loopback address.
type admin struct {
	server *http.Server
	addr   net.Addr
}

// startAdmin serves until stop.
func startAdmin(addr string, world *live.World, m *metrics) (*admin, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("admin port: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if err := world.Err(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		m.write(w, world.Counts())
	})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	a := &admin{addr: listener.Addr(), server: &http.Server{
		Handler:           onlyLoopback(mux),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 16 << 10,
	}}
	// Serve ends with the listener, at the latest when the process does.
	go func() { _ = serve(a.server, listener) }()
	return a, nil
}

// onlyLoopback refuses requests that name another host: a page in a browser of this
// machine must not reach the port under a name of its own (DNS rebinding).
func onlyLoopback(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "use a loopback address", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// String names the port as the end of a line; a host without one has nothing to say.
func (a *admin) String() string {
	if a == nil {
		return ""
	}
	return fmt.Sprintf(", admin port http://%v", a.addr)
}

// stop ends the port. A request that is under way has a second: a profile may take
// minutes, and a host that stops does not wait for it.
func (a *admin) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if a.server.Shutdown(ctx) == nil {
		return nil
	}
	return a.server.Close()
}
