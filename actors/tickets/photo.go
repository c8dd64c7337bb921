package tickets

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// PhotoOptions are the parameters of a photo server; zero fields have the defaults
// given with them.
type PhotoOptions struct {
	// Primaries and Backups are the hosts that keep copies of every photo. The first
	// primary is the home: it takes the photos and shows them.
	Primaries, Backups []string
	// Photos is how many a server keeps at most, 100,000: an inventory is one message.
	Photos int
	// Window is how many copies are under way to a peer at once, 8.
	Window int
	// Retry is how long a peer may take to answer at first, 100 ms. It doubles up to
	// RetryMax, 10 s.
	Retry, RetryMax time.Duration
	// Compact is the length of the journal from which on it is replaced by a
	// snapshot, 16 MiB.
	Compact int64
}

func (o PhotoOptions) withDefaults() PhotoOptions {
	orDefault(&o.Photos, 100_000)
	orDefault(&o.Window, 8)
	orDefault(&o.Retry, 100*time.Millisecond)
	orDefault(&o.RetryMax, 10*time.Second)
	orDefault(&o.Compact, 16<<20)
	return o
}

// A photoServer keeps photos on the disk of its host. The storage is semisynchronous:
// the home answers for a photo once all primaries have synced it, and has the backups
// copy it later, as often as it takes. What it owes to whom follows from its disk, so
// a restart forgets none of it.
//
// The servers form a star around the home. A server whose disk was lost is refilled
// by its peers: the home by all others, the others by the home. Until the home has
// all that the others had it does not say that a photo does not exist.
type photoServer struct {
	env     actors.Env
	opts    PhotoOptions
	journal journaled
	ready   bool
	began   time.Duration // when it was
	whole   bool

	photos  map[string]*photo
	order   []string // of photos, oldest first
	bytes   int64
	peers   []*photoPeer
	exposed int
	longest time.Duration
}

// A photo is one on this disk.
type photo struct {
	content  string
	record   uint64 // makes it durable
	complete bool   // all primaries have had it
	covered  bool   // some peer has had it
	since    time.Duration
	waiting  []*actor.PID // who wants to know that it is complete
}

// NewPhotoServer returns the Producer of a photo server. Its host also runs its
// journal: see PhotoTopology.
func NewPhotoServer(opts PhotoOptions) actors.Producer {
	return func(env actors.Env) actor.Actor {
		s := &photoServer{env: env, opts: opts.withDefaults(), journal: journaled{env: env}, photos: map[string]*photo{}}
		s.peers = s.star()
		return s
	}
}

// Receive implements actor.Actor.
func (s *photoServer) Receive(ctx actor.Context) {
	if m, ok := ctx.Message().(journalRecovered); ok {
		s.recover(m)
		return
	}
	if !s.ready {
		return // whoever sent it sends it again
	}
	switch m := ctx.Message().(type) {
	case journalSynced:
		s.journal.synced(m)
		s.compact(m.Bytes)
	case StorePhoto:
		s.store(ctx, m)
	case ShowPhoto:
		ctx.Respond(s.show(m.ID))
	case copyPhoto:
		s.keep(m)
	case photoKept:
		s.kept(m)
	case inventory:
		s.compare(m)
	case pushLate:
		s.push(s.peers[m.Peer])
	case AskPhotos:
		ctx.Respond(s.status())
	case AskPending:
		s.env.Send(s.env.PID(m.From), s.pending(m))
	}
}

// isHome reports whether the server takes and shows the photos.
func (s *photoServer) isHome() bool { return s.env.Host == s.opts.Primaries[0] }

// store takes a photo and answers when it can be shown.
func (s *photoServer) store(ctx actor.Context, m StorePhoto) {
	p := s.photos[m.ID]
	switch {
	case p != nil && p.complete && p.record <= s.journal.durable:
		ctx.Respond(PhotoStored{ID: m.ID})
		return
	case p == nil && len(s.photos) >= s.opts.Photos:
		ctx.Respond(PhotoRefused{ID: m.ID})
		return
	case p == nil:
		p = s.add(m.ID, m.Content, false)
	}
	p.waiting = append(p.waiting, ctx.Sender())
}

