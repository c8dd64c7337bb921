package faults

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
)

func TestFaultsPrintAsTheyParse(t *testing.T) {
	for _, text := range []string{
		"12ms power-loss daemon1 for 40ms",
		"12ms crash daemon1,daemon2 for 1s programs",
		"0s wipe daemon1",
		"8ms stop daemon1 for 10ms",
		"1m0s power-loss all",
		"at wal.before-sync#3 of daemon2 power-loss all",
		"at wal.before-sync#3 of daemon2 crash for 5ms",
		"at wal.before-sync#3 of daemon2 crash",
		"at wal.before-sync#3 of daemon2 crash programs",
		"at wal.before-sync#3 of daemon2 partition daemon1 | daemon2",
		"at wal.before-sync#3 of daemon2 isolate",
		"30ms partition daemon1,c0 | daemon2,daemon3 for 2s",
		"30ms cut daemon1 > daemon2 for 2s",
		"5ms isolate daemon3",
		"5ms destroy daemon3",
		"5ms pause daemon3 for 2s",
		"at wal.before-sync#1 of daemon2 pause for 2s",
		"5ms slow daemon3 by 20 for 1s",
		"5ms ring daemon1,daemon2,daemon3,coord for 1s",
		"5ms clog daemon1 > daemon2,c0 for 1s",
		"5ms swizzle daemon1,daemon2 for 1s",
		"5ms reset daemon1 | daemon2",
		"5ms drop-message store.ack#2 daemon2 > daemon1",
		"5ms replay store.ack#2 daemon2 > daemon1 for 1s",
		"5ms replay store.ack#2 all > all for 1s",
		"5ms slow-disk daemon3 by 100",
		"at wal.before-sync#2 of daemon1 sync-error",
		"5ms disk-full daemon1 for 1s",
		"5ms clock-step daemon3 by -4m48s",
		"1s heal",
	} {
		f, err := ParseFault(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if f.String() != text {
			t.Errorf("%s: prints as %s", text, f)
		}
		if err := f.Validate(); err != nil {
			t.Error(err)
		}
	}
}

func TestFaultTextMayHaveAnySpacesAndAComment(t *testing.T) {
	f, err := ParseFault("  12ms\t power-loss   daemon1   for 40ms   # the first one")
	if err != nil {
		t.Fatal(err)
	}
	if want := "12ms power-loss daemon1 for 40ms"; f.String() != want {
		t.Errorf("got %s, want %s", f, want)
	}
}

func TestWrongFaultsAreRefusedAtTheFirstWrongWord(t *testing.T) {
	for _, test := range []struct {
		text   string
		column int
		want   string
	}{
		{"", 1, "expected a time"},
		{"12 crash d1", 1, "expected a time"},
		{"-1ms crash d1", 1, "expected a time"},
		{"12ms crush d1", 6, "expected a kind of fault"},
		{"12ms", 5, "got the end of the line"},
		{"12ms crash", 11, "expected a host"},
		{"12ms crash d1,", 15, "expected a host"},
		{"12ms crash d1,d2,d1", 18, "named twice"},
		{"12ms crash d1,all", 15, "hosts by name"},
		{"12ms isolate all", 14, "hosts by name"},
		{"12ms crash d1 for", 18, "expected a duration"},
		{"12ms crash d1 for 0s", 19, "until everything heals"},
		{"12ms crash d1 for 4ms programs now", 32, "expected the end of the line"},
		{"12ms isolate d1 programs", 17, "expected the end of the line"},
		{"12ms partition d1 > d2", 19, `expected "|"`},
		{"12ms cut d1 | d2", 13, `expected ">"`},
		{"12ms cut d1 > d2,d1", 15, "on both sides"},
		{"12ms isolate d1 by 2", 17, "expected the end of the line"},
		{"12ms slow d1 for 1s", 14, "and how much"},
		{"12ms slow d1 by 1", 17, "a factor from 2"},
		{"12ms clock-step d1 by 0s", 23, "a step of the clock"},
		{"12ms reset d1 | d2 for 1s", 20, "expected the end of the line"},
		{"12ms drop-message d1 > d2", 19, "a type of message"},
		{"12ms drop-message m#0 d1 > d2", 21, "a count from 1"},
		{"12ms heal d1", 11, "expected the end of the line"},
		{"at p of d1 crash", 4, "expected a point"},
		{"at p#0 of d1 crash", 6, "a count from 1"},
		{"at p#1 on d1 crash", 8, `expected "of"`},
		{"at p#1 of all crash", 11, "the host"},
		{"at p#1 of d1 cut > d2", 18, "expected a host"},
	} {
		_, err := ParseFault(test.text)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%s: got error %v, want a SyntaxError", test.text, err)
			continue
		}
		if syntax.Column != test.column || !strings.Contains(syntax.Msg, test.want) {
			t.Errorf("%s: got %v, want column %d and %q", test.text, err, test.column, test.want)
		}
	}
}

