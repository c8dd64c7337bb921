package simcli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/simrun/simrun/live"
)

// certs makes the certificates with which hosts on different machines know each
// other.
func (c *command) certs() *cobra.Command {
	var hosts []string
	var valid time.Duration
	cmd := &cobra.Command{
		Use:   "certs DIR --hosts HOST[=ROLE],...",
		Short: "make a certificate authority and certificates for hosts",
		Long: `certs writes HOST.pem and HOST.key for every host into DIR, signed by the authority
of DIR: ca.pem and ca.key, which are made if they are not there. Roles are those of
the topology; a topology without roles has hosts without. A certificate that is
there already is renewed.

A host needs ca.pem, HOST.pem and HOST.key. Whoever has ca.key can be any host: it
is for tests and small systems that DIR holds it beside the others.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			ids, err := identities(hosts)
			if err != nil {
				return err
			}
			if valid <= 0 {
				return fmt.Errorf("--valid %v: a time is positive", valid)
			}
			authority, err := live.OpenAuthority(args[0])
			if err != nil {
				return err
			}
			until := time.Now().Add(valid)
			for _, id := range ids {
				if err := authority.Issue(id, until); err != nil {
					return err
				}
			}
			for _, id := range ids {
				fmt.Fprintf(c.out, "%s is valid until %s\n", id, until.UTC().Format(time.DateOnly))
			}
			return nil
		},
	}
	cmd.Flags().StringSliceVar(&hosts, "hosts", nil, "the hosts, each with its role if the topology has roles")
	cmd.Flags().DurationVar(&valid, "valid", 90*24*time.Hour, "how long the certificates are valid")
	return cmd
}

// identities reads HOST[=ROLE] words. A host has one certificate, so it is named
// once.
func identities(words []string) ([]live.Identity, error) {
	if len(words) == 0 {
		return nil, fmt.Errorf("no hosts; --hosts coord=coordinator,daemon1=daemon names two")
	}
	var ids []live.Identity
	seen := map[string]bool{}
	for _, word := range words {
		host, role, given := strings.Cut(word, "=")
		if given && role == "" {
			return nil, fmt.Errorf("--hosts %s: no role after =", word)
		}
		id := live.Identity{Host: host, Role: role}
		if err := id.Validate(); err != nil {
			return nil, fmt.Errorf("--hosts %s: %w", word, err)
		}
		if seen[host] {
			return nil, fmt.Errorf("--hosts: %s is named twice", host)
		}
		seen[host] = true
		ids = append(ids, id)
	}
	return ids, nil
}
