package live

import (
	"net"
	"testing"
)

// named is a connection that does nothing but differ from others.
type named struct {
	net.Conn
	n int
}

func TestOldestStrangerMakesRoomForTheNewest(t *testing.T) {
	a := admission{peers: map[string]*peer{}}
	for n := range 3 * strangersMax {
		out := a.arrive(named{n: n})
		switch oldest := n - strangersMax; {
		case oldest < 0 && out != nil:
			t.Fatalf("arrival %d displaced %v", n, out)
		case oldest >= 0 && out != named{n: oldest}:
			t.Fatalf("arrival %d displaced %v", n, out)
		}
	}
	if p, _ := a.introduce(named{n: 0}, "h"); p != nil {
		t.Error("a connection that was displaced has introduced itself")
	}
}

func TestOldestConnectionOfAHostMakesRoomForItsNewest(t *testing.T) {
	a := admission{peers: map[string]*peer{}}
	for n := range 3 * peerConnsMax {
		a.arrive(named{n: n})
		p, out := a.introduce(named{n: n}, "h")
		if oldest := n - peerConnsMax; oldest < 0 && out != nil || oldest >= 0 && out != (named{n: oldest}) {
			t.Fatalf("connection %d displaced %v", n, out)
		}
		if len(a.strangers) != 0 || len(a.peers) != 1 || p != a.peers["h"] {
			t.Fatalf("strangers %v, peers %v", a.strangers, a.peers)
		}
	}
	a.arrive(named{n: -1})
	if _, out := a.introduce(named{n: -1}, "other"); out != nil {
		t.Error("a host was displaced by another")
	}
	p := a.peers["h"]
	for n := range 3 * peerConnsMax {
		a.leave(named{n: n}, p) // those that were displaced too
	}
	if len(p.conns) != 0 || len(a.peers["other"].conns) != 1 {
		t.Errorf("connections left: %v", p.conns)
	}
}
