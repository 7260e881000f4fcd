package promote

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/config"
)

// jobState is a repository whose prod is deployed by jobs and comes after staging, which is deployed by us.
func jobState() State {
	at := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	commit := func(sha string, position int64, pull int) Commit {
		return Commit{SHA: sha, Position: position, Pull: pull, Merged: at}
	}
	return State{
		Now:   at.Add(time.Hour),
		Trunk: []Commit{commit("aaaaaaa1", 1, 1), commit("bbbbbbb2", 2, 2), commit("ccccccc3", 3, 3)},
		Rules: config.Repository{Environments: []config.Environment{
			{Name: "staging", Promote: config.Auto},
			{Name: "prod", After: []string{"staging"}, Promote: config.Manual, Runner: config.Runner{Kind: config.RunnerJobs}},
		}},
		Environments: map[string]Environment{
			"staging": {Name: "staging", Runs: "bbbbbbb2", Since: at},
			"prod":    {Name: "prod", Runs: "aaaaaaa1"},
		},
	}
}

func job(sha string, position int64) Job {
	at := time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)
	return Job{ID: 1, Environment: "Prod", Run: 7, SHA: sha, Position: position, Phase: JobWaiting, Asked: at, Heard: at}
}

// A job goes exactly when its environment is brought to its commit or runs it, is refused where that cannot come any more, and
// waits otherwise.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	deploying := func(to string, phase Phase, steps ...Step) func(*State, *Job) {
		return func(s *State, _ *Job) {
			e := s.Environments["prod"]
			e.Last = &Deployment{ID: 5, Environment: "prod", From: "aaaaaaa1", To: to, Phase: phase, Steps: steps, Started: s.Now}
			if !phase.Live() {
				e.Last.Finished = s.Now
			}
			s.Environments["prod"] = e
		}
	}
	begun := Step{Kind: StepJobs, Name: JobsStep, Phase: StepRunning}
	for _, test := range []struct {
		name     string
		sha      string
		position int64
		change   func(*State, *Job)
		want     JobAnswer
		says     string
	}{
		{"what could be promoted", "bbbbbbb2", 2, nil, JobWaits, "/promote prod"},
		{"what staging has not proven", "ccccccc3", 3, nil, JobWaits, "staging has not proven ccccccc"},
		{"what prod runs", "aaaaaaa1", 1, nil, JobApproved, "runs aaaaaaa"},
		{"what prod runs, held", "aaaaaaa1", 1, func(s *State, _ *Job) {
			e := s.Environments["prod"]
			e.Holds = []Hold{{Reason: "an incident", From: s.Now.Add(-time.Minute)}}
			s.Environments["prod"] = e
		}, JobWaits, "/unhold prod"},
		{"older than what prod runs", "0000000f", 0, func(_ *State, j *Job) { j.Position = -5 }, JobRejected, "/rollback prod to 0000000"},
		{"planned", "bbbbbbb2", 2, deploying("bbbbbbb2", Planning), JobWaits, ""},
		{"before the hooks have run", "bbbbbbb2", 2, deploying("bbbbbbb2", Applying), JobWaits, ""},
		{"let go", "bbbbbbb2", 2, deploying("bbbbbbb2", Applying, begun), JobApproved, "is brought to bbbbbbb"},
		{"late", "bbbbbbb2", 2, deploying("bbbbbbb2", Verifying, begun), JobApproved, ""},
		{"an older one meanwhile", "bbbbbbb2", 2, deploying("ccccccc3", Applying, begun), JobRejected, "#2 rides with #3"},
		{"a newer one meanwhile", "ccccccc3", 3, deploying("bbbbbbb2", Applying, begun), JobWaits, "is being brought to bbbbbbb first"},
		{"stopped", "bbbbbbb2", 2, func(s *State, j *Job) {
			deploying("bbbbbbb2", Aborted)(s, j)
			s.Environments["prod"].Last.Failure = &Failure{Message: "alice stopped it. What is applied stays applied."}
		}, JobRejected, "alice stopped the deployment"},
		{"asked after it was stopped", "bbbbbbb2", 2, func(s *State, j *Job) {
			deploying("bbbbbbb2", Aborted)(s, j)
			j.Heard = s.Now.Add(time.Second)
		}, JobWaits, "/promote prod"},
		{"superseded by what waits", "bbbbbbb2", 2, func(s *State, _ *Job) {
			s.Environments["staging"] = Environment{Name: "staging", Runs: "ccccccc3"}
		}, JobRejected, "#2 rides with #3"},
		{"not on trunk", "ddddddd4", 0, func(_ *State, j *Job) { j.Elsewhere = true }, JobRejected, "not on trunk"},
		{"not seen yet", "ddddddd4", 0, nil, JobWaits, "looked for"},
		{"an unknown environment", "bbbbbbb2", 2, func(_ *State, j *Job) { j.Environment = "prd" }, JobRejected, "no environment"},
		{"ours", "bbbbbbb2", 2, func(_ *State, j *Job) { j.Environment, j.Ours = "staging", true }, JobApproved, "itself"},
		{"perhaps ours", "bbbbbbb2", 2, func(_ *State, j *Job) { j.Environment, j.MaybeOurs = "staging", true }, JobWaits, ""},
		{"where Trunkline deploys", "bbbbbbb2", 2, func(_ *State, j *Job) { j.Environment = "staging" }, JobRejected, "`runner: jobs`"},
		{"a broken configuration", "bbbbbbb2", 2, func(s *State, _ *Job) { s.Problems = config.Problems{{Message: "broken"}} }, JobWaits, "has an error"},
		{"for 28 days", "bbbbbbb2", 2, func(s *State, j *Job) { j.Asked = s.Now.Add(-28 * 24 * time.Hour) }, JobWaits, "this one fails at"},
	} {
		state, waiting := jobState(), job(test.sha, test.position)
		if test.change != nil {
			test.change(&state, &waiting)
		}
		got := Verdicts(state, []Job{waiting})[1]
		if got.Answer != test.want || !strings.Contains(got.Text, test.says) {
			t.Errorf("%s: %q with %q, want %q with %q", test.name, got.Answer, got.Text, test.want, test.says)
		}
		if wantsFor := test.name == "let go" || test.name == "late"; wantsFor != (got.For == 5) {
			t.Errorf("%s: let go for deployment %d", test.name, got.For)
		}
	}
}

// What was let go for another deployment, or is older than one, does not count.
func TestJobsThatCount(t *testing.T) {
	t.Parallel()
	found := JobsOf([]Job{
		{ID: 1, Phase: JobPassed, For: 5},
		{ID: 2, Phase: JobPassed, For: 4, EndedAfter: 4},
		{ID: 3, Phase: JobPassed, EndedAfter: 4},
		{ID: 4, Phase: JobPassed, EndedAfter: 3},
		{ID: 5, Phase: JobFailed, For: 5},
		{ID: 6, Phase: JobFailed, EndedAfter: 4},
		{ID: 7, Phase: JobFailed, For: 5, Answer: JobRejected},
		{ID: 8, Phase: JobRunning, For: 4},
		{ID: 9, Phase: JobWaiting, Run: 3},
	}, 5, 4)
	ids := func(jobs []Job) (all []int64) {
		for _, one := range jobs {
			all = append(all, one.ID)
		}
		return all
	}
	got := [][]int64{ids(found.Passed), ids(found.Failed), ids(found.Running), ids(found.Waiting), found.Runs()}
	if diff := cmp.Diff([][]int64{{1, 3}, {5}, {8}, {9}, {3}}, got); diff != "" {
		t.Error(diff)
	}
}
