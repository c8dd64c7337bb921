package node

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
)

// A config describes a replicated store: where each of its hosts is and keeps its
// data. The same file serves all hosts and all clients.
//
//	{
//	  "hosts": {
//	    "coord":   {"addr": "127.0.0.1:1982", "data": "data/coord", "admin": "127.0.0.1:9982"},
//	    "daemon1": {"addr": "127.0.0.1:2012", "data": "data/daemon1"},
//	    "c0":      {"addr": "127.0.0.1:2100", "data": "data/c0"}
//	  }
//	}
//
// There is one coordinator, or three: coord, coord2 and coord3, of which one may fail.
// Daemons are daemon1, daemon2 and so on; c0, c1 and so on are the places of clients, of
// which each takes one for as long as it runs. With "certs": "keys" connections are
// encrypted and hosts prove who they are, by ca.pem, HOST.pem and HOST.key of that folder;
// the roles in the certificates are coordinator, daemon and client. Without it all
// addresses must be loopback.
//
// With "record": "recording" each host but clients records what it does to that folder,
// for `simrun replay`: the last 256 MiB of each, or what "recordMiB" says.
type config struct {
	Hosts map[string]hostConfig `json:"hosts"`
	// Certs is the folder of certificates, relative to the folder of the file.
	Certs string `json:"certs,omitempty"`
	// Record is the folder of recordings, relative to the folder of the file; "" records
	// nothing.
	Record string `json:"record,omitempty"`
	// RecordMiB bounds the recording of a host; the oldest part goes.
	RecordMiB int64 `json:"recordMiB,omitempty"`

	file         string // it was read from
	coordinators int
	daemons      int
	clients      int
}

// A hostConfig is one host of a config.
type hostConfig struct {
	// Addr is where the other hosts find it, such as 127.0.0.1:2012.
	Addr string `json:"addr"`
	// Data is the folder of its data, relative to the folder of the file. No two
	// hosts share one.
	Data string `json:"data"`
	// Admin is the loopback address of its admin port; "" has none.
	Admin string `json:"admin,omitempty"`
}

// recordMiB is how much of a host is recorded unless the config says otherwise.
const recordMiB = 256

// configMax is the longest file that is read, in bytes.
const configMax = 1 << 20

