package promote

import (
	"fmt"
	"testing"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/config/calendar"
)

// crowded is a repository with 20 environments, 1,000 commits of which they lack up to that many, and all kinds of gates.
func crowded() State {
	s := State{Now: begin.Add(30 * 24 * time.Hour), Environments: map[string]Environment{}, Reports: map[string][]Report{},
		People: People{Teams: map[string][]int64{"acme/platform": {12, 13, 14}, "acme/product": {11, 14}}}}
	for i := int64(1); i <= 1000; i++ {
		s.Trunk = append(s.Trunk, Commit{SHA: fmt.Sprintf("%040x", i*7919), Position: i, Pull: int(i), Author: people[i%3], Merger: people[0],
			Merged: begin.Add(time.Duration(i) * time.Minute), Paths: []string{"components/vpc/main.tf", "db/1.sql"}})
	}
	for i := range 20 {
		name := fmt.Sprintf("env-%02d", i)
		rules := config.Environment{Name: name, Promote: config.Manual, ConvergeWithin: time.Hour, Gates: config.Gates{
			Require: []string{"ci"}, AutoIf: conditions[0], MaxRange: config.MaxRange{Commits: 2000},
			Windows: []calendar.Window{{Days: 0b0011110, From: 9 * 60, To: 16 * 60}},
			Approve: []config.ApproveRule{{Who: config.Who{Teams: []string{"acme/product"}}, Count: 1}, {Who: config.Who{Teams: []string{"acme/platform"}}, Count: 1}},
		}}
		runs := s.Trunk[1000-50*i-1]
		environment := Environment{Name: name, Runs: runs.SHA, Since: runs.Merged}
		if i > 0 {
			rules.After, rules.Soak = []string{fmt.Sprintf("env-%02d", i-1)}, time.Hour
			target := s.Trunk[1000-50*(i-1)-1]
			environment.Plan = &Plan{From: runs.SHA, To: target.SHA, Done: true, Instances: []PlannedInstance{{Name: "a/b", Component: "b", Destroys: 1, Changes: 1}}}
			environment.Approvals = []Approval{{From: runs.SHA, To: target.SHA, By: people[3]}, {From: runs.SHA, To: target.SHA, By: people[4]}}
			environment.Request = &Request{To: target.SHA, By: people[2]}
		}
		for day := range 20 {
			environment.History = append(environment.History, Outcome{Deployment: int64(day), To: runs.SHA, Phase: Succeeded, At: begin.AddDate(0, 0, day)})
		}
		s.Rules.Environments = append(s.Rules.Environments, rules)
		s.Environments[name] = environment
		s.Reports[runs.SHA] = []Report{{Name: "ci", Done: true, Passed: true}}
	}
	return s
}

func BenchmarkDecide(b *testing.B) {
	state := crowded()
	b.ReportAllocs()
	for b.Loop() {
		if len(Decide(state)) != 20 {
			b.Fatal("lost an environment")
		}
	}
}

func BenchmarkDecideWithMigrations(b *testing.B) {
	state := crowded()
	state.Rules.Migrations = []config.Migration{{Name: "schema", Expand: []string{"db/**/*_expand.sql"}, Contract: []string{"db/**/*_contract.sql"}}}
	b.ReportAllocs()
	for b.Loop() {
		Decide(state)
	}
}

func BenchmarkView(b *testing.B) {
	state := crowded()
	sha := state.Trunk[500].SHA
	b.ReportAllocs()
	for b.Loop() {
		View(state, sha)
	}
}
