package mirror

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// origin is a repository that mirrors are made of.
type origin struct {
	t   *testing.T
	dir string
}

func newOrigin(t *testing.T) *origin {
	t.Helper()
	o := &origin{t: t, dir: t.TempDir()}
	o.git("init", "--quiet", "--initial-branch=main")
	return o
}

func (o *origin) git(arguments ...string) string {
	o.t.Helper()
	command := exec.Command("git", arguments...)
	command.Dir = o.dir
	command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + o.dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=Alice", "GIT_AUTHOR_EMAIL=alice@example.com",
		"GIT_COMMITTER_NAME=Alice", "GIT_COMMITTER_EMAIL=alice@example.com",
	}
	output, err := command.CombinedOutput()
	if err != nil {
		o.t.Fatalf("git %v: %v\n%s", arguments, err, output)
	}
	return strings.TrimSpace(string(output))
}

// commit writes files, in pairs of path and content, and commits everything.
func (o *origin) commit(message string, files ...string) string {
	o.t.Helper()
	for pair := range slices.Chunk(files, 2) {
		path := filepath.Join(o.dir, pair[0])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			o.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(pair[1]), 0o644); err != nil {
			o.t.Fatal(err)
		}
	}
	o.git("add", "--all")
	o.git("commit", "--quiet", "--allow-empty", "-m", message)
	return o.git("rev-parse", "HEAD")
}

const everything = "+refs/heads/*:refs/heads/*"

func (o *origin) mirror() *Mirror {
	o.t.Helper()
	mirror := Open(filepath.Join(o.t.TempDir(), "mirror"), o.dir, nil)
	if err := mirror.Fetch(o.t.Context(), everything); err != nil {
		o.t.Fatal(err)
	}
	return mirror
}

func TestCommits(t *testing.T) {
	t.Parallel()
	origin := newOrigin(t)
	first := origin.commit("First", "a", "1")
	origin.git("checkout", "--quiet", "-b", "topic")
	topic := origin.commit("Topic\n\nwith a body", "b", "1")
	origin.git("checkout", "--quiet", "main")
	origin.git("merge", "--quiet", "--no-ff", "-m", "Merge topic (#7)", "topic")
	merge := origin.git("rev-parse", "HEAD")
	last := origin.commit("Last", "a", "2")
	mirror, ctx := origin.mirror(), t.Context()

	tip, err := mirror.Tip(ctx, "refs/heads/main")
	if err != nil || tip != last {
		t.Errorf("tip %s, %v; want %s", tip, err, last)
	}
	if tip, err := mirror.Tip(ctx, "refs/heads/none"); err != nil || tip != "" {
		t.Errorf("tip of a branch that is not there: %q, %v", tip, err)
	}
	commits, err := mirror.FirstParents(ctx, first, last)
	if err != nil {
		t.Fatal(err)
	}
	alice := func(sha, subject string, parents ...string) Commit {
		return Commit{SHA: sha, Subject: subject, AuthorName: "Alice", AuthorEmail: "alice@example.com", Parents: parents}
	}
	want := []Commit{alice(merge, "Merge topic (#7)", first, topic), alice(last, "Last", merge)}
	if diff := cmp.Diff(want, commits); diff != "" {
		t.Error(diff)
	}
	if commits, err := mirror.FirstParents(ctx, last, last); err != nil || len(commits) != 0 {
		t.Errorf("an empty range has %v, %v", commits, err)
	}
	if commits, err := mirror.FirstParents(ctx, "", first); err != nil || len(commits) != 1 {
		t.Errorf("from the beginning: %v, %v", commits, err)
	}
	for _, test := range []struct {
		ancestor, descendant string
		want                 bool
	}{{first, last, true}, {last, last, true}, {last, first, false}, {topic, merge, true}} {
		if got, err := mirror.IsAncestor(ctx, test.ancestor, test.descendant); err != nil || got != test.want {
			t.Errorf("IsAncestor(%s, %s) = %v, %v", test.ancestor, test.descendant, got, err)
		}
	}
	if has, err := mirror.Has(ctx, first); err != nil || !has {
		t.Errorf("has the first commit: %v, %v", has, err)
	}
	if has, err := mirror.Has(ctx, strings.Repeat("0", 40)); err != nil || has {
		t.Errorf("has a commit that is not there: %v, %v", has, err)
	}
	if err := mirror.Tidy(ctx); err != nil {
		t.Error(err)
	}
}

