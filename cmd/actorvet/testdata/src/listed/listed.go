// Package listed does not import actors and is checked because of -packages.
package listed

import "time"

func now() time.Time { return time.Now() } // want `time.Now: use env.Clock.Now`
