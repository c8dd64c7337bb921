package node

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// FAULTS 4, slowloris: the connections of a port are bounded, and neither a request that
// is being answered nor a new one suffers from those that are too many.
func TestOldestIdleConnectionMakesRoom(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	arrived, release := make(chan bool, 1), make(chan bool)
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			arrived <- true
			<-release
		}
		_, _ = io.WriteString(w, "answer")
	})}
	go func() { _ = serve(server, l) }()
	defer server.Close()
	dial := func(say string) *bufio.Reader {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, say); err != nil {
			t.Fatal(err)
		}
		return bufio.NewReader(conn)
	}
	slow := dial("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
	<-arrived
	var silent []*bufio.Reader
	const more = 100
	for range crowdMax + more - 1 {
		silent = append(silent, dial("GET / HTTP/1.1\r\nHo"))
	}
	for i, r := range silent[:more] {
		if _, err := r.ReadByte(); err == nil {
			t.Fatalf("connection %d was answered", i)
		}
	}
	code, text, _ := ask(t, "GET", "http://"+l.Addr().String()+"/fast", "")
	if code != http.StatusOK || text != "answer" {
		t.Errorf("a new request: %d %q", code, text)
	}
	close(release)
	if res, err := http.ReadResponse(slow, nil); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("the request that took long: %v", err)
	}
}

func TestCrowdForgetsWhoHasGone(t *testing.T) {
	c := &crowd{}
	here, there := net.Pipe()
	defer there.Close()
	for range 3 * crowdMax {
		m := &member{Conn: here, crowd: c}
		if out := c.join(m); out != nil {
			t.Fatal("somebody had to go")
		}
		_ = m.Close()
		_ = m.Close()
	}
	if len(c.members) != 0 {
		t.Errorf("%d are left", len(c.members))
	}
	for range 2 * crowdMax { // all are being served
		c.join(&member{Conn: here, crowd: c, busy: true})
	}
	if len(c.members) != crowdMax {
		t.Errorf("%d are there", len(c.members))
	}
}