// A fetch that is killed must not leave a commit without its files, nor may one that is under way: what it gets comes as a
// pack, which is there as a whole or not at all.
func TestWhatIsFetchedComesAtOnce(t *testing.T) {
	t.Parallel()
	origin := newOrigin(t)
	origin.commit("First", "a", "1", "folder/b", "1")
	mirror := origin.mirror()
	origin.commit("Second", "folder/b", "2")
	if err := mirror.Fetch(t.Context(), everything); err != nil {
		t.Fatal(err)
	}
	count, err := mirror.run(t.Context(), invocation{args: []string{"count-objects"}})
	if err != nil || !strings.HasPrefix(count, "0 objects") {
		t.Errorf("fetching left one by one %s, %v", count, err)
	}
}

func TestMergeTree(t *testing.T) {
	t.Parallel()
	origin := newOrigin(t)
	base := origin.commit("Base", "a", "1\n", "b", "1\n")
	origin.git("checkout", "--quiet", "-b", "clean")
	clean := origin.commit("Clean", "b", "2\n")
	origin.git("checkout", "--quiet", "-b", "clash", base)
	clash := origin.commit("Clash", "a", "3\n", "b", "1\n")
	origin.git("checkout", "--quiet", "main")
	trunk := origin.commit("Trunk", "a", "2\n")
	mirror, ctx := origin.mirror(), t.Context()

	merged, err := mirror.MergeTree(ctx, trunk, clean)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a": "2\n", "b": "2\n"} {
		if content, err := mirror.ReadFile(ctx, merged, name); err != nil || string(content) != want {
			t.Errorf("%s is %q, %v", name, content, err)
		}
	}
	again, err := origin.mirror().MergeTree(ctx, trunk, clean)
	if err != nil || again != merged {
		t.Errorf("another mirror merged to %s, %v; want %s", again, err, merged)
	}
	if same, err := mirror.MergeTree(ctx, trunk, base); err != nil || same != trunk {
		t.Errorf("merging what is merged gives %s, %v", same, err)
	}
	_, err = mirror.MergeTree(ctx, trunk, clash)
	var conflict *Conflict
	if !errors.As(err, &conflict) || !slices.Equal(conflict.Files, []string{"a"}) {
		t.Errorf("the conflict is %v", err)
	}
}

func TestTree(t *testing.T) {
	t.Parallel()
	origin := newOrigin(t)
	if err := os.Symlink("../b/file", filepath.Join(origin.dir, "link")); err != nil {
		t.Fatal(err)
	}
	commit := origin.commit("First", "a b/c/deep", "deep", "a-z", "z", "empty", "", "näme\t1", "odd")
	mirror, ctx := origin.mirror(), t.Context()
	tree, err := mirror.Tree(ctx, commit)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a b/c/deep", "a-z", "empty", "link", "näme\t1"}, tree.Files()); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{"a b/c/deep": "deep", "empty": "", "link": "../b/file", "näme\t1": "odd"} {
		if content, err := tree.Read(ctx, name); err != nil || string(content) != want {
			t.Errorf("%s is %q, %v", name, content, err)
		}
	}
	if _, err := tree.Read(ctx, "none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading what is not there: %v", err)
	}
	if got, want := tree.DirectoryID("a b/c"), origin.git("rev-parse", "HEAD:a b/c"); got != want {
		t.Errorf("DirectoryID is %s, want %s", got, want)
	}
	if got := tree.Under("a b"); len(got) != 2 || got[1].Path != "a b/c/deep" {
		t.Errorf("Under is %v", got)
	}
	if got := tree.In(""); len(got) != 5 {
		t.Errorf("In the root are %v", got)
	}
	if _, err := mirror.ReadFile(ctx, commit, "../etc/passwd"); err == nil {
		t.Error("a path outside of the repository was read")
	}
	if _, err := mirror.ReadFile(ctx, commit, ".github/trunkline.yml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading what is not there: %v", err)
	}
	origin.commit("Big", "big", strings.Repeat("x", MaxFile+1))
	if err := mirror.Fetch(ctx, everything); err != nil {
		t.Fatal(err)
	}
	tip, _ := mirror.Tip(ctx, "refs/heads/main")
	if _, err := mirror.ReadFile(ctx, tip, "big"); !errors.Is(err, ErrTooBig) {
		t.Errorf("reading a big file: %v", err)
	}
}