func TestFaultsThatNoTextCanSayAreRefused(t *testing.T) {
	for _, f := range []Fault{
		{At: time.Second, Point: "p", Nth: 1, Host: "d1", Kind: Crash},
		{Kind: Crash},
		{Kind: Crash, Hosts: []string{"a b"}},
		{Kind: Crash, Hosts: []string{"for"}},
		{Kind: Crash, Hosts: []string{"d1"}, Others: []string{"d2"}},
		{Kind: Crash, Hosts: []string{"d1"}, For: -1},
		{Kind: Crash, Hosts: []string{"d1"}, Nth: 2},
		{Kind: Isolate, Hosts: []string{"d1"}, Programs: true},
		{Kind: kinds, Hosts: []string{"d1"}},
		{Kind: Reset, Hosts: []string{"d1"}, Others: []string{"d2"}, For: 1},
		{Kind: Slow, Hosts: []string{"d1"}},
		{Kind: Crash, Hosts: []string{"d1"}, Factor: 2},
		{Kind: Heal, Hosts: []string{"d1"}},
	} {
		if err := f.Validate(); err == nil {
			t.Errorf("%#v: no error", f)
		}
	}
}

func TestNetsPrintAsTheyParse(t *testing.T) {
	for _, text := range []string{
		"delay 0s",
		"delay 1ms",
		"delay 1ms..20ms drop 0.05 duplicate 0.01 late 0.002..5s fifo disk 0s..3ms drift 0.02",
		"delay 1ms disk 2ms",
		"delay 1ms drop 1",
		"delay 1ms offset 10s jitter 0.5 corrupt 0.01 capacity 20",
	} {
		n, err := ParseNet(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if n.String() != text {
			t.Errorf("%s: prints as %s", text, n)
		}
	}
}

func TestWrongNetsAreRefusedAtTheFirstWrongWord(t *testing.T) {
	for _, test := range []struct {
		text   string
		column int
		want   string
	}{
		{"delay", 6, "expected a range"},
		{"delay 5", 7, "expected a range"},
		{"delay 5ms..", 12, "expected a duration"},
		{"delay 5ms..1ms", 12, "at least 5ms"},
		{"delay 1ms delay 2ms", 11, "given twice"},
		{"drop 1.001", 6, "expected a probability"},
		{"drop 0.0001", 6, "expected a probability"},
		{"drop 1e-2", 6, "expected a probability"},
		{"drop 10", 6, "expected a probability"},
		{"late 0.1", 6, "a share and a duration"},
		{"late 0.1..", 11, "expected a duration"},
		{"drift 0.041", 7, "at most 0.04"},
		{"capacity 0", 10, "from 1"},
		{"loss 0.1", 1, "expected delay, drop"},
	} {
		_, err := ParseNet(test.text)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%s: got error %v, want a SyntaxError", test.text, err)
			continue
		}
		if syntax.Column != test.column || !strings.Contains(syntax.Msg, test.want) {
			t.Errorf("%s: got %v, want column %d and %q", test.text, err, test.column, test.want)
		}
	}
}

func TestEveryPermilleSurvivesItsText(t *testing.T) {
	for p := Permille(0); p <= 1000; p++ {
		if back, err := ParsePermille(p.String()); err != nil || back != p {
			t.Fatalf("%d prints as %s, which parses as %d, %v", int(p), p, int(back), err)
		}
	}
}

// The law over everything that a profile can draw.
func TestDrawnFaultsSurviveTheirText(t *testing.T) {
	properties := gopter.NewProperties(gopter.DefaultTestParametersWithSeed(1))
	properties.Property("ParseFault(f.String()) == f, and the same for the net", prop.ForAll(
		func(seed uint64) bool {
			drawn := everything.Draw(NewDraw(seed), cluster)
			net, schedule := drawn.Net, drawn.Faults
			if back, err := ParseNet(net.String()); err != nil || back != net {
				return false
			}
			for _, f := range schedule {
				back, err := ParseFault(f.String())
				if err != nil || f.Validate() != nil || !reflect.DeepEqual(back, f) {
					return false
				}
			}
			return true
		},
		gen.UInt64(),
	))
	properties.TestingRun(t)
}

func FuzzParseFault(f *testing.F) {
	f.Add("12ms crash daemon1,daemon2 for 1s programs")
	f.Add("at wal.before-sync#3 of daemon2 power-loss all")
	f.Add("30ms partition daemon1,c0 | daemon2,daemon3 for 2s")
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := ParseFault(text)
		if err != nil {
			return
		}
		if err := parsed.Validate(); err != nil {
			t.Fatal(err)
		}
	})
}
