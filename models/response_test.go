package models

import (
	"testing"
	"time"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
)

// at is a view of a poll asked at call and answered at ret, in milliseconds.
func at(call, ret int, stage ResponseStage) ResponseView {
	v := ResponseView{Call: time.Duration(call) * time.Millisecond, Return: time.Duration(ret) * time.Millisecond, Stage: stage}
	if stage == ResponseFinished {
		v.Payload = "17"
	}
	return v
}

// lived is a request for [1, 10) whose response lives for a second, by a perfect clock.
var lived = ResponseLife{A: 1, B: 10, TTL: time.Second, Late: 0}

func TestViewsOfAResponseAreJudged(t *testing.T) {
	wrong := at(10, 20, ResponseFinished)
	wrong.Payload = "18"
	early := at(10, 20, ResponseInProgress)
	early.Payload = "17"
	for _, c := range []struct {
		name  string
		views []ResponseView
		why   string
	}{
		{"nothing", nil, ""},
		{"a life", []ResponseView{at(0, 1, ResponseInProgress), at(5, 6, ResponseInProgress), at(9, 10, ResponseFinished), at(1011, 1012, ResponseExpired)}, ""},
		{"overlapping views in any order", []ResponseView{at(0, 1, ResponseInProgress), at(5, 50, ResponseFinished), at(6, 51, ResponseInProgress)}, ""},
		{"back", []ResponseView{at(0, 1, ResponseInProgress), at(5, 6, ResponseFinished), at(7, 8, ResponseInProgress)},
			"FINISHED at 6ms, and IN_PROGRESS again at 8ms"},
		{"back, long after", []ResponseView{at(0, 1, ResponseInProgress), at(5, 6, ResponseFailed), at(7, 8, ResponseFailed), at(2, 9, ResponseInProgress), at(20, 21, ResponseInProgress)},
			"FAILED at 6ms, and IN_PROGRESS again at 21ms"},
		{"from the dead", []ResponseView{at(0, 1, ResponseInProgress), at(1500, 1501, ResponseExpired), at(1600, 1601, ResponseFinished)},
			"expired at 1.501s, and FINISHED again at 1.601s"},
		{"two ends", []ResponseView{at(0, 1, ResponseInProgress), at(5, 6, ResponseFinished), at(5, 7, ResponseFailed)},
			"FINISHED at 6ms, and FAILED at 7ms"},
		{"a wrong sum", []ResponseView{wrong}, `the sum of the primes in [1, 10) is given as "18", and is 17`},
		{"a sum before the end", []ResponseView{early}, `IN_PROGRESS with payload "17", which only a finished request has`},
		{"gone while in progress", []ResponseView{at(0, 1, ResponseInProgress), at(500, 501, ResponseInProgress), at(1400, 1401, ResponseExpired)},
			"gone at 1.401s, and in progress or only just ended at 500ms: it lives 1s longer"},
		{"for ever", []ResponseView{at(0, 1, ResponseInProgress), at(5, 6, ResponseFinished), at(1007, 1008, ResponseFinished)},
			"FINISHED still at 1.007s, 1.001s after it had been seen to end, and it lives 1s"},
	} {
		got := ""
		if err := lived.Judge(c.views); err != nil {
			got = err.Error()
		}
		if got != c.why {
			t.Errorf("%s: says %q\nwant %q", c.name, got, c.why)
		}
	}
}

// 404 is legal from the millisecond on in which the time to live can be over, by the
// fastest clock that is allowed; and a view until the slowest says it is over.
func TestTimeToLiveIsJudgedToTheMillisecond(t *testing.T) {
	life := lived
	life.Drift = 250 // a second is 800 ms to 1,333 ms
	judge := func(views ...ResponseView) bool { return life.Judge(views) == nil }
	begin, end := at(0, 1, ResponseInProgress), at(99, 100, ResponseFinished)
	for _, c := range []struct {
		view  ResponseView
		legal bool
	}{
		{at(798, 799, ResponseExpired), false}, {at(799, 800, ResponseExpired), true},
		{at(1433, 1434, ResponseFinished), true}, {at(1434, 1435, ResponseFinished), false},
	} {
		if judge(begin, end, c.view) != c.legal {
			t.Errorf("%v from %v to %v is legal: %v", c.view.Stage, c.view.Call, c.view.Return, !c.legal)
		}
	}
	life.Ended = 50 * time.Millisecond // the store says when
	if judge(begin, end, at(848, 849, ResponseExpired)) || !judge(begin, end, at(849, 850, ResponseExpired)) {
		t.Error("the time at which the store says that the entry ended makes no difference")
	}
	life.Late = -1
	if !judge(begin, end, at(9998, 9999, ResponseFinished)) {
		t.Error("a view is held to a bound that there is not")
	}
}

// What a store that keeps the promise can show is never refused; what one shows that
// forgets for a moment, or too early, always is.
func TestJudgeTakesEveryHonestStoreAndNoOther(t *testing.T) {
	params := gopter.DefaultTestParametersWithSeed(1)
	params.MinSuccessfulTests = 500
	law := gopter.NewProperties(params)
	const end, gone = 1000, 2000 // of the entry, in milliseconds
	honest := func(ms int) ResponseStage {
		switch {
		case ms < end:
			return ResponseInProgress
		case ms < gone:
			return ResponseFinished
		}
		return ResponseExpired
	}
	// Each poll is asked at some time, served later and answered later still.
	polls := gen.SliceOf(gen.SliceOfN(3, gen.IntRange(0, 999)))
	views := func(polls [][]int) []ResponseView {
		out := []ResponseView{at(0, 1, ResponseInProgress)}
		for _, p := range polls {
			call := p[0] * 3
			out = append(out, at(call, call+p[1]+p[2], honest(call+p[1])))
		}
		return out
	}
	law.Property("honest", prop.ForAll(func(p [][]int) bool { return lived.Judge(views(p)) == nil }, polls))
	law.Property("forgetful", prop.ForAll(func(p [][]int, when int) bool {
		all := append(views(p), at(end-1, end-1, ResponseInProgress), at(when, when, ResponseExpired))
		return lived.Judge(all) != nil
	}, polls, gen.IntRange(1, gone-2)))
	law.Property("regressive", prop.ForAll(func(p [][]int, when int) bool {
		all := append(views(p), at(end, end, ResponseFinished), at(when, when, ResponseInProgress))
		return lived.Judge(all) != nil
	}, polls, gen.IntRange(end+1, gone-1)))
	law.TestingRun(t)
}
