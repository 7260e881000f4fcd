// Package prometheustest starts a real Prometheus for tests.
package prometheustest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Server is a Prometheus that scrapes one target ten times a second.
type Server struct {
	// URL of the server.
	URL     string
	process *exec.Cmd
	ended   chan struct{}
	said    *bytes.Buffer
}

// Start starts a Prometheus that scrapes what answers at an address, under /metrics. It ends with the test, which is skipped
// where there is no Prometheus.
func Start(t *testing.T, target string) *Server {
	t.Helper()
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("prometheus is not on the PATH; Debian has it as a package of that name")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf("scrape_configs:\n- {job_name: app, scrape_interval: 100ms, scrape_timeout: 100ms, static_configs: [{targets: [%q]}]}\n", target)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	address := FreeAddress(t)
	s := &Server{URL: "http://" + address, ended: make(chan struct{}), said: &bytes.Buffer{}}
	s.process = exec.Command(program, "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address, "--log.level=warn")
	s.process.Env = append(os.Environ(), "GOMAXPROCS=1")
	s.process.Stderr, s.process.Stdout = s.said, s.said
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.ended)
		_ = s.process.Wait() // it is killed: that is how it ends
	}()
	t.Cleanup(s.Kill)
	return s
}

// FreeAddress is one on this host on which nobody listened a moment ago.
func FreeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// Kill ends the server as kill -9 does.
func (s *Server) Kill() {
	_ = s.process.Process.Kill() // it may have ended
	<-s.ended
}

// Ended is closed when the server has ended; then Said is what it wrote.
func (s *Server) Ended() <-chan struct{} { return s.ended }

// Said is what the server wrote; it must have ended.
func (s *Server) Said() string { return s.said.String() }
