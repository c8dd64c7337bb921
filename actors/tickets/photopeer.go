package tickets

import (
	"slices"
	"time"
)

// A photoPeer is another photo server, as far as this one knows it.
type photoPeer struct {
	host    string
	index   int
	primary bool

	boot    uint64          // of the last inventory
	has     map[string]bool // is known to have on its disk
	had     map[string]bool // has had at some time
	told    bool            // has answered our inventory with its own
	lists   []string        // which was this
	due     []string        // is owed, in the order in which that was found
	since   map[string]time.Duration
	retry   time.Duration
	waiting bool // for a timer
}

// pushLate is the timer of a peer.
type pushLate struct{ Peer int }

// outageLength is how long a copy must be due for SawBackupOutage.
const outageLength = 5 * time.Second

func (p *photoPeer) path() string { return p.host + "/" + PhotoActor }

// star returns the peers: of the home all others, of the others the home.
func (s *photoServer) star() []*photoPeer {
	var out []*photoPeer
	for i, host := range slices.Concat(s.opts.Primaries, s.opts.Backups) {
		if host != s.env.Host && (s.isHome() || i == 0) {
			out = append(out, &photoPeer{
				host: host, index: len(out), primary: i < len(s.opts.Primaries), retry: s.opts.Retry,
				has: map[string]bool{}, had: map[string]bool{}, since: map[string]time.Duration{},
			})
		}
	}
	return out
}

func (s *photoServer) peer(host string) *photoPeer {
	for _, p := range s.peers {
		if p.host == host {
			return p
		}
	}
	return nil
}

// owe puts a durable photo on the list of what a peer is to get. A backup gets only
// what is complete, so that it can show all it has.
func (s *photoServer) owe(peer *photoPeer, id string) {
	p := s.photos[id]
	if _, already := peer.since[id]; already || peer.has[id] || p.record > s.journal.durable || !peer.primary && !p.complete {
		return
	}
	s.env.Note(PhotoDue{ID: id, Peer: peer.host})
	peer.due = append(peer.due, id)
	peer.since[id] = s.env.Clock.Now()
	if len(peer.due) <= s.opts.Window {
		s.copy(peer, id)
	}
	s.await(peer)
}

func (s *photoServer) copy(peer *photoPeer, id string) {
	p := s.photos[id]
	s.env.Send(s.env.PID(peer.path()), copyPhoto{From: s.env.Host, Boot: s.env.Boot, ID: id, Content: p.content, Complete: p.complete})
}

// await sets the time of the next attempt.
func (s *photoServer) await(peer *photoPeer) {
	if peer.waiting {
		return
	}
	peer.waiting = true
	s.env.Clock.After(peer.retry/2+time.Duration(s.env.Rand.Int64N(int64(peer.retry/2)+1)), pushLate{Peer: peer.index})
}

// push sends again what a peer has not answered for: its inventory first.
func (s *photoServer) push(peer *photoPeer) {
	peer.waiting = false
	if !peer.told {
		s.tellInventory(peer, 0)
	}
	for _, id := range peer.due[:min(len(peer.due), s.opts.Window)] {
		s.copy(peer, id)
	}
	if !peer.told || len(peer.due) > 0 {
		peer.retry = min(2*peer.retry, s.opts.RetryMax)
		s.await(peer)
	}
}

// kept takes the word of a peer that it has a photo, unless its disk may have been
// another one then.
func (s *photoServer) kept(m photoKept) {
	if peer := s.peer(m.Host); peer != nil && m.Boot >= peer.boot && s.photos[m.ID] != nil {
		s.confirm(peer, m.ID)
	}
}

// confirm records that a peer has a photo on its disk. If that record is lost the
// peer is asked again.
func (s *photoServer) confirm(peer *photoPeer, id string) {
	if peer.has[id] {
		return
	}
	s.journal.append(peerRecord(recordPeerHas, peer, id), nil)
	s.learn(peer, id)
	peer.retry = s.opts.Retry
	if since, ok := peer.since[id]; ok {
		after := s.env.Clock.Now() - since
		if after >= outageLength && !peer.primary {
			s.env.Note(SawBackupOutage)
		}
		s.env.Note(PhotoDone{ID: id, Peer: peer.host, After: after})
		delete(peer.since, id)
		i := slices.Index(peer.due, id)
		peer.due = slices.Delete(peer.due, i, i+1)
		if len(peer.due) >= s.opts.Window {
			s.copy(peer, peer.due[s.opts.Window-1])
		}
	}
	if p := s.photos[id]; s.isHome() && !p.complete && p.record <= s.journal.durable {
		s.complete(id, p)
	}
}

// learn is what confirm does to memory, also when the journal is read.
func (s *photoServer) learn(peer *photoPeer, id string) {
	peer.has[id], peer.had[id] = true, true
	p := s.photos[id]
	if p == nil || p.covered {
		return
	}
	p.covered = true
	s.exposed--
	if s.ready && s.isHome() {
		exposed := s.env.Clock.Now() - p.since
		s.longest = max(s.longest, exposed)
		s.env.Note(PhotoCovered{ID: id, Exposed: exposed})
	}
}

// tellInventory tells a peer what is on this disk, as an answer if boot is not 0.
func (s *photoServer) tellInventory(peer *photoPeer, boot uint64) {
	m := inventory{Host: s.env.Host, Boot: s.env.Boot, Answers: boot}
	for _, id := range s.order {
		if s.photos[id].record <= s.journal.durable {
			m.IDs = append(m.IDs, id)
		}
	}
	s.env.Send(s.env.PID(peer.path()), m)
}

// compare takes the inventory of a peer. The first one of a boot says what became of
// its disk. What the peer answers to our own inventory also says what it had when we
// started; one that is no answer may be from long before.
func (s *photoServer) compare(m inventory) {
	peer := s.peer(m.Host)
	if peer == nil || m.Boot < peer.boot || m.Answers != 0 && m.Answers != s.env.Boot {
		return
	}
	news := m.Boot > peer.boot
	if news {
		peer.boot, peer.told = m.Boot, false
		s.await(peer)
	}
	listed := map[string]bool{}
	for _, id := range m.IDs {
		listed[id] = true
	}
	if m.Answers != 0 {
		peer.told, peer.lists = true, m.IDs
	} else {
		s.tellInventory(peer, m.Boot)
	}
	for _, id := range s.order {
		switch {
		case listed[id]:
			s.confirm(peer, id)
		case news && peer.has[id]:
			s.journal.append(peerRecord(recordPeerLost, peer, id), nil)
			delete(peer.has, id)
		}
		s.owe(peer, id)
	}
	if news {
		// After the losses: a crash between the two must not make them old news.
		s.journal.append(peerRecord(recordPeerBoot, peer, ""), nil)
	}
	s.becomeWhole()
}

// becomeWhole is reached when the server has all that its peers had.
func (s *photoServer) becomeWhole() {
	if s.whole {
		return
	}
	for _, peer := range s.peers {
		if !peer.told {
			return
		}
		for _, id := range peer.lists {
			if p := s.photos[id]; p == nil || p.record > s.journal.durable {
				return
			}
		}
	}
	s.whole = true
	if s.env.Boot > 1 && len(s.photos) > 0 {
		s.env.Note(SawPhotoRepair)
	}
	s.journal.append([]byte{recordWhole}, nil)
}
