package scenarios

// States that the histories of the store must reach in a campaign.
const (
	sawSwap             = "history.swapped"           // two un-waited operations of a client took effect the other way round (R18)
	sawVanished         = "history.vanished"          // an operation that nobody waited for never happened (R23)
	sawAfterDeath       = "history.after-death"       // one happened after its client had died (R23)
	sawAfterReconfigure = "history.after-reconfigure" // one happened after its client was told RECONFIGURE (R23)
	sawHalfFriendship   = "history.half-friendship"   // one half of a friendship was seen without the other (R11)
)
