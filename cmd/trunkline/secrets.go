package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// secretVariables hold the App's secrets. Engines run as the same user as the server, and the kernel shows to all
// processes of a user with which environment each of them was started (/proc/<pid>/environ, ps), whatever the process
// has unset since. So the server starts itself once more without these, and is handed their values through a pipe.
var secretVariables = []string{"GITHUB_APP_PRIVATE_KEY", "GITHUB_APP_WEBHOOK_SECRET", "GITHUB_OAUTH_CLIENT_SECRET", workerToken}

// secretsPipe is the variable with the number of the open file from which the secrets are read, once.
const secretsPipe = "TRUNKLINE_SECRETS_FD"

// secrets are the values of secretVariables that were set.
type secrets map[string]string

// lookup finds a variable among the secrets, or else in the environment.
func (s secrets) lookup(name string) (string, bool) {
	if value, there := s[name]; there {
		return value, true
	}
	return os.LookupEnv(name)
}

// takeSecrets returns the App's secrets, in a process whose environment does not hold them: where it does, the program
// is started anew in this same process, and takeSecrets returns only in that one. It has to come before signals are
// caught, since one that is caught here would not reach the program started anew.
func takeSecrets() (secrets, error) {
	held := secrets{}
	for _, name := range secretVariables {
		if value := os.Getenv(name); value != "" {
			held[name] = value
		}
	}
	if len(held) > 0 {
		return nil, fmt.Errorf("take the App's secrets out of the environment: %w", startWithout(held))
	}
	number := os.Getenv(secretsPipe)
	if number == "" {
		return held, nil
	}
	if err := os.Unsetenv(secretsPipe); err != nil {
		return nil, err
	}
	if err := held.read(number); err != nil {
		return nil, fmt.Errorf("read the App's secrets from the file named by %s: %w", secretsPipe, err)
	}
	return held, nil
}

// startWithout replaces this program by itself, with the same arguments, process id, open files and environment except
// for the secrets, which wait in a pipe. It returns only if that fails.
func startWithout(held secrets) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	text, err := json.Marshal(held)
	if err != nil {
		return err
	}
	var pipe [2]int
	if err := syscall.Pipe(pipe[:]); err != nil {
		return fmt.Errorf("make a pipe: %w", err)
	}
	// Its end is read when nobody can write any more, so what writes must not stay open in the program started anew.
	syscall.CloseOnExec(pipe[1])
	// Nobody reads yet: a pipe that is full must be an error, not a wait for ever.
	if err := syscall.SetNonblock(pipe[1], true); err != nil {
		return err
	}
	if n, err := syscall.Write(pipe[1], text); err != nil || n < len(text) {
		return errors.Join(fmt.Errorf("%d bytes do not fit into a pipe; are these a key and a webhook secret?", len(text)), err)
	}
	environment := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return name == secretsPipe || slices.Contains(secretVariables, name)
	})
	environment = append(environment, secretsPipe+"="+strconv.Itoa(pipe[0]))
	return fmt.Errorf("start %s anew: %w", program, syscall.Exec(program, os.Args, environment))
}

// read reads the secrets from an open file, and closes it.
func (s secrets) read(number string) error {
	fd, err := strconv.Atoi(number)
	if err != nil || fd <= 2 {
		return fmt.Errorf("%q is not the number of one; Trunkline sets this variable itself", number)
	}
	file := os.NewFile(uintptr(fd), secretsPipe)
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &s)
}
