package tickets

import (
	"time"

	"github.com/simrun/simrun/actors"
)

// PhotoActor is the name of the photo server of a host; its path is host/photos.
const PhotoActor = "photos"

// StorePhoto asks the home of the photos to store one. It is answered with
// PhotoStored once every primary has it on its disk, whatever becomes of the
// backups. The same photo may be sent again.
type StorePhoto struct{ ID, Content string }

// PhotoStored says that a photo can be shown.
type PhotoStored struct{ ID string }

// PhotoRefused says that there is no room for another photo.
type PhotoRefused struct{ ID string }

// ShowPhoto asks for a photo: the home, or a backup. It is answered with Photo.
type ShowPhoto struct{ ID string }

// A Photo answers ShowPhoto.
type Photo struct {
	ID      string
	Content string
	// Found says that it can be shown. If it is false and Absent is too, the server
	// does not know.
	Found, Absent bool
}

// copyPhoto has another server keep a photo. Boot is that of the server that sends it.
// Complete says that all primaries have had it.
type copyPhoto struct {
	From        string // host
	Boot        uint64
	ID, Content string
	Complete    bool
}

// photoKept says that a server has a photo on its disk. Boot is that of the server
// that says so.
type photoKept struct {
	Host string
	Boot uint64
	ID   string
}

// An inventory is what a server has on its disk. Each server tells its own to its
// peers when it starts, until they answer with theirs: a disk may be another one than
// before.
type inventory struct {
	Host    string
	Boot    uint64
	IDs     []string
	Answers uint64 // the boot of the one who is answered; 0 if this is no answer
}

// AskPhotos asks a photo server for its PhotoStatus.
type AskPhotos struct{}

// PhotoStatus is how a photo server is doing.
type PhotoStatus struct {
	Photos int
	// Due is the number of copies that peers do not have yet.
	Due int
	// Whole says that the server has all that its peers had when it started: it knows
	// which photos do not exist.
	Whole bool
	// Exposed is the number of photos of which no other server is known to have a
	// copy: losing this disk loses them. Longest is how long a photo has been exposed
	// at most, since the start of the host.
	Exposed int
	Longest time.Duration
}

func init() {
	actors.Message("tickets.store-photo", StorePhoto{})
	actors.Message("tickets.photo-stored", PhotoStored{})
	actors.Message("tickets.photo-refused", PhotoRefused{})
	actors.Message("tickets.show-photo", ShowPhoto{})
	actors.Message("tickets.photo", Photo{})
	actors.Message("tickets.copy-photo", copyPhoto{})
	actors.Message("tickets.photo-kept", photoKept{})
	actors.Message("tickets.inventory", inventory{})
	actors.Message("tickets.ask-photos", AskPhotos{})
	actors.Message("tickets.photo-status", PhotoStatus{})
}

// Facts of photo servers.
type (
	// PhotoHeld is the fact that a server has a photo on its disk.
	PhotoHeld struct{ ID string }
	// PhotoComplete is the fact that the home knows that all primaries have a photo,
	// and may show it.
	PhotoComplete struct{ ID string }
	// PhotoDue is the fact that a server owes a copy to a peer.
	PhotoDue struct{ ID, Peer string }
	// PhotoDone is the fact that the peer has that copy. After is how long it was due,
	// since the last start of the server.
	PhotoDone struct {
		ID, Peer string
		After    time.Duration
	}
	// PhotoCovered is the fact that a second server has a photo. Exposed is how long
	// there was one copy only.
	PhotoCovered struct {
		ID      string
		Exposed time.Duration
	}
	// PhotosUp is the fact that a photo server has read its disk.
	PhotosUp struct {
		Boot   uint64
		Photos int
	}
)

// States of the photo servers that a campaign should reach.
const (
	SawBackupOutage actors.Sometimes = "tickets.backup-outage-outlasted"
	SawSingleCopy   actors.Sometimes = "tickets.stored-with-a-single-copy"
	SawPhotoRepair  actors.Sometimes = "tickets.empty-photo-server-refilled"
)
