package tickets

import "fmt"

// The first byte of a record of a photo server's journal. The snapshot is a sequence
// of records, each after its length.
const (
	recordPhoto    = 1 // a photo
	recordComplete = 2 // all primaries have had a photo
	recordPeerHas  = 3 // a peer has a photo
	recordPeerLost = 4 // a peer does not have it any more
	recordPeerBoot = 5 // a peer told its inventory
	recordWhole    = 6 // the server has all that its peers had
)

func photoRecord(id string, p *photo) []byte {
	e := encoder{b: []byte{recordPhoto}}
	e.string(id)
	e.string(p.content)
	if p.complete {
		e.uint(1)
	} else {
		e.uint(0)
	}
	return e.b
}

func completeRecord(id string) []byte {
	e := encoder{b: []byte{recordComplete}}
	e.string(id)
	return e.b
}

func peerRecord(kind byte, peer *photoPeer, id string) []byte {
	e := encoder{b: []byte{kind}}
	e.string(peer.host)
	e.uint(peer.boot)
	e.string(id)
	return e.b
}

// recover reads the journal, and tells the peers what is on this disk.
func (s *photoServer) recover(m journalRecovered) {
	records := m.Records
	if m.Snapshot != nil {
		d := decoder{b: m.Snapshot}
		var first [][]byte
		for range d.count() {
			first = append(first, []byte(d.string()))
		}
		records = append(first, records...)
	}
	for i, r := range records {
		if err := s.replay(r); err != nil {
			s.env.Halt(fmt.Errorf("photo server %s: record %d: %w", s.env.Host, i, err))
		}
	}
	s.ready, s.began = true, s.env.Clock.Now()
	s.env.Note(PhotosUp{Boot: s.env.Boot, Photos: len(s.photos)})
	for _, peer := range s.peers {
		s.tellInventory(peer, 0)
		s.await(peer)
	}
	for _, id := range s.order {
		s.durable(id)
	}
}

// replay does what a record says to memory.
func (s *photoServer) replay(r []byte) error {
	if len(r) == 0 {
		return errRecord
	}
	d := decoder{b: r[1:]}
	switch r[0] {
	case recordPhoto:
		id, content, complete := d.string(), d.string(), d.uint() == 1
		s.insert(id, content, complete)
	case recordComplete:
		if p := s.photos[d.string()]; p != nil {
			p.complete = true
		}
	case recordPeerHas, recordPeerLost, recordPeerBoot:
		peer, boot, id := s.peer(d.string()), d.uint(), d.string()
		if peer == nil {
			return fmt.Errorf("%w: it names an unknown server", errRecord)
		}
		switch r[0] {
		case recordPeerHas:
			s.learn(peer, id)
		case recordPeerLost:
			delete(peer.has, id)
		default:
			peer.boot = boot
		}
	case recordWhole:
		s.whole = true
	default:
		return errRecord
	}
	return d.err
}

// compact replaces a long journal by a snapshot, unless most of it is photos.
func (s *photoServer) compact(length int64) {
	if s.journal.shorter || length < max(s.opts.Compact, 2*s.bytes) {
		return
	}
	var records [][]byte
	for _, id := range s.order {
		records = append(records, photoRecord(id, s.photos[id]))
		for _, peer := range s.peers {
			switch {
			case peer.has[id]:
				records = append(records, peerRecord(recordPeerHas, peer, id))
			case peer.had[id]:
				records = append(records, peerRecord(recordPeerHas, peer, id), peerRecord(recordPeerLost, peer, id))
			}
		}
	}
	for _, peer := range s.peers {
		records = append(records, peerRecord(recordPeerBoot, peer, ""))
	}
	if s.whole {
		records = append(records, []byte{recordWhole})
	}
	e := encoder{}
	e.uint(uint64(len(records)))
	for _, r := range records {
		e.string(string(r))
	}
	s.journal.snapshot(e.b)
}
