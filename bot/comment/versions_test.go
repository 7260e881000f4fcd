package comment

import (
	"fmt"
	"strings"
	"testing"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
)

func follow(environment, name, label string, kind planner.VersionKind) planner.Follow {
	return planner.Follow{Environment: environment, Name: name, Version: planner.Version{Path: "components/terraform/" + name, Label: label, Kind: kind}}
}

func versionPreviews() map[string]planner.Preview {
	change := func(f planner.Follow, change planner.FollowChange, stacks ...string) planner.Follow {
		f.Change, f.Stacks = change, stacks
		return f
	}
	database := planner.Following{Component: "database", Diverges: true, Follows: []planner.Follow{
		follow("dev", "database/v2", "v2", planner.FolderVersion),
		change(follow("staging", "database/v1", "v1", planner.FolderVersion), planner.FollowEnds),
		change(follow("staging", "database/v2", "v2", planner.FolderVersion), planner.FollowBegins),
		follow("prod", "database/v1", "v1", planner.FolderVersion),
	}, Declared: []planner.Divergence{{Environment: "prod", Reason: "PostgreSQL 13 to 15", Owner: "acme/data", Until: "2026-12-15"}}}
	network := planner.Following{Component: "network", Diverges: true, Follows: []planner.Follow{
		follow("dev", "network-experiment", "experiment", planner.ExperimentVersion), follow("prod", "network", "", planner.TrunkVersion),
		change(follow("prod", "network-hotfix", "hotfix", planner.HotfixVersion), planner.FollowBegins, "prod-us/critical-fix"),
	}}
	late := database
	late.Declared = []planner.Divergence{{Environment: "prod", Reason: "Waits for `data`", Until: "2026-06-30", Overdue: true}}
	together := planner.Following{Component: "cache", Follows: []planner.Follow{
		follow("dev", "cache/v2", "v2", planner.FolderVersion), change(follow("prod", "cache/v1", "v1", planner.FolderVersion), planner.FollowEnds),
		change(follow("prod", "cache/v2", "v2", planner.FolderVersion), planner.FollowBegins),
	}}
	base := preview(planned("staging", "database", "s", resize...))
	diverges, experiment, overdue, again := base, base, base, base
	diverges.Versions = []planner.Following{database}
	experiment.Versions = []planner.Following{database, network}
	overdue.Versions = []planner.Following{late}
	again.Versions = []planner.Following{together}
	moved := planned("prod", "database", "")
	moved.Outcome, moved.Plan = planner.Moved, engine.Plan{}
	moved.Moves = []planner.StateMove{{What: "workspace", From: "prod-us", To: "prod-us-database", Keep: "metadata.terraform_workspace: prod-us"},
		{What: "workspace_key_prefix", From: "database", To: "database-v2", Keep: "backend.s3.workspace_key_prefix: database"}}
	moved.Declare = `settings.trunkline.state_moved_from: "s3 bucket=acme workspace_key_prefix=database workspace=prod-us"`
	named := planned("dev", "service", "")
	named.Outcome, named.Plan, named.Reasons = planner.Moved, engine.Plan{}, []string{"renamed from dev/app"}
	named.Moves = []planner.StateMove{{What: "instance", From: "dev/app", To: "dev/service"}}
	named.Declare = `state_moved: [{instance: "dev/service", from: "trunkline instance=dev/app workspace=default"}]`
	moves := preview(named, moved)
	return map[string]planner.Preview{"moves": moves, "versions": diverges, "versions-experiment": experiment, "versions-overdue": overdue, "versions-together": again}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for name, p := range versionPreviews() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden(t, "preview-"+name+".md", Preview(p, Options{}))
		})
	}
}

// Ever so many components that diverge leave room for the plans.
func TestManyVersions(t *testing.T) {
	t.Parallel()
	p := preview(planned("staging", "database", "s", resize...))
	for i := range 400 {
		following := planner.Following{Component: fmt.Sprintf("component-%d", i), Diverges: true}
		for _, environment := range p.Environments {
			following.Follows = append(following.Follows, follow(environment, strings.Repeat("x", 300)+environment, "v1", planner.FolderVersion))
			following.Declared = append(following.Declared, planner.Divergence{Environment: environment, Reason: strings.Repeat("why ", 200)})
		}
		p.Versions = append(p.Versions, following)
	}
	for _, limit := range []int{DefaultLimit, 8000, 4000} {
		got := Preview(p, Options{Limit: limit})
		if len(got) > limit || !strings.Contains(got, "database") {
			t.Errorf("%d bytes of %d", len(got), limit)
		}
	}
}
