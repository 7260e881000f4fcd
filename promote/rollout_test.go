package promote

import "testing"

func TestRides(t *testing.T) {
	t.Parallel()
	own := Commit{SHA: "a", Position: 2, Pull: 1}
	rebased := Commit{SHA: "b", Position: 3, Pull: 1}
	direct := Commit{SHA: "c", Position: 4}
	newer := Commit{SHA: "d", Position: 5, Pull: 2}
	to := func(status Status, commits ...Commit) Stage {
		return Stage{Status: status, Range: Range{To: commits[len(commits)-1], Commits: commits}}
	}
	there, upstream := to(Converged, own, newer), Stage{Status: HeldBack}
	for name, test := range map[string]struct {
		stages []Stage
		want   bool
	}{
		"no environments":               {nil, false},
		"converged":                     {[]Stage{there, there}, false},
		"the newest":                    {[]Stage{there, to(Ready, own), upstream}, false},
		"with a newer pull request":     {[]Stage{there, to(Ready, own, newer), upstream}, true},
		"with more after that":          {[]Stage{to(Deploying, own, newer, direct)}, true},
		"with a direct commit":          {[]Stage{there, to(Ready, own, direct)}, false},
		"with more of the same":         {[]Stage{to(Ready, own, rebased)}, false},
		"in one environment of two":     {[]Stage{to(Stopped, own, newer), to(Ready, own)}, false},
		"nothing but what comes before": {[]Stage{upstream}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := (Rollout{Commit: own, Stages: test.stages}).Rides(); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
