package store

import "github.com/simrun/simrun/models"

// A record is the effect of one accepted operation: what the key holds
// afterwards, not how it came to be. Records of a region are numbered densely by
// Seq. A record is never written to once it has been made.
type record struct {
	Region RegionID
	Seq    uint64
	ID     RequestID
	Lowest uint64 // of the request, so that dedupe tables are pruned alike everywhere
	Key    string
	Delete bool
	Attrs  []models.Attr // the whole object; nil with Delete
}

// requestsOf lists whose effects records are.
func requestsOf(records []record) []RequestID {
	ids := make([]RequestID, len(records))
	for i := range records {
		ids[i] = records[i].ID
	}
	return ids
}

// keyed is an object of a snapshot.
type keyed struct {
	Key   string
	Attrs []models.Attr
}

// A session is what a region remembers of one client, so that no operation of it
// takes effect twice.
type session struct {
	Client string
	Boot   uint64
	// Lowest is the lowest operation that the client may still ask for.
	Lowest uint64
	// Done lists the operations from Lowest on that have taken effect, ascending.
	Done []uint64
}