func TestWorktree(t *testing.T) {
	t.Parallel()
	origin := newOrigin(t)
	first := origin.commit("First", "file", "1")
	second := origin.commit("Second", "file", "2")
	mirror, ctx := origin.mirror(), t.Context()
	var all sync.WaitGroup
	for i := range 8 {
		sha, want := first, "1"
		if i%2 == 1 {
			sha, want = second, "2"
		}
		all.Go(func() {
			worktree, err := mirror.Worktree(ctx, sha)
			if err != nil {
				t.Error(err)
				return
			}
			if content, err := os.ReadFile(filepath.Join(worktree.Dir, "file")); err != nil || string(content) != want {
				t.Errorf("the file holds %q, %v", content, err)
			}
			command := exec.Command("git", "status", "--porcelain=v2", "--branch")
			command.Dir = worktree.Dir
			if status, err := command.Output(); err != nil || string(status) != "# branch.oid "+sha+"\n# branch.head (detached)\n" {
				t.Errorf("git says %q, %v", status, err)
			}
			worktree.Release()
			if _, err := os.Stat(worktree.Dir); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("after Release: %v", err)
			}
		})
	}
	all.Wait()
	if left, _ := filepath.Glob(filepath.Join(mirror.bare(), "worktrees", "*")); len(left) > 0 {
		t.Errorf("git still knows %v", left)
	}
}

func TestLeftoversOfAKilledProcess(t *testing.T) {
	t.Parallel()
	origin := newOrigin(t)
	sha := origin.commit("First", "file", "1")
	mirror, ctx := origin.mirror(), t.Context()
	used, err := mirror.Worktree(ctx, sha)
	if err != nil {
		t.Fatal(err)
	}
	left, err := mirror.Worktree(ctx, sha)
	if err != nil {
		t.Fatal(err)
	}
	left.Lock.Release() // as the end of its process would
	stale := []string{"packed-refs.lock", "shallow.lock", "config.lock", "refs/heads/main.lock", "HEAD.lock"}
	for _, name := range stale {
		if err := os.WriteFile(filepath.Join(mirror.bare(), name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	origin.commit("Second", "file", "2")
	next := Open(mirror.dir, origin.dir, nil)
	if err := next.Fetch(ctx, everything); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left.Dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the leftover is there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(used.Dir, "file")); err != nil {
		t.Errorf("the worktree in use is not there: %v", err)
	}
	// One that turns up later, too.
	if err := os.WriteFile(filepath.Join(mirror.bare(), "refs/heads/main.lock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	origin.commit("Third", "file", "3")
	if err := next.Fetch(ctx, everything); err != nil {
		t.Error(err)
	}
	used.Release()
}

func TestTokenGoesInAHeader(t *testing.T) {
	t.Parallel()
	execPath, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		t.Fatal(err)
	}
	origin := newOrigin(t)
	sha := origin.commit("First", "file", "1")
	backend := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(execPath)), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + origin.dir, "GIT_HTTP_EXPORT_ALL=1"},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); !ok || user != "x-access-token" || password != "ghs_good" {
			w.Header().Set("WWW-Authenticate", `Basic realm="GitHub"`)
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	token := "ghs_bad"
	mirror := Open(filepath.Join(t.TempDir(), "mirror"), server.URL+"/.git", func(context.Context) (string, error) { return token, nil })
	err = mirror.Fetch(t.Context(), everything)
	if err == nil || strings.Contains(err.Error(), token) {
		t.Errorf("with a bad token: %v", err)
	}
	token = "ghs_good"
	if err := mirror.Fetch(t.Context(), everything); err != nil {
		t.Fatal(err)
	}
	if tip, err := mirror.Tip(t.Context(), "refs/heads/main"); err != nil || tip != sha {
		t.Errorf("tip %s, %v", tip, err)
	}
	err = filepath.WalkDir(mirror.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		if content, err := os.ReadFile(path); err != nil || strings.Contains(string(content), "ghs_") {
			return fmt.Errorf("%s: %w holds the token", path, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	mirror, ctx := newOrigin(t).mirror(), t.Context()
	for _, sha := range []string{"", "HEAD", "--help", "abc", strings.Repeat("A", 40), strings.Repeat("a", 41)} {
		if _, err := mirror.Tree(ctx, sha); err == nil {
			t.Errorf("%q passed for a SHA", sha)
		}
	}
	for _, ref := range []string{"main", "-x", "refs/heads/-", "refs/heads/a..b", "refs/heads/a b", "refs/heads/a.lock", "refs/heads/*", "refs/heads/a^", "refs/heads/"} {
		if _, err := mirror.Tip(ctx, ref); err == nil && ref != "refs/heads/-" {
			t.Errorf("%q passed for a ref", ref)
		}
	}
	for _, refspec := range []string{"--upload-pack=touch x", "main", "refs/heads/*:refs/heads/x", "refs/heads/a:b", "ext::sh"} {
		if err := mirror.Fetch(ctx, refspec); err == nil {
			t.Errorf("%q passed for a refspec", refspec)
		}
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	origin := newOrigin(t)
	sha := origin.commit("First", "file", "1")
	mirror := origin.mirror()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("closed"))
	if _, err := mirror.Tree(ctx, sha); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("error is %v", err)
	}
}
