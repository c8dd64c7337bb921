package group

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"slices"
)

// A Peer is a member of the group as all members know it.
type Peer struct {
	ID   uint64 // in raft
	Host string
	Boot uint64 // of the host, in which the member's log was created
}

// identityOf is the identity of the member whose log was created in a boot of a host.
// It is never 0.
func identityOf(host string, boot uint64) uint64 {
	h := fnv.New64a()
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], boot)
	h.Write(b[:])
	h.Write([]byte(host))
	// The top bits of raft's identities stand for its own threads.
	return h.Sum64()>>1 | 1
}

// appendPeer adds the encoding of a peer, which readPeer reads.
func appendPeer(b []byte, p Peer) []byte {
	b = binary.AppendUvarint(b, p.ID)
	b = binary.AppendUvarint(b, p.Boot)
	return appendBytes(b, []byte(p.Host))
}

func readPeer(b []byte) (p Peer, rest []byte, err error) {
	if p.ID, b, err = readUvarint(b); err != nil {
		return Peer{}, nil, err
	}
	if p.Boot, b, err = readUvarint(b); err != nil {
		return Peer{}, nil, err
	}
	host, b, err := readBytes(b)
	p.Host = string(host)
	return p, b, err
}

// peers are the members of a group, in the order of their identities.
type peers []Peer

func (ps peers) byID(id uint64) (Peer, bool) {
	i := slices.IndexFunc(ps, func(p Peer) bool { return p.ID == id })
	if i < 0 {
		return Peer{}, false
	}
	return ps[i], true
}

func (ps peers) byHost(host string) (Peer, bool) {
	i := slices.IndexFunc(ps, func(p Peer) bool { return p.Host == host })
	if i < 0 {
		return Peer{}, false
	}
	return ps[i], true
}

// with returns the peers and one more.
func (ps peers) with(p Peer) peers {
	out := append(ps.without(p.ID), p)
	slices.SortFunc(out, func(a, b Peer) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return out
}

// without returns the peers but for one.
func (ps peers) without(id uint64) peers {
	return slices.DeleteFunc(slices.Clone(ps), func(p Peer) bool { return p.ID == id })
}

func (ps peers) ids() []uint64 {
	out := make([]uint64, len(ps))
	for i, p := range ps {
		out[i] = p.ID
	}
	return out
}

// appendBytes adds b with its length before it.
func appendBytes(to, b []byte) []byte {
	return append(binary.AppendUvarint(to, uint64(len(b))), b...)
}

func readBytes(b []byte) (out, rest []byte, err error) {
	n, b, err := readUvarint(b)
	if err != nil {
		return nil, nil, err
	}
	if n > uint64(len(b)) {
		return nil, nil, fmt.Errorf("%d bytes announced and %d there", n, len(b))
	}
	return b[:n:n], b[n:], nil
}

func readUvarint(b []byte) (n uint64, rest []byte, err error) {
	n, size := binary.Uvarint(b)
	if size <= 0 {
		return 0, nil, fmt.Errorf("no number in %d bytes", len(b))
	}
	return n, b[size:], nil
}
