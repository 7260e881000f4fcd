package bot

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestRecipes deploys the repositories in testdata/recipes with terraform: real servers behind a real router, with somebody
// who asks all the time.
func TestRecipes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("terraform and servers take their time")
	}
	for _, program := range []string{"terraform", "go"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not on the PATH; the recipes need the real one")
		}
	}
	shop := filepath.Join(t.TempDir(), "shop")
	if said, err := exec.Command("go", "build", "-o", shop, "../testdata/recipes/shop").CombinedOutput(); err != nil {
		t.Fatalf("build the shop: %v\n%s", err, said)
	}
	for name, play := range map[string]func(*shopping){"canary": (*shopping).canary, "rolling": (*shopping).rolling, "blue-green": (*shopping).blueGreen, "recreate": (*shopping).recreate} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(newShopping(t, name, shop))
		})
	}
}

func (s *shopping) canary() {
	s.merge("v2")
	s.passes(5 * time.Minute)
	s.arrived("v2")

	begin := s.mark()
	s.merge("v3")
	s.somewhat("v3", 10, s.more(100))
	s.run("v2", "v3")
	s.passes(2 * time.Minute)
	s.somewhat("v3", 50, s.more(100))
	s.passes(2 * time.Minute)
	s.somewhat("v3", 50, s.more(50))
	s.passes(time.Minute)
	s.arrived("v3")
	good := s.newest().SHA
	for _, one := range s.since(begin) {
		if one.said != "v2" && one.said != "v3" {
			s.t.Errorf("while v3 came in, somebody got %q", one.said)
		}
	}

	begin = s.mark()
	s.merge("bad")
	s.somewhat("bad: 500", 10, s.more(100))
	s.passes(time.Minute)
	s.somewhat("v3", 50, s.more(50))
	all := s.since(begin)
	s.somewhat("v3", len(all)-s.count("bad: 500", all), all)
	if bad := s.count("bad: 500", all); bad > len(all)/10+2 {
		s.t.Errorf("%d of %d answers were of the bad release", bad, len(all))
	}
	s.passes(time.Minute)
	s.tookBack(good, "watch", "v3")
}

func (s *shopping) rolling() {
	s.merge("v2")
	s.passes(4 * time.Minute)
	s.arrived("shop-1", "shop-2", "shop-3")

	begin := s.mark()
	s.merge("v3")
	s.somewhat("v3", 30, s.more(90))
	s.passes(2 * time.Minute)
	s.somewhat("v3", 60, s.more(90))
	s.passes(time.Minute)
	s.somewhat("v3", 50, s.more(50))
	s.passes(time.Minute)
	s.arrived("shop-1", "shop-2", "shop-3")
	good := s.newest().SHA

	s.merge("bad") // it is not even let in
	s.somewhat("v3", 50, s.more(50))
	s.passes(time.Minute)
	s.tookBack(good, "apply", "shop-1", "shop-2", "shop-3")
	for _, one := range s.since(begin) {
		if one.servers < 2 || one.said != "v2" && one.said != "v3" {
			s.t.Errorf("somebody got %q of %d servers", one.said, one.servers)
		}
	}
}

func (s *shopping) blueGreen() {
	s.merge("v2")
	s.passes(4 * time.Minute)
	s.arrived("v2")

	begin := s.mark()
	s.merge("v3")
	s.somewhat("v3", 50, s.more(50))
	s.run("v2", "v3")
	s.passes(2 * time.Minute)
	s.arrived("v3")
	good := s.newest().SHA
	s.saw(begin, []string{"v2", "v3"})

	begin = s.mark()
	s.merge("bad") // it does not pass the probe
	s.more(1)
	s.saw(begin, []string{"v3"})
	s.tookBack(good, "verify", "v3")

	begin = s.mark()
	s.merge("flawed") // it does, and is bad all the same
	s.comment("carol", s.number, "/unhold prod because the next one is better")
	s.settle()
	s.somewhat("flawed: 500", 50, s.more(50))
	s.passes(time.Minute)
	s.more(1)
	s.saw(begin, []string{"v3", "flawed: 500", "v3"})
	s.tookBack(good, "watch", "flawed", "v3")
}

func (s *shopping) recreate() {
	s.merge("v2")
	s.passes(time.Minute)
	s.arrived("shop")

	begin := s.mark()
	s.merge("v3")
	s.passes(time.Minute)
	s.more(1)
	s.arrived("shop")
	good := s.newest().SHA
	s.saw(begin, []string{"v2", "v3"}, down)

	begin = s.mark()
	s.merge("bad")
	s.passes(time.Minute)
	s.more(1)
	s.saw(begin, []string{"v3", "bad: 500", "v3"}, down)
	s.tookBack(good, "verify", "shop")
}