// readConfig reads a file and refuses what cannot be run.
func readConfig(file string) (config, error) {
	if file == "" {
		return config{}, errors.New("--config FILE says which store is meant; it is missing")
	}
	f, err := os.Open(file)
	if err != nil {
		return config{}, fmt.Errorf("config: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, configMax+1))
	if err != nil {
		return config{}, fmt.Errorf("config: %w", err)
	}
	return parseConfig(file, text)
}

// parseConfig is readConfig of a file that has been read.
func parseConfig(file string, text []byte) (config, error) {
	c := config{file: file}
	if len(text) > configMax {
		return c, fmt.Errorf("config %s: longer than %d bytes", file, configMax)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return c, fmt.Errorf("config %s: line %d: %w", file, lineOf(text, d.InputOffset(), err), err)
	}
	if d.More() {
		return c, fmt.Errorf("config %s: line %d: more after the end", file, lineOf(text, d.InputOffset(), nil))
	}
	if err := c.resolve(); err != nil {
		return c, fmt.Errorf("config %s: %w", file, err)
	}
	return c, nil
}

// lineOf returns the line of an error, which knows its place better than the reader.
func lineOf(text []byte, offset int64, err error) int {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset - 1 // it counts the wrong byte too
	case errors.As(err, &kind):
		offset = kind.Offset
	}
	return 1 + bytes.Count(text[:min(offset, int64(len(text)))], []byte("\n"))
}

// resolve counts the hosts, checks them and makes their folders independent of the file.
func (c *config) resolve() error {
	c.coordinators = c.count(coordinatorName)
	c.daemons = c.count(daemonName)
	c.clients = c.count(clientName)
	switch {
	case c.coordinators == 0:
		return fmt.Errorf("no host %s: a store has a coordinator and daemons", coordinatorName(0))
	case c.coordinators%2 == 0:
		return fmt.Errorf("%d coordinators tolerate no more failures than %d; have an odd number", c.coordinators, c.coordinators-1)
	case c.daemons == 0:
		return fmt.Errorf("no host %s: a store has a coordinator and daemons", daemonName(0))
	}
	if c.Certs != "" {
		c.Certs = c.absolute(c.Certs)
	}
	switch {
	case c.RecordMiB < 0:
		return fmt.Errorf("recordMiB %d: a size is positive", c.RecordMiB)
	case c.RecordMiB > 0 && c.Record == "":
		return errors.New("recordMiB: nothing is recorded without a folder in record")
	case c.Record != "":
		c.Record, c.RecordMiB = c.absolute(c.Record), cmp.Or(c.RecordMiB, recordMiB)
	}
	top := c.topology()
	used := map[string]string{} // addresses and folders, and by whom
	for _, name := range c.names() {
		if !slices.ContainsFunc(top.Hosts, func(h actors.Host) bool { return h.Name == name }) {
			return fmt.Errorf("host %.40q: hosts are %s and %s..., %s and %s..., %s and %s..., without a gap",
				name, coordinatorName(0), coordinatorName(1), daemonName(0), daemonName(1), clientName(0), clientName(1))
		}
		h := c.Hosts[name]
		if err := checkPort(h.Addr); err != nil {
			return fmt.Errorf("host %s: addr: %w", name, err)
		}
		if h.Data == "" {
			return fmt.Errorf("host %s: data: no folder", name)
		}
		h.Data = c.absolute(h.Data)
		if h.Admin != "" {
			if err := checkLoopback(h.Admin); err != nil {
				return fmt.Errorf("host %s: admin: %w", name, err)
			}
		}
		for _, place := range []string{h.Addr, h.Data} {
			if other, taken := used[place]; taken {
				return fmt.Errorf("host %s: %q belongs to %s already", name, place, other)
			}
			used[place] = name
		}
		c.Hosts[name] = h
	}
	return nil
}

// absolute returns a path that is relative to the folder of the file as one that is not.
func (c *config) absolute(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(filepath.Dir(c.file), path)
}

// checkPort refuses an address that others could not find.
func checkPort(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is no address such as 127.0.0.1:2012", addr)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("%q has no port from 1 to 65535", addr)
	}
	return nil
}

// checkLoopback refuses an address that other machines reach.
func checkLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is no address such as 127.0.0.1:9012", addr)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("%q is no loopback address: whoever reaches the port may look into the process", addr)
	}
	return nil
}

// count returns how many hosts there are of a kind, whose i-th has name(i), from 0 on.
func (c *config) count(name func(i int) string) int {
	for n := 0; ; n++ {
		if _, ok := c.Hosts[name(n)]; !ok {
			return n
		}
	}
}

func coordinatorName(i int) string { return store.CoordinatorHosts(i + 1)[i] }

func daemonName(i int) string { return fmt.Sprintf("daemon%d", i+1) }

func clientName(i int) string { return fmt.Sprintf("c%d", i) }

// names are the hosts, sorted.
func (c *config) names() []string {
	names := make([]string, 0, len(c.Hosts))
	for name := range c.Hosts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// isClient reports whether a host of the config is the place of a client.
func (c *config) isClient(name string) bool {
	return slices.ContainsFunc(c.places(), func(place string) bool { return place == name })
}

// places are the hosts of clients, in their order.
func (c *config) places() []string {
	out := make([]string, c.clients)
	for i := range out {
		out[i] = clientName(i)
	}
	return out
}

// topology is the system that the hosts make. Clients send an operation again when its
// chain has changed, under the same id: it stays one operation.
func (c *config) topology() actors.Topology {
	return store.WithRoles(store.Topology(store.Options{
		Coordinators: c.coordinators, Daemons: c.daemons, Clients: c.clients,
		Client: store.ClientOptions{Resubmit: true},
	}))
}

// addrs are the addresses of all hosts.
func (c *config) addrs() map[string]string {
	out := map[string]string{}
	for name, h := range c.Hosts {
		out[name] = h.Addr
	}
	return out
}

// host returns a host, or an error that says which there are.
func (c *config) host(name string) (hostConfig, error) {
	h, ok := c.Hosts[name]
	if !ok {
		return h, fmt.Errorf("config %s: no host %q, it has %s", c.file, name, strings.Join(c.names(), ", "))
	}
	return h, nil
}
