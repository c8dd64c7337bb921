package node

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/simrun/simrun/actors/primes"
)

// browser finds a Chromium, under any of its names.
func browser() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless_shell"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// dom is what a page has become in a headless browser after so much of its time, and how
// often it was opened for that: a browser that crashes, as it does now and then on a busy
// machine, is started again.
func dom(t *testing.T, url string, budget time.Duration) (page string, opened int) {
	t.Helper()
	path := browser()
	if path == "" {
		t.Skip("no Chromium is installed: apt-get install chromium")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for opened = 1; ; opened++ {
		cmd := exec.CommandContext(ctx, path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
			"--user-data-dir="+t.TempDir(), fmt.Sprintf("--virtual-time-budget=%d", budget.Milliseconds()), "--dump-dom", url)
		var complaint strings.Builder
		cmd.Stderr = &complaint
		out, err := cmd.Output()
		if err == nil {
			return string(out), opened
		}
		if crashed := !cmd.ProcessState.Exited() && ctx.Err() == nil; !crashed || opened == 3 {
			t.Fatalf("%s: %v\n%s", path, err, complaint.String())
		}
	}
}

// The page submits, polls, and shows the sum; and says what is refused.
func TestPageShowsJobsBeingPolled(t *testing.T) {
	p := startService(t, primes.Options{})
	awaitServers(t, p)
	done, opened := dom(t, p.URL()+"/?a=1&b=10", 5*time.Second)
	for _, want := range []string{"[1, 10)", `<tr class="FINISHED">`, "<td>FINISHED</td>", "<td>17</td>", `<progress value="1">`} {
		if !strings.Contains(done, want) {
			t.Errorf("the page has no %q:\n%s", want, done)
		}
	}
	if n := kept(t, p); n < 1 || n > opened {
		t.Errorf("the page was opened %d times and has stored %d requests", opened, n)
	}
	refused, _ := dom(t, p.URL()+"/?a=ten&b=10", 2*time.Second)
	if !strings.Contains(refused, "the body must be") || strings.Contains(refused, "<td>") {
		t.Errorf("a range that is refused:\n%s", refused)
	}
}

// What the page loads is all its own.
func TestPageNeedsNothingFromElsewhere(t *testing.T) {
	p := startService(t, primes.Options{})
	for _, path := range []string{"/", "/page.js", "/page.css"} {
		code, text, _ := ask(t, "GET", p.URL()+path, "")
		if code != 200 || strings.Contains(text, "://") || strings.Contains(text, `"//`) {
			t.Errorf("%s: %d\n%s", path, code, text)
		}
	}
}