// show answers with a photo that is complete. One that is not may become so at any
// time, and a server that is not whole does not know what else there is.
func (s *photoServer) show(id string) Photo {
	p := s.photos[id]
	switch {
	case p == nil:
		return Photo{ID: id, Absent: s.isHome() && s.whole}
	case p.complete && p.record <= s.journal.durable:
		return Photo{ID: id, Content: p.content, Found: true}
	}
	return Photo{ID: id}
}

// add writes a photo down; what has to wait for that happens in durable.
func (s *photoServer) add(id, content string, complete bool) *photo {
	p := s.insert(id, content, complete)
	s.journal.append(photoRecord(id, p), func() { s.durable(id) })
	p.record = s.journal.appended
	return p
}

// insert puts a photo into memory.
func (s *photoServer) insert(id, content string, complete bool) *photo {
	p := &photo{content: content, complete: complete, since: s.env.Clock.Now()}
	s.photos[id] = p
	s.order = append(s.order, id)
	s.bytes += int64(len(content))
	s.exposed++
	return p
}

// durable is reached when a photo is on the disk.
func (s *photoServer) durable(id string) {
	s.env.Note(PhotoHeld{ID: id})
	p := s.photos[id]
	for _, peer := range s.peers {
		s.owe(peer, id)
	}
	if s.isHome() {
		s.complete(id, p)
	}
	s.becomeWhole()
}

// complete answers for a photo that all primaries have had.
func (s *photoServer) complete(id string, p *photo) {
	if !p.complete {
		for _, peer := range s.peers {
			if peer.primary && !peer.had[id] {
				return
			}
		}
		p.complete = true
		s.journal.append(completeRecord(id), nil)
	}
	s.env.Note(PhotoComplete{ID: id})
	if !p.covered {
		s.env.Note(SawSingleCopy)
	}
	for _, from := range p.waiting {
		if from != nil {
			s.env.Send(from, PhotoStored{ID: id})
		}
	}
	p.waiting = nil
	for _, peer := range s.peers {
		s.owe(peer, id)
	}
}

// keep stores a copy that a peer sends, and says so when it is durable.
func (s *photoServer) keep(m copyPhoto) {
	peer := s.peer(m.From)
	if peer == nil {
		return
	}
	p := s.photos[m.ID]
	if p == nil {
		p = s.add(m.ID, m.Content, m.Complete)
	} else if m.Complete && !p.complete {
		p.complete = true
		s.journal.append(completeRecord(m.ID), nil)
		if s.isHome() && p.record <= s.journal.durable {
			s.complete(m.ID, p) // a backup knew before this disk did, which is a new one
		}
	}
	if m.Boot >= peer.boot {
		s.confirm(peer, m.ID)
	} else {
		s.owe(peer, m.ID) // its disk may be another one by now
	}
	s.journal.when(p.record, func() {
		s.env.Send(s.env.PID(peer.path()), photoKept{Host: s.env.Host, Boot: s.env.Boot, ID: m.ID})
	})
}

// status answers AskPhotos.
func (s *photoServer) status() PhotoStatus {
	out := PhotoStatus{Photos: len(s.photos), Whole: s.whole, Exposed: s.exposed, Longest: s.longest}
	for _, id := range s.order {
		if p := s.photos[id]; !p.covered {
			out.Longest = max(out.Longest, s.env.Clock.Now()-p.since)
		}
	}
	for _, peer := range s.peers {
		out.Due += len(peer.due)
	}
	return out
}

// pending answers a monitor with the copies that are due.
func (s *photoServer) pending(m AskPending) Pending {
	out := Pending{Source: s.env.Host + "/" + PhotoActor, N: m.N}
	for _, peer := range s.peers {
		for _, id := range peer.due[:min(len(peer.due), pendingMost)] {
			since := peer.since[id]
			out.Items = append(out.Items, PendingItem{
				ID: CopyItem(id, peer.host), Age: s.env.Clock.Now() - since, Inherited: since == s.began,
			})
		}
	}
	return out
}
