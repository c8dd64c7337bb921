package node

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDataFolderServesOneProcessAtATime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "by", "itself")
	f, err := openFolder(dir, "daemon1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openFolder(dir, "daemon1"); !errors.Is(err, errInUse) {
		t.Errorf("a second time: %v, want %v", err, errInUse)
	}
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
	f, err = openFolder(dir, "daemon1")
	if err != nil {
		t.Fatalf("after it was given back: %v", err)
	}
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
}

// What is not of this program and this host is refused, and left as it is.
func TestDataFolderRefusesWhatItWouldMisread(t *testing.T) {
	for _, c := range []struct{ file, text, say string }{
		{"diary.txt", "dear diary", "holds diary.txt and no file FORMAT"},
		{"FORMAT", "simrun data 2 daemon1\n", "has format 2, and this program knows format 1"},
		{"FORMAT", "simrun data 1 daemon2\n", "belongs to host daemon2, not to daemon1"},
		{"FORMAT", "\x00\x00", "is not of this program"},
		{"FORMAT", "", "is not of this program"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, c.file)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openFolder(dir, "daemon1"); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s with %q: %v, want %q", c.file, c.text, err, c.say)
		}
		entries, err := os.ReadDir(dir)
		if text, _ := os.ReadFile(path); err != nil || len(entries) != 1 || string(text) != c.text {
			t.Errorf("%s with %q was changed: %q, %d files, %v", c.file, c.text, text, len(entries), err)
		}
	}
}

// A start that ended before the folder was marked does not spoil it.
func TestDataFolderIsMarkedAgainAfterAFirstStartThatFailed(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{lockFile, formatFile + ".new"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := openFolder(dir, "coord")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
}

// Links in the folder do not lead out of it.
func TestDataFolderIsNotLeftByLinks(t *testing.T) {
	for _, name := range []string{lockFile, formatFile + ".new", formatFile} {
		dir, victim := t.TempDir(), filepath.Join(t.TempDir(), "victim")
		if err := os.WriteFile(victim, []byte("not yours"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(victim, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		f, err := openFolder(dir, "coord")
		if err == nil {
			err = f.close()
		} else if name == formatFile+".new" {
			t.Errorf("%s: %v", name, err) // it is ours to replace
		}
		if text, _ := os.ReadFile(victim); string(text) != "not yours" {
			t.Errorf("%s led to a file that has now %q, %v", name, text, err)
		}
	}
}

func TestDataFolderIsOfItsOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made")
	f, err := openFolder(dir, "coord")
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	for name, want := range map[string]os.FileMode{"": 0o700, lockFile: 0o600, formatFile: 0o600} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%q: %v, %v, want mode %v", name, info, err, want)
		}
	}
}
