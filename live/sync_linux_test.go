package live

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A pipe and the folders of /proc cannot be synced. A Disk that reports a success there
// has not asked the kernel.
func TestSyncAsksTheKernel(t *testing.T) {
	w, b := startBoot(t)
	d := b.disk("a")
	if err := d.Append("file", nil); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(w.opts.Dir, "h", "a", "pipe"), 0o600); err != nil {
		t.Skip("no pipes: ", err)
	}
	if err := d.Sync("pipe"); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("Sync: got %v, want %v", err, syscall.EINVAL)
	}
	proc, err := os.OpenRoot("/proc/self")
	if err != nil {
		t.Skip("no /proc: ", err)
	}
	d = b.disk("b")
	d.root = proc
	b.disks.add(d)
	if err := d.SyncDir(); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("SyncDir: got %v, want %v", err, syscall.EINVAL)
	}
}
