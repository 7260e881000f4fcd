package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// initialisation is what init would be started with, and what it depends on. Where all of that is what it was the last
// time, what init made then is still there and it need not be started. Nothing is lost where that guess is wrong: a
// plan that fails is made again after a real init.
//
// There are two ways. An instance's own data directory is kept from plan to plan. And where all that init does is to
// write down where the state is, because the code needs no provider from outside and the state is ours to keep, what it
// wrote for one instance serves the others.
type initialisation struct {
	work      Work
	arguments []string
	// path and workspaces where the state is ours to keep; else empty.
	path, workspaces string
	// unread is why the code could not be read, if it could not.
	unread error
	// own is the digest of all that init depends on, shared of that without the place of the state. Empty: it cannot be
	// told, or must not be relied on.
	own, shared string
}

// look fills in the digests.
func (i *initialisation) look(t *terraform) {
	if i.work.Initialised == "" || i.work.apart() || i.unread != nil {
		return
	}
	program, err := os.Stat(t.program)
	if err != nil {
		return
	}
	needs, err := readNeeds(i.work.directory())
	if err != nil {
		return
	}
	i.work.alone = len(needs.providers) == 0
	needs.note("program", t.program, fmt.Sprint(program.Size()), program.ModTime().String())
	needs.note("environment", i.environment(t)...)
	if i.path != "" && len(needs.providers) == 0 {
		i.shared = needs.digest()
	}
	needs.note("workspace", i.work.Instance.Workspace)
	for _, argument := range i.arguments {
		needs.note("argument", argument)
		if file, is := strings.CutPrefix(argument, "-backend-config="); is && filepath.IsAbs(file) {
			content, err := os.ReadFile(file)
			if err != nil {
				i.shared = ""
				return
			}
			needs.note("content", string(content))
		}
	}
	i.own = needs.digest()
}

// environment is what of the engine's variables may change what init does.
func (i *initialisation) environment(t *terraform) (relevant []string) {
	run := t.command(i.work, "init")
	variables := map[string]string{}
	for _, name := range t.settings.Allow {
		if value, set := os.LookupEnv(name); set {
			variables[name] = value
		}
	}
	for name, value := range run.Env {
		variables[name] = value
	}
	for name, value := range variables {
		if strings.HasPrefix(name, "TF_") && !strings.HasPrefix(name, "TF_VAR_") && name != "TF_DATA_DIR" && name != "TF_WORKSPACE" {
			relevant = append(relevant, name+"="+value)
		}
		if name == "TF_CLI_CONFIG_FILE" {
			content, _ := os.ReadFile(value) // one that is not there is the engine's to tell
			sum := sha256.Sum256(content)
			relevant = append(relevant, hex.EncodeToString(sum[:]))
		}
	}
	slices.Sort(relevant)
	return relevant
}

func (i *initialisation) mark() string     { return i.work.scratch("initialised") }
func (i *initialisation) data() string     { return i.work.scratch("data") }
func (i *initialisation) template() string { return filepath.Join(i.work.Initialised, i.shared) }

// done tells whether the data directory is as init would leave it, and makes it so where another instance's serves.
func (i *initialisation) done() bool {
	if i.own == "" {
		return false
	}
	if mark, err := os.ReadFile(i.mark()); err == nil && string(mark) == i.own {
		return true
	}
	if i.shared == "" || i.copyTemplate() != nil {
		return false
	}
	return writeInOneStep(i.mark(), []byte(i.own)) == nil
}

// begin says that the data directory is not to be relied on while init writes to it.
func (i *initialisation) begin() error {
	if err := os.Remove(i.mark()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("initialise %s: %w", i.work.Instance.Name(), err)
	}
	return nil
}

// keep notes that init has succeeded. It is no error where that cannot be noted: then it is started again.
func (i *initialisation) keep(lockBefore []byte) {
	lock, err := os.ReadFile(filepath.Join(i.work.directory(), lockName))
	if i.own == "" || err != nil && !errors.Is(err, fs.ErrNotExist) || !bytes.Equal(lock, lockBefore) {
		return // what init wrote beside the code is not there the next time
	}
	if writeInOneStep(i.mark(), []byte(i.own)) == nil && i.shared != "" {
		_ = i.makeTemplate()
	}
}

func (i *initialisation) lock() []byte {
	content, _ := os.ReadFile(filepath.Join(i.work.directory(), lockName))
	return content
}

// backendFile is where init writes down where the state is, in the data directory.
const backendFile = "terraform.tfstate"

// makeTemplate keeps what init made for other instances. Whoever comes first wins.
func (i *initialisation) makeTemplate() error {
	if _, err := os.Stat(i.template()); err == nil {
		return nil
	}
	if err := os.MkdirAll(i.work.Initialised, 0o700); err != nil {
		return err
	}
	making, err := os.MkdirTemp(i.work.Initialised, ".making-*")
	if err != nil {
		return err
	}
	err = errors.Join(os.CopyFS(filepath.Join(making, "data"), os.DirFS(i.data())))
	if err == nil {
		err = os.Rename(filepath.Join(making, "data"), i.template())
	}
	return errors.Join(err, os.RemoveAll(making))
}

// copyTemplate makes the data directory from that of another instance: the same, but for the place of the state.
func (i *initialisation) copyTemplate() error {
	content, err := os.ReadFile(filepath.Join(i.template(), backendFile))
	if err != nil {
		return err
	}
	var state map[string]any
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	if err := decoder.Decode(&state); err != nil {
		return err
	}
	backend, _ := state["backend"].(map[string]any)
	config, _ := backend["config"].(map[string]any)
	if backend["type"] != "local" || config["path"] == nil || config["workspace_dir"] == nil {
		return errors.New("init has not written down the place of the state as we know it")
	}
	config["path"], config["workspace_dir"] = i.path, i.workspaces
	if content, err = json.MarshalIndent(state, "", "  "); err != nil {
		return err
	}
	if err := os.RemoveAll(i.data()); err != nil {
		return err
	}
	if err := os.CopyFS(i.data(), os.DirFS(i.template())); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(i.data(), backendFile), content, 0o600)
}
