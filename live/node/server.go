package node

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/wal"
	"github.com/simrun/simrun/live"
)

// serverEnd bounds the graceful end of a host, so that its process is gone in less than
// ten seconds. Nothing that was acknowledged depends on it.
const serverEnd = 8 * time.Second

// A server is one host of a store, running in this process: its actors, its data folder
// and its admin port.
type server struct {
	world   *live.World
	folder  *folder
	admin   *admin // nil without one
	release chan struct{}
}

// startServer starts a host of a config. Log receives what an operator should read.
// When it returns an error nothing is left running.
func startServer(c config, name string, log *slog.Logger) (*server, error) {
	h, err := c.host(name)
	if err != nil {
		return nil, err
	}
	s := &server{release: make(chan struct{})}
	metrics := newMetrics(name)
	note := func(n live.Note) {
		metrics.note(n.Fact)
		if d, ok := n.Fact.(wal.Damage); ok {
			log.Warn(damageText(d, filepath.Join(h.Data, filepath.FromSlash(n.Path))))
		}
	}
	// The host's own program does nothing: a World has failed or ended when its programs
	// have.
	attend := actors.ProgramDef{Name: "attend", Run: func(actors.Env) error {
		<-s.release
		return nil
	}}
	s.world, s.folder, err = startHost(c, name, attend, log, note)
	if err != nil {
		return nil, err
	}
	if h.Admin == "" {
		return s, nil
	}
	if s.admin, err = startAdmin(h.Admin, s.world, metrics); err != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		return nil, errors.Join(err, s.stop(ctx))
	}
	return s, nil
}

// startHost starts one host of a config, with a program more, and takes its folder.
func startHost(c config, name string, p actors.ProgramDef, log *slog.Logger, note func(live.Note)) (*live.World, *folder, error) {
	f, err := openFolder(c.Hosts[name].Data, name)
	if err != nil {
		return nil, nil, err
	}
	top := c.topology()
	for i := range top.Hosts {
		if top.Hosts[i].Name == name {
			top.Hosts[i].Programs = append(top.Hosts[i].Programs, p)
		}
	}
	opts := live.Options{Dir: f.path, Hosts: []string{name}, Addrs: c.addrs(), Certs: c.Certs, Log: log, Note: note}
	if c.Record != "" && !c.isClient(name) {
		opts.Record, opts.RecordMax = c.Record, c.RecordMiB<<20
		if err := os.MkdirAll(opts.Record, 0o700); err != nil {
			return nil, nil, errors.Join(fmt.Errorf("folder of recordings: %w", err), f.close())
		}
	}
	world, err := live.Start(top, opts)
	if err != nil {
		return nil, nil, errors.Join(err, f.close())
	}
	return world, f, nil
}

// damageText says what is damaged and what an operator may do. Dir is the folder of the
// log.
func damageText(d wal.Damage, dir string) string {
	file := filepath.Join(dir, d.File)
	if d.Cut {
		return fmt.Sprintf("%s: cannot be read from byte %d on, as after a loss of power; the rest was cut off, and another copy is asked what was in it", file, d.At)
	}
	return fmt.Sprintf("%s: damaged at byte %d; nothing of this log is used. The host gets its data from the others again. "+
		"If it has the only copy, it stops and leaves the files as they are: put a copy of the folder %s in its place", file, d.At, dir)
}

// wait returns when ctx ends, or with what made the host stop.
func (s *server) wait(ctx context.Context) error {
	watch, cancel := context.WithCancel(ctx)
	defer cancel()
	err := s.world.Wait(watch)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// stop ends the host: its actors end what they are at, what they have sent is written,
// and the folder is given back.
func (s *server) stop(ctx context.Context) error {
	close(s.release)
	var errs []error
	if s.admin != nil {
		errs = append(errs, s.admin.stop(ctx))
	}
	return errors.Join(append(errs, s.world.Stop(ctx), s.folder.close())...)
}

// runServer is the command `node HOST`.
func runServer(ctx context.Context, name string, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	file := flags.String("config", "", "file that describes the store")
	if err := parse(flags, args, stderr, 0); err != nil {
		return err
	}
	c, err := readConfig(*file)
	if err != nil {
		return wrongUse{err}
	}
	if _, err := c.host(name); err != nil {
		return wrongUse{err}
	}
	if c.isClient(name) {
		return wrongUse{fmt.Errorf("host %s is the place of a client: `node client` takes it when it needs it", name)}
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, err := startServer(c, name, log)
	if err != nil {
		return err
	}
	recording := ""
	if c.Record != "" {
		recording = fmt.Sprintf(", the last %d MiB of what it does in %s", c.RecordMiB, c.Record)
	}
	fmt.Fprintf(stdout, "%s is at %s, data in %s%s%s\n", name, s.world.Addr(name), s.folder.path, recording, s.admin)
	err = s.wait(ctx)
	end, cancel := context.WithTimeout(context.Background(), serverEnd)
	defer cancel()
	if stopped := s.stop(end); err == nil {
		err = stopped // a host that has failed is down, which is no news
	}
	return err
}
