package live

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// credentials are what a host proves itself with, and whom it believes.
type credentials struct {
	cert  tls.Certificate
	roots *x509.CertPool
	// roles are the hosts of the topology, with their roles.
	roles map[string]string
	// accepting is for all connections that others open.
	accepting *tls.Config
}

// loadCredentials reads ca.pem, HOST.pem and HOST.key, and refuses what the other
// hosts would refuse.
func loadCredentials(dir, host string, roles map[string]string) (*credentials, error) {
	pem, err := os.ReadFile(certFile(dir, authorityName))
	if err != nil {
		return nil, fmt.Errorf("certificate of the authority: %w", err)
	}
	c := &credentials{roots: x509.NewCertPool(), roles: roles}
	if !c.roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("certificate of the authority: %s holds none", certFile(dir, authorityName))
	}
	if c.cert, err = tls.LoadX509KeyPair(certFile(dir, host), keyFile(dir, host)); err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	if _, err := c.cert.Leaf.Verify(x509.VerifyOptions{Roots: c.roots, DNSName: host}); err != nil {
		return nil, fmt.Errorf("certificate %s: %w", certFile(dir, host), err)
	}
	if id, err := c.identify(c.cert.Leaf); err != nil {
		return nil, fmt.Errorf("certificate %s: %w", certFile(dir, host), err)
	} else if id.Host != host {
		return nil, fmt.Errorf("certificate %s is of host %s", certFile(dir, host), id.Host)
	}
	c.accepting = c.server()
	return c, nil
}

// identify returns the identity of a verified certificate, if it is of a host of
// the topology in that host's role.
func (c *credentials) identify(cert *x509.Certificate) (Identity, error) {
	id, err := identityOf(cert)
	if err != nil {
		return Identity{}, err
	}
	role, ok := c.roles[id.Host]
	if !ok {
		return Identity{}, fmt.Errorf("host %s is not of this system", id.Host)
	}
	if role != id.Role {
		return Identity{}, fmt.Errorf("host %s has the role %q and not %q", id.Host, role, id.Role)
	}
	return id, nil
}

// server accepts hosts of the topology.
func (c *credentials) server() *tls.Config {
	config := c.config()
	config.ClientAuth = tls.RequireAndVerifyClientCert
	config.ClientCAs = c.roots
	config.VerifyConnection = func(s tls.ConnectionState) error {
		_, err := c.identify(s.PeerCertificates[0])
		return err
	}
	return config
}

// client accepts one host of the topology.
func (c *credentials) client(host string) *tls.Config {
	config := c.config()
	config.RootCAs = c.roots
	config.ServerName = host
	config.VerifyConnection = func(s tls.ConnectionState) error {
		id, err := c.identify(s.PeerCertificates[0])
		if err == nil && id.Host != host {
			err = fmt.Errorf("host %s answered in the place of %s", id.Host, host)
		}
		return err
	}
	return config
}

func (c *credentials) config() *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{c.cert},
		MinVersion:   tls.VersionTLS13,
		// Every connection proves itself anew: a resumed one would not be held to
		// what has changed since.
		SessionTicketsDisabled: true,
	}
}
