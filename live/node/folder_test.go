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
