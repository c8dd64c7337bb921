package below

import "time"

func now() time.Time { return time.Now() } // want `time.Now: use env.Clock.Now`
