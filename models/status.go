package models

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
)
