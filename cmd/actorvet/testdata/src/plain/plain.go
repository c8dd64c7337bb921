// Package plain does not import actors, so it is not checked.
package plain

import "time"

func now() time.Time { return time.Now() }
