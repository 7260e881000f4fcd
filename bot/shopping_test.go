package bot

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/promote"
)

// shopping is a recipe at work.
type shopping struct {
	*world
	// shop is the directory of what is deployed.
	shop  string
	files map[string]string
	// number of the newest pull request.
	number int
	*visitor
}

func newShopping(t *testing.T, name, program string) *shopping {
	t.Helper()
	s := &shopping{shop: t.TempDir(), files: map[string]string{}}
	if err := os.Mkdir(filepath.Join(s.shop, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(s.shop, "bin", "shop")); err != nil {
		t.Fatal(err)
	}
	front := s.open(t)
	root := filepath.Join("../testdata/recipes", name)
	// Watches are shorter here, so that it takes fewer samples.
	place := strings.NewReplacer("/tmp/shop", s.shop, "127.0.0.1:8080", front, "for: 5m", "for: 2m", "for: 3m", "for: 1m")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		within, _ := filepath.Rel(root, path)
		s.files[within] = place.Replace(string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s.world = newWorld(t, githubsim.RepositoryOptions{Files: s.files, Private: true})
	s.visitor = visit(t, "http://"+front, filepath.Join(s.shop, "routes"))
	return s
}

// open starts the router, which the recipes take to be there. At the end everything is stopped.
func (s *shopping) open(t *testing.T) (front string) {
	t.Helper()
	run := func(words ...string) *exec.Cmd {
		command := exec.Command(filepath.Join(s.shop, "bin", "shop"), words...)
		command.Env = []string{"SHOP=" + s.shop}
		return command
	}
	router := run("router", "127.0.0.1:0")
	if err := router.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if said, err := run("end").CombinedOutput(); err != nil {
			t.Errorf("end the shop: %v\n%s", err, said)
		}
		if err := router.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := router.Wait(); err != nil {
			t.Error(err)
		}
	})
	waitFor(t, "the router listens", func() bool {
		text, err := os.ReadFile(filepath.Join(s.shop, "router"))
		front = string(text)
		return err == nil
	})
	return front
}

// merge merges another release.
func (s *shopping) merge(release string) {
	s.t.Helper()
	for _, path := range []string{"live/prod/shop/terraform.tfvars", "live/prod/release.tfvars", "modules/replica/release.txt"} {
		if text, there := s.files[path]; there {
			s.number = s.merged(map[string]string{path: strings.Replace(text, "v1", release, 1)})
			return
		}
	}
	s.t.Fatal("nothing in the recipe says its release")
}

// arrived fails the test unless the newest commit has succeeded, and only these servers run.
func (s *shopping) arrived(servers ...string) {
	s.t.Helper()
	prod := s.state().Environments["prod"]
	if prod.Last == nil || prod.Last.Phase != promote.Succeeded || prod.Runs != s.newest().SHA {
		s.t.Fatalf("it has not arrived: %+v\n%s", prod.Last, s.comments())
	}
	s.run(servers...)
}

// comments are what the bot says on the newest pull request.
func (s *shopping) comments() (all string) {
	s.t.Helper()
	pull, err := s.gh.Pull(project, s.number)
	s.try(err)
	for _, entry := range pull.Comments(s.gh.BotLogin()) {
		all += entry.Body + "\n"
	}
	return all
}

// tookBack fails the test unless the newest commit failed in a step, prod is back where it was and held there, and only these
// servers run.
func (s *shopping) tookBack(good, step string, servers ...string) {
	s.t.Helper()
	prod := s.state().Environments["prod"]
	failed := prod.Undone
	if failed == nil || failed.Failure.Step != step || failed.To != s.newest().SHA ||
		prod.Last.Phase != promote.Succeeded || prod.Runs != good || len(prod.Holds) == 0 {
		s.t.Fatalf("it was not taken back after its %s: %+v\n%s", step, prod.Last, s.comments())
	}
	s.run(servers...)
}

// run fails the test unless exactly these servers run.
func (s *shopping) run(want ...string) {
	s.t.Helper()
	var got []string
	addresses, err := filepath.Glob(filepath.Join(s.shop, "servers", "*", "address"))
	s.try(err)
	for _, path := range addresses {
		got = append(got, filepath.Base(filepath.Dir(path)))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("servers (-want +got):\n%s", diff)
	}
}

// somewhat fails the test unless a share of answers is what it is to be, give or take two.
func (s *shopping) somewhat(release string, want int, answers []answer) {
	s.t.Helper()
	got := 0
	for _, one := range answers {
		if one.said == release {
			got++
		}
	}
	if got < want-2 || got > want+2 {
		s.t.Errorf("%s gave %d of %d answers; want %d: %v", release, got, len(answers), want, inTurn(answers))
	}
}

// inTurn are the answers without those that say the same as the one before.
func inTurn(answers []answer, but ...string) (turns []string) {
	for _, one := range answers {
		if !slices.Contains(but, one.said) {
			turns = append(turns, one.said)
		}
	}
	return slices.Compact(turns)
}

func (s *shopping) saw(mark int, want []string, but ...string) {
	s.t.Helper()
	if diff := cmp.Diff(want, inTurn(s.since(mark), but...)); diff != "" {
		s.t.Errorf("visitors saw in turn (-want +got):\n%s", diff)
	}
}
