package node

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write makes a file below a new folder and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const smallStore = `{"hosts": {
	"coord":   {"addr": "127.0.0.1:1", "data": "coord"},
	"daemon1": {"addr": "127.0.0.1:2", "data": "/var/daemon1"},
	"c0":      {"addr": "127.0.0.1:3", "data": "c0"}}}`

func TestConfigFoldersAreRelativeToItsFile(t *testing.T) {
	path := write(t, "store.json", smallStore)
	c, err := readConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Hosts["coord"].Data, filepath.Join(filepath.Dir(path), "coord"); got != want {
		t.Errorf("data of coord is %s, want %s", got, want)
	}
	if got := c.Hosts["daemon1"].Data; got != "/var/daemon1" {
		t.Errorf("data of daemon1 is %s", got)
	}
	if c.coordinators != 1 || c.daemons != 1 || c.clients != 1 {
		t.Errorf("%d coordinators, %d daemons, %d clients, want one of each", c.coordinators, c.daemons, c.clients)
	}
}

// What is wrong with a config or a command line is told in one line, with exit code 2.
func TestWrongUseOfAStoreIsToldInOneLine(t *testing.T) {
	store := write(t, "store.json", smallStore)
	dir := filepath.Dir(store)
	change := func(old, new string) string {
		return write(t, "store.json", strings.Replace(smallStore, old, new, 1))
	}
	for _, c := range []struct {
		args string
		say  string // contained in the line
	}{
		{"daemon1 --config " + filepath.Join(dir, "nosuch"), "no such file"},
		{"daemon1 --config " + change(`{"hosts"`, `{"hosts`), "line 1: "},
		{"daemon1 --config " + change(`"addr": "127.0.0.1:2"`, `"addr": 2`), "line 3: "},
		{"daemon1 --config " + change(`"addr": "127.0.0.1:2"`, `"port": "2"`), `unknown field "port"`},
		{"daemon1 --config " + change("127.0.0.1:2", "nowhere"), `host daemon1: addr: "nowhere" is no address`},
		{"daemon1 --config " + change("127.0.0.1:2", "127.0.0.1:0"), "no port from 1 to 65535"},
		{"daemon1 --config " + change("127.0.0.1:2", "127.0.0.1:1"), `host daemon1: "127.0.0.1:1" belongs to coord already`},
		{"daemon1 --config " + change(`"data": "c0"`, `"data": "coord"`), `coord" belongs to c0 already`},
		{"daemon1 --config " + change(`"data": "c0"`, `"data": ""`), "host c0: data: no folder"},
		{"daemon1 --config " + change(`"data": "coord"`, `"data": "coord", "admin": "0.0.0.0:9000"`), `host coord: admin: "0.0.0.0:9000" is no loopback address`},
		{"daemon1 --config " + change(`{"hosts"`, `{"recordMiB": 5, "hosts"`), "nothing is recorded without a folder"},
		{"daemon1 --config " + change(`{"hosts"`, `{"record": "r", "recordMiB": -1, "hosts"`), "recordMiB -1: a size is positive"},
		{"daemon1 --config " + change("daemon1", "daemon2"), "no host daemon1"},
		{"daemon1 --config " + change("coord", "coordinator"), "no host coord:"},
		{"daemon1 --config " + change("c0", "coord2"), "have an odd number"},
		{"daemon1 --config " + change("c0", "client"), `host "client": hosts are coord and coord2..., daemon1 and daemon2..., c0 and c1...`},
		{"daemon2 --config " + store, `no host "daemon2", it has c0, coord, daemon1`},
		{"c0 --config " + store, "host c0 is the place of a client"},
		{"daemon1 --config " + store + " more", "1 arguments, want 0"},
		{"client", "no command"},
		{"client nosuch", `unknown command "nosuch"`},
		{"client get s k", "--config FILE says which store is meant"},
		{"client get s --config " + store, "accepts 2 arg(s), received 1"},
		{"client put s k {first --config " + store, "want the form"},
		{"client add-space --config " + store + " space", "space definition: "},
		{"client add-space --durability never --config " + store + " x", "never"},
		{"client do --window 0 --config " + store, "--window 0: from 1 to 16383"},
		{"client do --window 16384 --config " + store, "--window 16384: from 1 to 16383"},
		{"client get s k --config " + change(`"c0"`, `"daemon2"`), "no host c0: a client needs a place"},
	} {
		var out, wrong bytes.Buffer
		code := Main(strings.Fields(c.args), &out, &wrong)
		if code != 2 || strings.Count(wrong.String(), "\n") != 1 || !strings.Contains(wrong.String(), c.say) {
			t.Errorf("node %s: exit code %d, %q\nwant 2 and a line with %q", c.args, code, wrong.String(), c.say)
		}
	}
}

// FAULTS 4, limits: at, one below and one above.
func TestConfigHasALongestLength(t *testing.T) {
	for beside := -1; beside <= 1; beside++ {
		text := smallStore + strings.Repeat(" ", configMax+beside-len(smallStore))
		_, err := readConfig(write(t, "store.json", text))
		if tooLong := err != nil && strings.Contains(err.Error(), "longer than 1048576 bytes"); tooLong != (beside > 0) || !tooLong && err != nil {
			t.Errorf("%+d bytes beside the limit: %v", beside, err)
		}
	}
}

// Whatever a config says, reading it does not panic, what is refused is told in one line,
// and what is taken can be run.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(smallStore))
	f.Add([]byte(strings.Replace(smallStore, `"c0"`, `"c\n0"`, 1)))
	f.Add([]byte(strings.Replace(smallStore, `"/var/daemon1"`, `"a\nb"`, 1)))
	f.Add([]byte(strings.Replace(smallStore, `{"hosts"`, `{"certs": "keys", "hosts"`, 1)))
	f.Add([]byte(strings.Replace(smallStore, `"data": "coord"`, `"data": "coord", "admin": "127.0.0.1:9"`, 1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parseConfig("dir/store.json", text)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a line: %v", err)
			}
			return
		}
		if err := c.topology().Validate(); err != nil {
			t.Error(err)
		}
		for _, name := range c.names() {
			if _, err := c.host(name); err != nil {
				t.Error(err)
			}
		}
	})
}
