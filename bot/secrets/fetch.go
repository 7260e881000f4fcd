package secrets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/process"
)

// Errors of sources.
var (
	errNotSet = errors.New("the server was started without the variable")
	errNoFile = errors.New("it is no plain file")
)

// fetch gets the value from its source, as it is save for one newline at its end, which editors and programs add.
func (r *Reader) fetch(ctx context.Context, place Place, name config.SecretName, source config.SecretSource) (string, error) {
	switch source.Kind() {
	case "file":
		text, err := readFile(source.File)
		return withoutNewline(text), err
	case "variable":
		value, set := r.Lookup(source.Variable)
		if !set {
			return "", errNotSet
		}
		return value, nil
	}
	text, err := process.Capture{Name: source.Command[0], Args: source.Command[1:], Timeout: source.Timeout, Most: mostBytes + 1,
		Env: map[string]string{"TRUNKLINE_REPOSITORY": place.Name, "TRUNKLINE_REPOSITORY_ID": fmt.Sprint(place.Repository),
			"TRUNKLINE_ENVIRONMENT": place.Environment, "TRUNKLINE_SECRET": name.From}}.Output(ctx)
	return withoutNewline(text), err
}

func withoutNewline(text []byte) string {
	value, cut := strings.CutSuffix(string(text), "\n")
	if cut {
		value = strings.TrimSuffix(value, "\r")
	}
	return value
}

// readFile reads a file of no more than a value may have. A pipe or a device could keep us waiting for ever.
func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNoFile
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, mostBytes+2))
}

// why is an error in words that give nothing away: no path, no argument, and nothing that a program has said.
func why(source config.SecretSource, err error) string {
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, exec.ErrDot):
		return "the program of its command is not on the server's PATH"
	case errors.Is(err, process.ErrTimeout):
		return "its command took longer than it may, and was stopped"
	case errors.Is(err, process.ErrTooMuchOutput):
		return fmt.Sprintf("its command printed more than %d bytes", mostBytes)
	case errors.Is(err, process.ErrExit):
		return "its command failed with exit code " + strings.TrimPrefix(err.Error(), process.ErrExit.Error()+": ")
	case errors.Is(err, fs.ErrNotExist):
		return "its " + source.Kind() + " is not there"
	case errors.Is(err, fs.ErrPermission):
		return "the server may not read its " + source.Kind()
	case errors.Is(err, errNotSet):
		return "the server was started without its variable"
	case errors.Is(err, errNoFile):
		return "its file is no plain file"
	}
	return "its " + source.Kind() + " failed; the server's log says more"
}
