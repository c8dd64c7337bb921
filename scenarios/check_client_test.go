package scenarios

import (
	"testing"

	"github.com/simrun/simrun/models"
)

// R15, R29: every operation is handed out at most once, with its own result, and a
// client that flushes gets all of them.
func TestClientCheck(t *testing.T) {
	a := seen(models.Attr{Name: "name", Value: models.StringValue("a")})
	b := seen(models.Attr{Name: "name", Value: models.StringValue("b")})
	began := Began{Boot: 1}
	get, other := called(t, 1, `get things k`), called(t, 5, `get things l`)
	judge(t, checkClients, []control{
		{"operations complete in another order",
			notes("c0", began, "c0", get, "c0", other, "daemon1", replied(2, b), "daemon1", replied(1, a),
				"c0", returned(5, b), "c0", returned(1, a), "c0", Flushed{}), nil, ""},
		{"a daemon answers twice, and the first answer is handed out",
			notes("c0", began, "c0", get, "daemon1", replied(1, a), "daemon2", replied(1, b), "c0", returned(1, a)), nil, ""},
		{"an operation gets the answer of another",
			notes("c0", began, "c0", get, "c0", other, "daemon1", replied(2, b), "daemon1", replied(1, a), "c0", returned(1, b)), nil,
			`c0#1 get things k was handed out with SUCCESS {name: "b"}, which no daemon has answered to it`},
		{"an operation is answered by the client itself",
			notes("c0", began, "c0", called(t, 1, `put things k {count: 1}`), "c0", returned(1, success)), nil,
			`c0#1 put things k {count: 1} was handed out with SUCCESS, which no daemon has answered to it`},
		{"the commit of a record is an answer",
			notes("c0", began, "c0", called(t, 1, `put things k {count: 1}`), "daemon1", committed(1, 1, 1), "c0", returned(1, success)), nil, ""},
		{"an operation is handed out twice",
			notes("c0", began, "c0", get, "daemon1", replied(1, a), "c0", returned(1, a), "c0", returned(1, a)), nil,
			"c0#1 was handed out 2 times"},
		{"an operation never completes",
			notes("c0", began, "c0", get, "c0", other, "daemon1", replied(2, b), "c0", returned(5, b), "c0", Flushed{}), nil,
			"c0#1 never completed, though its client waited until nothing was outstanding"},
		{"an operation is issued after the flush, and the client ends",
			notes("c0", began, "c0", get, "daemon1", replied(1, a), "c0", returned(1, a), "c0", Flushed{}, "c0", other), nil, ""},
		{"a client dies with an operation open, and the next one flushes",
			notes("c0", began, "c0", get, "c0", Began{Boot: 2}, "c0", Flushed{}), nil, ""},
		{"nobody knows the outcome",
			notes("c0", began, "c0", get, "c0", returned(1, unknown), "c0", Flushed{}), nil, ""},
	})
}
