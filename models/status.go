package models

import "strconv"

// A Status is how an operation ended. The numbers are HyperDex's.
type Status uint16

// The statuses. Success is the only promise; NotFound, CmpFail and Overflow say
// that the operation had no effect on an object that was in that state; the
// refusals had no effect and saw nothing; Reconfigure and ServerError say that
// nobody knows: the operation may still take effect, later, once.
const (
	Success      Status = 8448
	NotFound     Status = 8449
	CmpFail      Status = 8451
	ReadOnly     Status = 8452
	UnknownSpace Status = 8512
	CoordFail    Status = 8513
	ServerError  Status = 8514
	Overflow     Status = 8516
	Reconfigure  Status = 8517
	Timeout      Status = 8519
	UnknownAttr  Status = 8520
	DupeAttr     Status = 8521
	NonePending  Status = 8523
	DontUseKey   Status = 8524
	WrongType    Status = 8525
	Offline      Status = 8533
	Throttled    Status = 8600 // ours: refused before admission, no effect
	TooLarge     Status = 8601 // ours: beyond MaxKey, MaxValue or MaxObject, no effect
)

// String is the name of the status as HyperDex writes it: NOTFOUND.
func (s Status) String() string {
	switch s {
	case Success:
		return "SUCCESS"
	case NotFound:
		return "NOTFOUND"
	case CmpFail:
		return "CMPFAIL"
	case ReadOnly:
		return "READONLY"
	case UnknownSpace:
		return "UNKNOWNSPACE"
	case CoordFail:
		return "COORDFAIL"
	case ServerError:
		return "SERVERERROR"
	case Overflow:
		return "OVERFLOW"
	case Reconfigure:
		return "RECONFIGURE"
	case Timeout:
		return "TIMEOUT"
	case UnknownAttr:
		return "UNKNOWNATTR"
	case DupeAttr:
		return "DUPEATTR"
	case NonePending:
		return "NONEPENDING"
	case DontUseKey:
		return "DONTUSEKEY"
	case WrongType:
		return "WRONGTYPE"
	case Offline:
		return "OFFLINE"
	case Throttled:
		return "THROTTLED"
	case TooLarge:
		return "TOOLARGE"
	default:
		return "STATUS" + strconv.Itoa(int(s))
	}
}

// Observed says that the operation did, or saw, what the status reports: it is a
// promise or an observation, and the checkers hold the store to it.
func (s Status) Observed() bool {
	switch s {
	case Success, NotFound, CmpFail, Overflow:
		return true
	default:
		return false
	}
}

// Refused says that the operation had no effect, never will, and saw nothing.
// What is neither Observed nor Refused may still take effect: also a status that
// this package does not know.
func (s Status) Refused() bool {
	switch s {
	case ReadOnly, UnknownSpace, UnknownAttr, DupeAttr, DontUseKey, WrongType, Offline, Throttled, TooLarge:
		return true
	default:
		return false
	}
}
