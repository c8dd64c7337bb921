//go:build unix

package node

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/simrun/simrun/live"
)

// A canary is a secret in all the forms in which it could be found.
type canary map[string][]byte

// keyCanary reads the private key of a host.
func keyCanary(t *testing.T, file string) canary {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	d, err := parsed.(*ecdsa.PrivateKey).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	c := canary{"bytes": d, "hex": []byte(hex.EncodeToString(d)), "HEX": []byte(strings.ToUpper(hex.EncodeToString(d))), "base64": []byte(base64.StdEncoding.EncodeToString(d)), "decimal": fmt.Append(nil, d)}
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if len(line) > 40 {
			c[fmt.Sprintf("line %d of the file", i+1)] = []byte(line)
		}
	}
	if len(c) < 7 {
		t.Fatalf("a canary of %d forms", len(c))
	}
	return c
}

// sing fails if the secret is in something that others may see.
func (c canary) sing(t *testing.T, where string, b []byte) {
	t.Helper()
	for form, secret := range c {
		if bytes.Contains(b, secret) {
			t.Errorf("%s has the secret, as %s", where, form)
		}
	}
}

// FAULTS 4, secrets: the private key of a host is in nothing that it prints, serves,
// stores or is started with.
func TestKeysAreNowhereButInTheirFiles(t *testing.T) {
	config := writeStore(t, `, "certs": "keys", "record": "recordings"`)
	keys := filepath.Join(filepath.Dir(config), "keys")
	authority, err := live.OpenAuthority(keys)
	if err != nil {
		t.Fatal(err)
	}
	for host, role := range map[string]string{"coord": "coordinator", "daemon1": "daemon", "c0": "client"} {
		if err := authority.Issue(live.Identity{Host: host, Role: role}, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	secret := keyCanary(t, filepath.Join(keys, "coord.key"))
	c, err := readConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	coord, daemon := runHost(t, config, "coord"), runHost(t, config, "daemon1")
	var out, wrong bytes.Buffer
	if code := Main([]string{"client", "add-space", "--config", config, "space things key k attributes int n create 1 partitions tolerate 0 failures"}, &out, &wrong); code != 0 {
		t.Fatalf("exit code %d: %s", code, wrong.String())
	}
	Main([]string{"client", "status", "--regions", "--config", config}, &out, &wrong)
	for _, page := range []string{"healthz", "metrics", "debug/pprof/", "debug/pprof/cmdline", "debug/pprof/goroutine?debug=2", "debug/pprof/heap?debug=1", "debug/pprof/allocs", "debug/pprof/trace?seconds=0.1"} {
		code, text, _ := ask(t, "GET", "http://"+c.Hosts["coord"].Admin+"/"+page, "")
		if code != 200 || text == "" {
			t.Errorf("%s: %d", page, code)
		}
		secret.sing(t, page, []byte(text))
	}
	for _, file := range []string{"cmdline", "environ"} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", coord.cmd.Process.Pid, file))
		if err == nil { // there is no /proc everywhere
			secret.sing(t, file, b)
		}
	}
	daemon.terminate(t)
	coord.terminate(t)
	secret.sing(t, "what the coordinator prints", coord.stderr.Bytes())
	secret.sing(t, "what the daemon prints", daemon.stderr.Bytes())
	secret.sing(t, "what the client prints", append(out.Bytes(), wrong.Bytes()...))

	// A start that fails says what is wrong with the key, and not what is in it.
	file := filepath.Join(keys, "coord.key")
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	half := bytes.Replace(good, []byte("-----END"), []byte("-----"), 1)
	for what, text := range map[string][]byte{"cut": good[:len(good)-60], "of no end": half, "of another type": bytes.ReplaceAll(good, []byte("PRIVATE KEY"), []byte("CERTIFICATE")), "with a wrong letter": bytes.Replace(good, []byte("M"), []byte("?"), 1)} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		var out, wrong bytes.Buffer
		if code := Main([]string{"coord", "--config", config}, &out, &wrong); code != 1 || !strings.Contains(wrong.String(), "certificate") {
			t.Errorf("a key %s: exit code %d, %s", what, code, wrong.String())
		}
		secret.sing(t, "a key "+what, append(out.Bytes(), wrong.Bytes()...))
	}
	files := 0
	err = filepath.WalkDir(filepath.Dir(config), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == file {
			return err
		}
		b, err := os.ReadFile(path)
		secret.sing(t, path, b)
		files++
		return err
	})
	if err != nil || files < 12 {
		t.Errorf("%d files searched, %v", files, err)
	}
}

// A config that is refused is named by field and line, not by what it says.
func TestRefusedConfigIsNotQuoted(t *testing.T) {
	const secret = "swordfish-4711"
	for _, text := range []string{
		strings.Replace(smallStore, `{"hosts"`, `{"password": "`+secret+`", "hosts"`, 1),
		strings.Replace(smallStore, `"data": "coord"`, `"data": "coord", "token": "`+secret+`"`, 1),
		strings.Replace(smallStore, `{"addr": "127.0.0.1:2", "data": "/var/daemon1"}`, `"`+secret+`"`, 1),
		smallStore + secret,
		secret,
	} {
		var out, wrong bytes.Buffer
		if code := Main([]string{"daemon1", "--config", write(t, "store.json", text)}, &out, &wrong); code != 2 || strings.Contains(wrong.String()+out.String(), secret) {
			t.Errorf("exit code %d, %q %q", code, out.String(), wrong.String())
		}
	}
}
