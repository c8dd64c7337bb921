package actors

import "errors"

// ErrTimeout is what Env.Request returns when no reply came in time. The request
// may still be carried out, now or later.
var ErrTimeout = errors.New("no reply before the timeout")
