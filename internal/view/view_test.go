package view

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/cockroachdb/datadriven"

	"github.com/simrun/simrun/internal/trace"
)

// TestStory reads traces as text, an event a line with the fields kind, seq, ms,
// path and then name=value, and prints their story. In why= and text= an underscore
// is a space.
func TestStory(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			var f Failure
			for _, arg := range d.CmdArgs {
				switch arg.Key {
				case "ops":
					f.Operations = arg.Vals
				case "why":
					f.Why = strings.ReplaceAll(arg.Vals[0], "_", " ")
				}
			}
			return Story(parse(t, d.Input), f)
		})
	})
}

func parse(t *testing.T, text string) []trace.Event {
	t.Helper()
	kinds := map[string]trace.Kind{}
	for k := trace.Start; k <= trace.Fail; k++ {
		kinds[k.String()] = k
	}
	var events []trace.Event
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		e := trace.Event{Kind: kinds[fields[0]], Path: fields[3], Host: hostOf(fields[3])}
		if e.Kind == 0 {
			t.Fatalf("no such kind: %s", line)
		}
		var ms int
		if _, err := fmt.Sscan(fields[1]+" "+fields[2], &e.Seq, &ms); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		e.At = time.Duration(ms) * time.Millisecond
		for _, field := range fields[4:] {
			name, value, _ := strings.Cut(field, "=")
			var err error
			switch name {
			case "peer":
				e.Peer = value
			case "msg":
				e.Msg = value
			case "text":
				e.Text = strings.NewReplacer("_", " ", `\n`, "\n").Replace(value)
			case "key":
				_, err = fmt.Sscan(value, &e.Key)
			case "cause":
				_, err = fmt.Sscan(value, &e.Cause)
			default:
				t.Fatalf("no such field: %s", field)
			}
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
		}
		events = append(events, e)
	}
	return events
}

func TestLongStoryKeepsOperationsAndFaults(t *testing.T) {
	var events []trace.Event
	add := func(e trace.Event) int64 {
		e.Seq = int64(len(events) + 1)
		events = append(events, e)
		return e.Seq
	}
	cause := add(trace.Event{Kind: trace.Call, Host: "c0", Path: "c0/client", Msg: "c0#1", Text: "put"})
	for i := range 100 {
		host := fmt.Sprintf("h%d", i%2)
		peer := fmt.Sprintf("h%d/a", (i+1)%2)
		cause = add(trace.Event{Kind: trace.Deliver, Host: host, Path: host + "/a", Peer: peer, Msg: "hop", Cause: cause})
	}
	add(trace.Event{Kind: trace.PowerLoss, Host: "h0"})
	add(trace.Event{Kind: trace.Return, Host: "c0", Path: "c0/client", Msg: "c0#1", Text: "ok", Cause: cause})
	got := Story(events, Failure{Operations: []string{"c0#1"}})
	if n := strings.Count(got, "\n"); n > StoryLines+1 {
		t.Errorf("%d lines", n)
	}
	for _, want := range []string{"calls c0#1", "POWER LOSS", "is told c0#1", "more lines"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

var payloads = []string{
	"</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "javascript:alert(1)", `"><svg onload=alert(1)>`,
	"\x1b[31mred\x1b[0m", "\u202egnp.exe", "\xff\xfe", "a\nb\rc", "=cmd|' /C calc'!A0", "{{.}}", "</style>", "\u2028", "\x00",
}

// FAULTS 4, HTML report: hostile names and values appear as text and do nothing.
func TestHostileTextStaysText(t *testing.T) {
	for _, p := range payloads {
		events := []trace.Event{
			{Seq: 1, Kind: trace.Call, Host: p, Path: p + "/" + p, Msg: p, Text: p},
			{Seq: 2, Kind: trace.Deliver, Host: "h", Path: "h/" + p, Peer: p, Msg: p, Text: p, Cause: 1},
			{Seq: 3, Kind: trace.Fail, Host: p, Text: p, Cause: 2},
		}
		story := Story(events, Failure{})
		if n := strings.Count(story, "\n"); n != 3 {
			t.Errorf("%q: %d lines in\n%s", p, n, story)
		}
		for _, r := range story {
			if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar) {
				t.Errorf("%q: %U in the story", p, r)
			}
		}
		var page bytes.Buffer
		err := Lanes(&page, Page{Title: p, Verdict: p, Plan: p, Failure: Failure{Check: p, Why: p}}, events)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"<script", "<img", "<svg onload", "\x1b", "http:"} {
			text := strings.ReplaceAll(page.String(), `xmlns="http://www.w3.org/2000/svg"`, "")
			if strings.Contains(text, bad) {
				t.Errorf("%q: %q in the page", p, bad)
			}
		}
	}
}

func TestLanesLoadNothing(t *testing.T) {
	var page bytes.Buffer
	if err := Lanes(&page, Page{Title: "x"}, []trace.Event{{Seq: 1, Kind: trace.Crash, Host: "a"}}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page.String(), "default-src &#39;none&#39;; style-src &#39;sha256-") {
		t.Error("no content security policy")
	}
	for _, tag := range []string{"<script", "<link", "src=", "@import", "ZgotmplZ"} {
		if strings.Contains(page.String(), tag) {
			t.Errorf("%s in the page", tag)
		}
	}
}

func TestLanesOfLongTraceAreBounded(t *testing.T) {
	var events []trace.Event
	for i := range int64(20 * LanesRows) {
		events = append(events, trace.Event{Seq: i + 1, Kind: trace.Deliver, Host: "a", Path: "a/b", Peer: "c/d", Key: uint64(i), Cause: i})
	}
	events = append(events, trace.Event{Seq: int64(len(events)) + 1, Kind: trace.Fail, Host: "a", Cause: int64(len(events))})
	var page bytes.Buffer
	if err := Lanes(&page, Page{}, events); err != nil {
		t.Fatal(err)
	}
	if page.Len() > 2<<20 {
		t.Errorf("%d bytes", page.Len())
	}
}

func TestTableAlignsNumbersRight(t *testing.T) {
	got := Table([][]string{{"scenario", "runs"}, {"a", "5"}, {"store/chaos", "1200"}})
	want := "scenario     runs\na               5\nstore/chaos  1200\n"
	if got != want {
		t.Errorf("got\n%s", got)
	}
}
