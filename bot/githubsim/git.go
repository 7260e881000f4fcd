package githubsim

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// gitDir is the path of a bare repository.
type gitDir string

// environment of the git program: nothing of the host's configuration, so that
// the simulator behaves the same everywhere.
func gitEnvironment() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_TERMINAL_PROMPT=0",
	}
}

// run runs git in the repository and returns what it prints, without the
// newline at the end.
func (d gitDir) run(args ...string) (string, error) { return d.feed(nil, args...) }

// feed is run with input and further environment variables left to git.
func (d gitDir) feed(input []byte, args ...string) (string, error) {
	out, err := d.with(input, nil, args...)
	return strings.TrimSuffix(out, "\n"), err
}

func (d gitDir) with(input []byte, environment []string, args ...string) (string, error) {
	command := exec.Command("git", append([]string{"--git-dir", string(d)}, args...)...)
	command.Env = append(gitEnvironment(), environment...)
	command.Stdin = bytes.NewReader(input)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return stdout.String(), fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// initialise makes an empty bare repository that allows what GitHub allows:
// pushes over HTTP, fetching any commit by its SHA, partial clones; and that
// keeps people from writing the refs of pull requests.
func (d gitDir) initialise(branch string) error {
	if _, err := d.run("init", "--quiet", "--bare", "--initial-branch="+branch, string(d)); err != nil {
		return err
	}
	return d.configure()
}

func (d gitDir) configure() error {
	config := "\n[http]\n\treceivepack = true\n" +
		"[uploadpack]\n\tallowAnySHA1InWant = true\n\tallowFilter = true\n" +
		"[receive]\n\thideRefs = refs/pull\n\thideRefs = refs/heads/gh-readonly-queue\n\tdenyDeletes = false\n" +
		"[gc]\n\tauto = 0\n"
	file, err := os.OpenFile(string(d)+"/config", os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("configure repository: %w", err)
	}
	defer file.Close()
	_, err = file.WriteString(config)
	return err
}

// resolve finds the commit that a ref, a branch, a tag or a SHA stands for.
func (d gitDir) resolve(ref string) (string, bool) {
	if ref == "" || strings.HasPrefix(ref, "-") {
		return "", false
	}
	for _, candidate := range []string{"refs/heads/" + ref, "refs/tags/" + ref, "refs/" + ref, ref} {
		if sha, err := d.run("rev-parse", "--verify", "--quiet", candidate+"^{commit}"); err == nil {
			return sha, true
		}
	}
	return "", false
}

// branch is the commit of a branch, empty if there is none.
func (d gitDir) branch(name string) string {
	sha, err := d.run("rev-parse", "--verify", "--quiet", "refs/heads/"+name+"^{commit}")
	if err != nil {
		return ""
	}
	return sha
}

// branches maps every branch to its commit.
func (d gitDir) branches() (map[string]string, error) {
	out, err := d.run("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads")
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for line := range strings.Lines(out) {
		sha, ref, _ := strings.Cut(strings.TrimSpace(line), " ")
		found[strings.TrimPrefix(ref, "refs/heads/")] = sha
	}
	return found, nil
}

func (d gitDir) setRef(ref, sha string) error {
	_, err := d.run("update-ref", ref, sha)
	return err
}

func (d gitDir) deleteRef(ref string) error {
	_, err := d.run("update-ref", "-d", ref)
	return err
}

// ancestor reports whether old is new or one of its ancestors.
func (d gitDir) ancestor(old, new string) bool {
	_, err := d.run("merge-base", "--is-ancestor", old, new)
	return err == nil
}

// list returns the commits of a range, newest first as git prints them.
func (d gitDir) list(args ...string) ([]string, error) {
	out, err := d.run(append([]string{"rev-list"}, args...)...)
	if err != nil {
		return nil, err
	}
	return strings.Fields(out), nil
}

// borrow fetches one commit with its history from another repository.
func (d gitDir) borrow(from gitDir, sha, ref string) error {
	_, err := d.run("fetch", "--quiet", "--no-tags", string(from), "+"+sha+":"+ref)
	return err
}

// has reports whether the repository has the commit with this full SHA.
func (d gitDir) has(sha string) bool {
	if len(sha) != 40 {
		return false
	}
	_, err := d.run("cat-file", "-e", sha+"^{commit}")
	return err == nil
}
