package node

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Issue 5: what a host needs at its next start is on disk before it says that it is up,
// in the order that a loss of power at any moment allows: a file is synced before it
// gets its name, and a folder after it got a name.
func TestFolderOfANewHostIsDurableBeforeItIsUp(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "store.json")
	text := fmt.Sprintf(`{"hosts": {
		"coord": {"addr": "127.0.0.1:1", "data": "new/data/coord"},
		"daemon1": {"addr": %q, "data": "new/data/daemon1"}}}`, free.Addr())
	if err := errors.Join(free.Close(), os.WriteFile(file, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
	calls := traced(t, exec.Command("/proc/self/exe", "daemon1", "--config", file))
	after := func(i int, name, path string) bool {
		return slices.ContainsFunc(calls[i+1:], func(c call) bool { return c.name == name && c.path == path })
	}
	renamed := map[string]bool{}
	for i, c := range calls {
		// What is below the host's folder is of actors, which are at work.
		if !strings.HasPrefix(c.path, dir) || strings.HasPrefix(c.path, dir+"/new/data/daemon1/daemon1/") && filepath.Base(c.to) != ".boot" {
			continue
		}
		switch c.name {
		case "mkdir":
			if !after(i, "fsync", filepath.Dir(c.path)) {
				t.Errorf("the folder %s is not durable", c.path)
			}
		case "rename":
			renamed[strings.TrimPrefix(c.to, dir+"/new/data/daemon1/")] = c.path != c.to
			if !after(i, "fsync", filepath.Dir(c.to)) {
				t.Errorf("the name %s is not durable", c.to)
			}
			written, synced := -1, -1
			for j, d := range calls[:i] {
				if d.path == c.path && d.name == "write" {
					written = j
				} else if d.path == c.path && d.name == "fsync" {
					synced = j
				}
			}
			if written < 0 || synced < written {
				t.Errorf("%s is written in call %d and synced in call %d, before it becomes %s", c.path, written, synced, c.to)
			}
		}
	}
	for _, name := range []string{formatFile, "daemon1/.boot"} {
		if !renamed[name] {
			t.Errorf("%s was not put in its place as a whole; renamed were %v", name, renamed)
		}
	}
}

// A call is a system call that had no error.
type call struct {
	name     string // write, fsync, rename or mkdir
	path, to string
}

// traced runs a command until it has written to its standard output, and returns what
// it did to the file system, in order.
func traced(t *testing.T, cmd *exec.Cmd) (calls []call) {
	t.Helper()
	const (
		syscallStop = syscall.SIGTRAP | 0x80
		ofThread    = 0x20000000 // __WNOTHREAD: only what this thread traces
		endWithUs   = 0x100000   // PTRACE_O_EXITKILL
	)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.Env = append(os.Environ(), child+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		t.Skip("no tracing here: ", err)
	}
	defer cmd.Process.Release()
	pid := cmd.Process.Pid
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil || !status.Stopped() {
		t.Fatalf("the command did not begin: %v, %v", status, err)
	}
	if err := syscall.PtraceSetOptions(pid, syscall.PTRACE_O_TRACESYSGOOD|syscall.PTRACE_O_TRACECLONE|endWithUs); err != nil {
		t.Fatal(err)
	}
	inside, known := map[int]*call{}, map[int]bool{pid: true}
	for thread, signal := pid, 0; ; {
		_ = syscall.PtraceSyscall(thread, signal) // one that has just died says so below
		var err error
		if thread, err = syscall.Wait4(-1, &status, syscall.WALL|ofThread, nil); err != nil {
			t.Fatalf("the command ended before it was up: %v", err)
		}
		signal = 0
		switch {
		case !status.Stopped():
			continue
		case status.StopSignal() == syscallStop:
			var regs syscall.PtraceRegs
			if err := syscall.PtraceGetRegs(thread, &regs); err != nil {
				continue
			}
			if c := inside[thread]; c != nil { // it returns
				if inside[thread] = nil; c.name != "" && int64(regs.Rax) >= 0 {
					calls = append(calls, *c)
				}
				continue
			}
			if regs.Orig_rax == syscall.SYS_WRITE && regs.Rdi == 1 {
				_ = syscall.Kill(pid, syscall.SIGKILL)
				for err == nil {
					_, err = syscall.Wait4(-1, &status, syscall.WALL|ofThread, nil)
				}
				return calls
			}
			c := asked(thread, regs)
			inside[thread] = &c
		case status.StopSignal() == syscall.SIGTRAP: // a thread was made
		case status.StopSignal() == syscall.SIGSTOP && !known[thread]: // it begins
		default:
			signal = int(status.StopSignal())
		}
		known[thread] = true
	}
}

// asked says what a thread that enters a system call wants.
func asked(thread int, regs syscall.PtraceRegs) call {
	opened := func(fd uint64) string {
		path, _ := os.Readlink(filepath.Join("/proc", strconv.Itoa(thread), "fd", strconv.Itoa(int(fd))))
		return path
	}
	text := func(at uint64) string {
		var b []byte
		for word := make([]byte, 8); ; at += 8 {
			if n, err := syscall.PtracePeekData(thread, uintptr(at), word); err != nil || n == 0 {
				return string(b)
			}
			if end := slices.Index(word, 0); end >= 0 {
				return string(append(b, word[:end]...))
			}
			b = append(b, word...)
		}
	}
	// A path is absolute here, or of the folder that is given.
	at := func(fd, name uint64) string {
		if path := text(name); filepath.IsAbs(path) {
			return path
		} else {
			return filepath.Join(opened(fd), path)
		}
	}
	const renameat2 = 316
	switch regs.Orig_rax {
	case syscall.SYS_WRITE:
		return call{"write", opened(regs.Rdi), ""}
	case syscall.SYS_FSYNC, syscall.SYS_FDATASYNC:
		return call{"fsync", opened(regs.Rdi), ""}
	case syscall.SYS_MKDIRAT:
		return call{"mkdir", at(regs.Rdi, regs.Rsi), ""}
	case syscall.SYS_MKDIR:
		return call{"mkdir", text(regs.Rdi), ""}
	case syscall.SYS_RENAME:
		return call{"rename", text(regs.Rdi), text(regs.Rsi)}
	case syscall.SYS_RENAMEAT, renameat2:
		return call{"rename", at(regs.Rdi, regs.Rsi), at(regs.Rdx, regs.R10)}
	}
	return call{}
}
