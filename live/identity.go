package live

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// An Identity is what a certificate says of its holder. It is a SPIFFE ID in the
// certificate, spiffe://simrun/ROLE/HOST, or spiffe://simrun/HOST without a role.
type Identity struct {
	Host string
	Role string // "" for a topology without roles
}

const trustDomain = "simrun"

// String returns host and role as `simrun certs` takes them.
func (id Identity) String() string {
	if id.Role == "" {
		return id.Host
	}
	return id.Host + "=" + id.Role
}

// Validate refuses what is no label of a DNS name: a host's name is the name in
// its certificate and in the names of two files.
func (id Identity) Validate() error {
	if !isLabel(id.Host) {
		return fmt.Errorf("host %.40q: a name in a certificate has letters, digits, - and _, and at most 63 of them", id.Host)
	}
	if id.Role != "" && !isLabel(id.Role) {
		return fmt.Errorf("role %.40q of host %s: a name in a certificate has letters, digits, - and _, and at most 63 of them", id.Role, id.Host)
	}
	if id.Host == authorityName {
		return fmt.Errorf("host %s: the name is kept for the authority", id.Host)
	}
	return nil
}

func isLabel(s string) bool {
	return s != "" && len(s) <= 63 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == "" && s[0] != '-'
}

func (id Identity) url() *url.URL {
	path := "/" + id.Host
	if id.Role != "" {
		path = "/" + id.Role + path
	}
	return &url.URL{Scheme: "spiffe", Host: trustDomain, Path: path}
}

var errNoIdentity = errors.New("certificate names no host of this kind of system")

// identityOf reads a certificate, which the caller has verified.
func identityOf(cert *x509.Certificate) (Identity, error) {
	if len(cert.URIs) != 1 || cert.URIs[0].Scheme != "spiffe" || cert.URIs[0].Host != trustDomain {
		return Identity{}, errNoIdentity
	}
	role, host, ok := strings.Cut(strings.TrimPrefix(cert.URIs[0].Path, "/"), "/")
	if !ok {
		role, host = "", role
	}
	id := Identity{Host: host, Role: role}
	if err := id.Validate(); err != nil || cert.URIs[0].String() != id.url().String() {
		return Identity{}, errNoIdentity
	}
	return id, nil
}
