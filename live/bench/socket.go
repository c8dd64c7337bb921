package bench

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/simrun/simrun/live"
)

// hosts are the two ends of every job but the store's.
const (
	clientHost = "client"
	serverHost = "server"
)

// bufferBytes is the size of the buffers of the bare loops, that of the transport.
const bufferBytes = 64 << 10

// issueCerts makes certificates for hosts in a folder.
func issueCerts(dir string, hosts []string) error {
	ca, err := live.OpenAuthority(dir)
	if err != nil {
		return err
	}
	for _, host := range hosts {
		if err := ca.Issue(live.Identity{Host: host}, time.Now().Add(24*time.Hour)); err != nil {
			return err
		}
	}
	return nil
}

// tlsOf returns what a host of the folder needs to talk as the transport does:
// TLS 1.3, both ends with a certificate.
func tlsOf(dir, host string) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, host+".pem"), filepath.Join(dir, host+".key"))
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("ca.pem has no certificate")
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{pair},
		RootCAs:      pool,
		ClientCAs:    pool,
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ServerName:   serverHost,
	}, nil
}

// connected returns two ends of one loopback connection, on TLS if there is a
// folder of certificates. The client's is counted.
func connected(m *meter, certs string) (client, server net.Conn, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer listener.Close()
	if client, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		return nil, nil, err
	}
	if server, err = listener.Accept(); err != nil {
		return nil, nil, errors.Join(err, client.Close())
	}
	client = m.wrap(client)
	if certs == "" {
		return client, server, nil
	}
	raw := []net.Conn{client, server}
	clientTLS, err := tlsOf(certs, clientHost)
	if err == nil {
		var serverTLS *tls.Config
		if serverTLS, err = tlsOf(certs, serverHost); err == nil {
			near, far := tls.Client(client, clientTLS), tls.Server(server, serverTLS)
			shaken := make(chan error, 1)
			go func() { shaken <- far.Handshake() }()
			client, server = near, far
			err = errors.Join(near.Handshake(), <-shaken)
		}
	}
	if err != nil {
		closeAll(raw...)
		return nil, nil, fmt.Errorf("TLS: %w", err)
	}
	return client, server, nil
}

func closeAll(conns ...net.Conn) {
	for _, c := range conns {
		_ = c.Close()
	}
}

// An outbox gathers bytes for one connection; one goroutine writes what has
// gathered while its last write was under way.
type outbox struct {
	conn net.Conn
	wake chan struct{}

	mu     sync.Mutex
	buf    []byte
	closed bool
}

func newOutbox(conn net.Conn) *outbox { return &outbox{conn: conn, wake: make(chan struct{}, 1)} }

// add has fill append to the buffer.
func (o *outbox) add(fill func(buf []byte) []byte) {
	o.mu.Lock()
	o.buf = fill(o.buf)
	o.mu.Unlock()
}

// flush wakes the writer.
func (o *outbox) flush() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// close ends run.
func (o *outbox) close() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.flush()
}

// run writes until the outbox is closed or the connection breaks.
func (o *outbox) run() {
	var batch []byte
	for range o.wake {
		o.mu.Lock()
		closed := o.closed
		batch, o.buf = o.buf, batch[:0]
		o.mu.Unlock()
		if closed {
			return
		}
		if len(batch) > 0 {
			if _, err := o.conn.Write(batch); err != nil {
				return
			}
		}
	}
}
