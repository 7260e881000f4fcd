package bot

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote/store"
)

// authority makes a certificate authority of a company, and the certificate of its GitHub.
func authority(t *testing.T) (file string, server *tls.Certificate) {
	t.Helper()
	make := func(template, parent *x509.Certificate, signer *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(t, err)
		if signer == nil {
			signer = key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
		must(t, err)
		return der, key
	}
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Acme CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	rootDER, rootKey := make(root, root, nil)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "GitHub"}, NotBefore: root.NotBefore, NotAfter: root.NotAfter,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	leafDER, leafKey := make(leaf, root, rootKey)
	file = filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER}), 0o600))
	return file, &tls.Certificate{Certificate: [][]byte{leafDER}, PrivateKey: leafKey}
}

// spoken is a log that several write at once.
type spoken struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write adds to the log.
func (l *spoken) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// count is how many lines have a text.
func (l *spoken) count(text string) (count int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, text) {
			count++
		}
	}
	return count
}

// An Enterprise Server under https, with a certificate of the company's own authority, another name for people than for the
// API, no log of deliveries, and none of the newer permissions and features: a pull request is previewed, merged and deployed
// there, links lead people where people go, and what is missing is named once.
func TestEnterpriseServer(t *testing.T) {
	t.Parallel()
	file, certificate := authority(t)
	log := &spoken{}
	web := func(gh *githubsim.GitHub) string { return strings.Replace(gh.URL(), "127.0.0.1", "localhost", 1) + "/" }
	w := newWorldOf(t, githubsim.RepositoryOptions{Files: oneEnvironment(), Private: true}, setup{
		github: func(o *githubsim.Options) {
			o.Certificate = certificate
			o.Lacks = []string{"apps/list-webhook-deliveries"}
			o.Manifest = without(t, o.Manifest, "merge_queues", "merge_group")
		},
		operator: func(w *world, o *config.Operator) { o.GitHub.CAFile, o.GitHub.WebURL = file, web(w.gh) },
		logs:     log,
	})
	w.pushes(project, "change", "second")
	must(t, second(w.gh.As("alice").OpenPull(project, "change", "Change", "", githubsim.OpenOptions{})))
	w.settle()
	if text := w.saidIn(project, 1); !strings.Contains(text, "Merging changes dev and prod") {
		t.Errorf("the preview says:\n%s\n%s", text, log.text.String())
	}
	must(t, second(w.gh.As("bob").Merge(project, 1, "squash")))
	w.settle()
	w.runsIn("dev", "second")
	if text := w.saidIn(project, 1); strings.Contains(text, "127.0.0.1") {
		t.Errorf("people are sent to the API's address:\n%s", text)
	}
	waitFor(t, "what is missing is named", func() bool { return log.count("no log of deliveries") == 1 })
	must(t, w.bot.redeliverOrLook(t.Context(), time.Now()))
	if log.count("no log of deliveries") != 1 || log.count("cannot look for missed deliveries") > 0 {
		t.Errorf("what is missing is named otherwise than once:\n%s", log.text.String())
	}
}

// without is a manifest without some of its permissions and events.
func without(t *testing.T, manifest []byte, names ...string) []byte {
	t.Helper()
	var kept []string
	for line := range strings.Lines(string(manifest)) {
		word, _, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "- ")), " ")
		drop := false
		for _, name := range names {
			drop = drop || strings.TrimSuffix(word, ":") == name
		}
		if !drop {
			kept = append(kept, line)
		}
	}
	return []byte(strings.Join(kept, ""))
}

// A certificate that nobody vouches for is an error that says so, for the API and for Git.
func TestUnknownAuthority(t *testing.T) {
	t.Parallel()
	_, certificate := authority(t)
	log := &spoken{}
	gh, err := githubsim.New(githubsim.Options{Dir: t.TempDir(), Manifest: []byte("name: A\n"), Key: key(), Certificate: certificate})
	must(t, err)
	must(t, gh.Start("127.0.0.1:0"))
	defer gh.Close()
	settings := config.Operator{Data: t.TempDir(), Parallel: 1}
	settings.GitHub.WebURL, settings.GitHub.APIURL, settings.GitHub.App.ID = gh.URL()+"/", gh.APIURL(), gh.AppID()
	settings.GitHub.App.PrivateKey = config.Secret(gh.PrivateKeyPEM())
	clients, err := newClients(settings.GitHub, "test", newMeters(prometheus.NewRegistry()).calls)
	must(t, err)
	ctx := zerolog.New(log).WithContext(t.Context())
	if _, err := clients.token(ctx, store.Repository{ID: 1, Installation: 2}, fetching); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("the API: %v", err)
	}
}
