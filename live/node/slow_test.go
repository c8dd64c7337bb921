package node

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/simrun/simrun/actors/primes"
)

// FAULTS 4, slowloris: who sends a request byte after byte, its head or its body, is cut,
// and others are served meanwhile.
func TestDribblingRequestsAreCut(t *testing.T) {
	t.Parallel() // most of it is waiting
	service := startService(t, primes.Options{})
	awaitServers(t, service)
	port, err := startAdmin("127.0.0.1:0", nil, newMetrics("h"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // whoever is left is not waited for
		_ = port.stop(ctx)
	}()
	body := "POST /sumPrime HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n" + strings.Repeat(" ", 500)
	head := "GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + strings.Repeat("x", 500)
	var dribblers sync.WaitGroup
	began := time.Now()
	for i := range 1000 {
		addr, text, fast := strings.TrimPrefix(service.URL(), "http://"), head, 1
		switch i % 4 {
		case 0:
			addr = port.addr.String()
		case 1:
			text, fast = body, strings.Index(body, "\r\n\r\n")+4
		}
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		dribblers.Go(func() {
			defer conn.Close()
			_, err := conn.Write([]byte(text[:fast]))
			for at := fast; err == nil && at < len(text); at++ {
				time.Sleep(200 * time.Millisecond)
				_, err = conn.Write([]byte(text[at : at+1]))
			}
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("%.20q is cut after %v", text, took)
			}
		})
	}
	worst := time.Duration(0)
	for range 100 {
		asked := time.Now()
		if code, _, _ := ask(t, "GET", service.URL()+"/sumPrime/none", ""); code != http.StatusNotFound {
			t.Fatalf("answered %d", code)
		}
		worst = max(worst, time.Since(asked))
	}
	dribblers.Wait()
	t.Logf("the last is cut after %v; the slowest of 100 good requests took %v", time.Since(began).Round(time.Millisecond), worst)
	if worst > 2*time.Second {
		t.Errorf("a good request took %v", worst)
	}
}
