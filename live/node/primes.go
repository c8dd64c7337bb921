package node

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/primes"
	"github.com/simrun/simrun/live"
)

// PrimesOptions say how a sum-of-primes service runs.
type PrimesOptions struct {
	// Service is the system behind the HTTP face. Its number of Clients is not used.
	Service primes.Options
	// Dir is the folder below which hosts have their disks; "" has a temporary one, and
	// nothing outlives the service.
	Dir string
	// Listen is the address of the HTTP face, such as 127.0.0.1:8080.
	Listen string
	// Log receives what the service has to say; nil discards it.
	Log *slog.Logger
}

const (
	// stopTime bounds a graceful end.
	stopTime = 10 * time.Second
	// webHost is the host that HTTP requests enter the system on.
	webHost = "web"
)

// A Primes is a running service.
type Primes struct {
	world   *live.World
	env     actors.Env // of the program on webHost
	server  *http.Server
	addr    net.Addr
	release chan struct{} // ends the program on webHost
	serving chan error
	dir     string // to remove, or ""
}

// StartPrimes starts a service. When it returns an error nothing is left running.
func StartPrimes(o PrimesOptions) (*Primes, error) {
	p := &Primes{release: make(chan struct{}), serving: make(chan error, 1)}
	if err := p.start(o); err != nil {
		return nil, errors.Join(err, p.abandon())
	}
	return p, nil
}

func (p *Primes) start(o PrimesOptions) (err error) {
	if o.Dir == "" {
		if p.dir, err = os.MkdirTemp("", "simrun-node-"); err != nil {
			return fmt.Errorf("folder of the disks: %w", err)
		}
		o.Dir = p.dir
	} else if err := makeFolder(o.Dir); err != nil {
		return fmt.Errorf("folder of the disks: %w", err)
	}
	listener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return fmt.Errorf("http: %w", err)
	}
	p.addr = listener.Addr()
	if err := p.startWorld(o); err != nil {
		return errors.Join(err, listener.Close())
	}
	p.server = &http.Server{
		Handler:           newFace(p.env),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: answerTime + 5*time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 16 << 10,
	}
	if o.Log != nil {
		p.server.ErrorLog = slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn)
	}
	go func() { p.serving <- serve(p.server, listener) }()
	return nil
}

// startWorld starts the actors, and a program that stays until it is released: HTTP
// requests are asked through its Env.
func (p *Primes) startWorld(o PrimesOptions) error {
	o.Service.Clients = 0
	envs := make(chan actors.Env, 1)
	web := actors.Host{Name: webHost, Programs: []actors.ProgramDef{{Name: "http", Run: func(env actors.Env) error {
		envs <- env
		<-p.release
		return nil
	}}}}
	top := primes.Topology(o.Service)
	top.Hosts = append(top.Hosts, web)
	world, err := live.Start(top, live.Options{Dir: o.Dir, Log: o.Log})
	if err != nil {
		return err
	}
	p.world, p.env = world, <-envs
	return nil
}

// URL is where the service is.
func (p *Primes) URL() string { return "http://" + p.addr.String() }

// Wait returns when ctx ends, or with what made the service fail.
func (p *Primes) Wait(ctx context.Context) error {
	failed := make(chan error, 1)
	watch, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { failed <- p.world.Wait(watch) }()
	select {
	case err := <-p.serving:
		return fmt.Errorf("http: %w", err)
	case err := <-failed:
		if ctx.Err() != nil {
			return nil
		}
		return err
	case <-ctx.Done():
		return nil
	}
}

// Stop ends the service: requests that came before are answered, no more are taken.
// What is durable stays in the folder.
func (p *Primes) Stop(ctx context.Context) error {
	err := p.server.Shutdown(ctx)
	close(p.release)
	return errors.Join(err, p.world.Stop(ctx), p.removeDir())
}

// abandon ends what a start that failed has begun.
func (p *Primes) abandon() error {
	close(p.release)
	var err error
	if p.world != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		err = p.world.Stop(ctx)
	}
	return errors.Join(err, p.removeDir())
}

func (p *Primes) removeDir() error {
	if p.dir == "" {
		return nil
	}
	return os.RemoveAll(p.dir)
}

// runPrimes is the command `node primes`.
func runPrimes(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o := PrimesOptions{Log: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	var storeKind, queueKind string
	s := &o.Service
	flags := flag.NewFlagSet("primes", flag.ContinueOnError)
	flags.StringVar(&o.Listen, "listen", "127.0.0.1:8080", "address of the HTTP face")
	flags.StringVar(&o.Dir, "dir", "", "folder of the disks; empty: a temporary one")
	flags.IntVar(&s.Servers, "servers", 3, "servers behind the balancer")
	flags.IntVar(&s.Progress, "progress", 0, "progress services, which take all polls if there are any")
	flags.StringVar(&storeKind, "store", string(primes.Shared), "where responses are kept: shared, local or replicated")
	flags.StringVar(&queueKind, "queue", string(primes.NoQueue), "where jobs wait: none, memory or durable")
	flags.BoolVar(&s.Sync, "sync", false, "answer a submission when it is finished, and not before")
	flags.DurationVar(&s.Timing.TTL, "ttl", primes.DefaultTiming.TTL, "time to live of a response")
	flags.DurationVar(&s.Timing.Lease, "lease", primes.DefaultTiming.Lease, "after which a request that nobody works on has failed")
	flags.IntVar(&s.Limits.Rate, "rate", 50, "requests a second of one address to one server; 0: no bound")
	if err := parse(flags, args, stderr, 0); err != nil {
		return err
	}
	s.Store, s.Queue = primes.StoreKind(storeKind), primes.QueueKind(queueKind)
	s.Affinity = s.Store == primes.Local
	s.Timing.Renew = s.Timing.Lease / 6
	s.Timing.Sweep = min(primes.DefaultTiming.Sweep, s.Timing.TTL/4)
	if err := s.Validate(); err != nil {
		fmt.Fprintf(stderr, "node primes: %v\n", err)
		return errUsage
	}
	p, err := StartPrimes(o)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "serving on %s\n", p.URL())
	err = p.Wait(ctx)
	end, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	return errors.Join(err, p.Stop(end))
}
