package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// serve is a server, until it is told to stop. It holds its lock as long as it lives.
func serve(dir, release string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	lock, err := lock(dir, syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		return err
	}
	defer lock.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	told, done := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer done()
	for name, text := range map[string]string{"pid": strconv.Itoa(os.Getpid()), "release": release} {
		if err := write(filepath.Join(dir, name), text); err != nil {
			return err
		}
	}
	if err := write(filepath.Join(dir, "address"), listener.Addr().String()); err != nil {
		return err
	}
	at := &http.Server{Handler: answers(release)}
	context.AfterFunc(told, func() {
		_ = os.Remove(filepath.Join(dir, "address"))
		_ = at.Shutdown(context.Background())
		lock.Close()
		os.Exit(0)
	})
	if err := at.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	select {} // until the last answer is given
}

func answers(release string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, asked *http.Request) {
		health := asked.URL.Path == "/health"
		if strings.HasPrefix(release, "bad") || strings.HasPrefix(release, "flawed") && !health {
			w.WriteHeader(http.StatusInternalServerError)
		}
		fmt.Fprintln(w, release)
	})
}

// start starts a server that outlives us, and waits until it listens.
func start(dir, release string) error {
	if runs(dir) {
		_, ends := address(dir) // one that is being stopped has none any more
		if now, err := os.ReadFile(filepath.Join(dir, "release")); err == nil && ends == nil && string(now) == release {
			return nil
		}
		if err := stop(dir); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	// It must not keep what we were given: whoever runs us may take an open file for a sign that we are still at work.
	for inherited := 3; inherited < 256; inherited++ {
		syscall.CloseOnExec(inherited)
	}
	child := exec.Command(self, "serve", filepath.Base(dir), release)
	child.Dir, child.Stdout, child.Stderr = "/", log, log
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	_ = os.Remove(filepath.Join(dir, "address"))
	if err := child.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	for {
		if _, err := address(dir); err == nil {
			return nil
		}
		select {
		case err := <-ended:
			return fmt.Errorf("%s does not start: %v", filepath.Base(dir), err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// ready asks a server for its health, several times.
func ready(dir string) (err error) {
	for range 5 {
		var at string
		if at, err = address(dir); err == nil {
			var answer *http.Response
			if answer, err = http.Get("http://" + at + "/health"); err == nil {
				answer.Body.Close()
				if answer.StatusCode == http.StatusOK {
					return nil
				}
				err = fmt.Errorf("%s answers %s", filepath.Base(dir), answer.Status)
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

// stop tells a server to stop, and waits until it is gone.
func stop(dir string) error {
	if !runs(dir) {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(string(text))
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return err
	}
	gone, err := lock(dir, syscall.LOCK_EX)
	if err != nil {
		return err
	}
	return gone.Close()
}

func stopAll(place string, which func(name string) bool) error {
	dirs, err := filepath.Glob(server(place, "*"))
	for _, dir := range dirs {
		if which(filepath.Base(dir)) {
			err = errors.Join(err, stop(dir))
		}
	}
	return err
}

func address(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, "address"))
	return string(text), err
}

// runs tells whether a server holds its lock.
func runs(dir string) bool {
	free, err := lock(dir, syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		return errors.Is(err, syscall.EWOULDBLOCK)
	}
	free.Close()
	return false
}

func lock(dir string, how int) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), how); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}
