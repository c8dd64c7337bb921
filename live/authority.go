package live

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// An Authority signs the certificates of the hosts of one system. Whoever holds
// its key can be any host, so the key stays where certificates are made and is
// not copied to the hosts.
type Authority struct {
	dir  string
	cert *x509.Certificate
	key  crypto.Signer
}

const (
	authorityName  = "ca"
	authorityValid = 10 * 365 * 24 * time.Hour
	// clockSkew is how far a host's clock may be behind ours.
	clockSkew = time.Hour
)

func certFile(dir, name string) string { return filepath.Join(dir, name+".pem") }
func keyFile(dir, name string) string  { return filepath.Join(dir, name+".key") }

// OpenAuthority returns the authority of a folder, ca.pem and ca.key. It makes
// both, and the folder, if neither file is there.
func OpenAuthority(dir string) (*Authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder of the certificates: %w", err)
	}
	_, certErr := os.Stat(certFile(dir, authorityName))
	_, keyErr := os.Stat(keyFile(dir, authorityName))
	if errors.Is(certErr, fs.ErrNotExist) && errors.Is(keyErr, fs.ErrNotExist) {
		return newAuthority(dir)
	}
	pair, err := tls.LoadX509KeyPair(certFile(dir, authorityName), keyFile(dir, authorityName))
	if err != nil {
		return nil, fmt.Errorf("authority of %s: %w", dir, err)
	}
	key, ok := pair.PrivateKey.(crypto.Signer)
	if !ok || !pair.Leaf.IsCA {
		return nil, fmt.Errorf("authority of %s: its certificate is not one of an authority", dir)
	}
	return &Authority{dir: dir, cert: pair.Leaf, key: key}, nil
}

func newAuthority(dir string) (*Authority, error) {
	now := time.Now()
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "simrun authority"},
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              now.Add(authorityValid),
		IsCA:                  true,
		MaxPathLenZero:        true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	a := &Authority{dir: dir}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("authority of %s: %w", dir, err)
	}
	a.cert, a.key = template, key
	if a.cert, err = a.sign(authorityName, template, key); err != nil {
		return nil, fmt.Errorf("authority of %s: %w", dir, err)
	}
	return a, nil
}

// Issue writes the certificate and the key of a host to HOST.pem and HOST.key in
// the authority's folder, in the place of older ones. The host needs these two and
// ca.pem.
func (a *Authority) Issue(id Identity, until time.Time) error {
	if err := id.Validate(); err != nil {
		return err
	}
	if until.After(a.cert.NotAfter) {
		until = a.cert.NotAfter // it ends with its authority anyway
	}
	from := time.Now()
	if until.Before(from) {
		from = until
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err == nil {
		_, err = a.sign(id.Host, &x509.Certificate{
			Subject:     pkix.Name{CommonName: id.Host},
			DNSNames:    []string{id.Host},
			URIs:        []*url.URL{id.url()},
			NotBefore:   from.Add(-clockSkew),
			NotAfter:    until,
			KeyUsage:    x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		}, key)
	}
	if err != nil {
		return fmt.Errorf("certificate of host %s: %w", id.Host, err)
	}
	return nil
}

// sign writes a certificate for key and its two files. The key comes first: a
// certificate without its key is of no use.
func (a *Authority) sign(name string, template *x509.Certificate, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := writePEM(keyFile(a.dir, name), "PRIVATE KEY", secret); err != nil {
		return nil, err
	}
	if err := writePEM(certFile(a.dir, name), "CERTIFICATE", der); err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// writePEM replaces a file as a whole. It is readable by its owner alone from the
// first byte on.
func writePEM(path, kind string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	err = errors.Join(pem.Encode(f, &pem.Block{Type: kind, Bytes: b}), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
