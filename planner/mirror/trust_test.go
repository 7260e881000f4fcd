package mirror

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A remote is certified by the authorities that it is said to be, whatever the host's variables say, and by no others.
func TestTrust(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_SSL_CAINFO", "/nowhere/ca.pem")
	for _, trusted := range []string{file, ""} {
		m := Open(t.TempDir(), server.URL+"/acme/infra.git", nil)
		m.Trust(trusted)
		err := m.Fetch(t.Context(), "+refs/heads/main:refs/heads/main")
		if err == nil || strings.Contains(err.Error(), "not found") != (trusted != "") {
			t.Errorf("with the authorities %q: %v", trusted, err)
		}
	}
}
