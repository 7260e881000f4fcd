package planner

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/config"
)

// What leaves is named with where its state is and how to destroy it; what only has another name now is not.
func TestRemovals(t *testing.T) {
	t.Parallel()
	s3 := func(key string) string {
		return "terraform {\n  backend \"s3\" {\n    bucket     = \"acme\"\n    key        = \"" + key + "\"\n    secret_key = \"hunter2hunter2\"\n  }\n}\n"
	}
	base := []string{"environments/dev/vpc/main.tf", s3("vpc"), "environments/dev/app/main.tf", "# app", "environments/qa/app/main.tf", "# app of qa"}
	for name, test := range map[string]struct {
		change   []string
		rules    func(*config.Repository)
		instance string
		reasons  []string
		want     *Removal
	}{
		"its directory is gone": {change: []string{"environments/dev/vpc/main.tf", "-"}, instance: "dev/vpc", reasons: []string{"its directory environments/dev/vpc is gone"},
			want: &Removal{State: "s3 bucket=acme key=vpc workspace=default", Commands: []string{"cd environments/dev/vpc", "terraform init -reconfigure", "terraform destroy"}}},
		"its environment is gone": {change: []string{}, rules: func(r *config.Repository) { r.Environments = r.Environments[:1] }, instance: "qa/app", reasons: []string{"its environment qa is no longer in the configuration"},
			want: &Removal{State: "kept by Trunkline, workspace=default", Kept: true, Commands: []string{"cd environments/qa/app", "state=/kept",
				`echo '{"terraform":{"backend":{"local":{}}}}' > trunkline_override.tf.json`,
				`terraform init -reconfigure -backend-config="path=$state/terraform.tfstate" -backend-config="workspace_dir=$state/workspaces"`, "terraform destroy"}}},
		"another has its state": {change: []string{"environments/dev/vpc/main.tf", "-", "environments/dev/net/main.tf", s3("vpc") + "# changed"}, instance: "dev/vpc", reasons: []string{"its directory environments/dev/vpc is gone"},
			want: &Removal{State: "s3 bucket=acme key=vpc workspace=default", TakenBy: "dev/net"}},
		"commands": {change: []string{"environments/dev/app/main.tf", "-"}, rules: func(r *config.Repository) {
			r.Stacks.Engine = config.Engine{Kind: config.Command, Plan: "a", Apply: "b"}
		}, instance: "dev/app", reasons: []string{"its directory environments/dev/app is gone"},
			want: &Removal{Commands: []string{"cd environments/dev/app", "export TRUNKLINE_ENVIRONMENT=dev TRUNKLINE_STACK=dev TRUNKLINE_COMPONENT=app TRUNKLINE_WORKSPACE=default",
				"# There is no command for it. This is what deployed it, and what is to be undone by hand:", "# b"}}},
		"under another name": {change: []string{"environments/dev/vpc/main.tf", "-", "environments/dev/net/main.tf", s3("vpc")}, instance: "dev/vpc", reasons: []string{"renamed to dev/net"},
			want: &Removal{State: "s3 bucket=acme key=vpc workspace=default", TakenBy: "dev/net"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repository, before, after := newRepository(t), folders("dev", "qa"), folders("dev", "qa")
			if test.rules != nil {
				test.rules(&after)
			}
			if after.Stacks.Engine.Kind == config.Command {
				before = after
			}
			from, to := repository.snapshot(repository.commit(base...), before), repository.snapshot(repository.commit(test.change...), after)
			found := false
			for _, difference := range affected(t, from, to) {
				if difference.Instance.Name() != test.instance {
					continue
				}
				found = true
				if diff := cmp.Diff(test.reasons, difference.Reasons); diff != "" || difference.Kind != Gone {
					t.Errorf("it is %s:\n%s", difference.Kind, diff)
				}
			}
			if !found {
				t.Errorf("%s is not among what differs", test.instance)
			}
			if test.want.TakenBy == "" {
				test.want.Commit = from.Commit
				test.want.Commands = append([]string{"git checkout --detach " + from.Commit}, test.want.Commands...)
			}
			if diff := cmp.Diff(test.want, RemovalOf(from, to, test.instance, "/kept")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An instance that has another name now is told by both, with its directories.
func TestRenamedReasons(t *testing.T) {
	t.Parallel()
	repository, rules := newRepository(t), folders("dev", "prod")
	before := repository.snapshot(repository.commit("environments/dev/vpc/main.tf", "# vpc", "environments/dev/app/main.tf", "# app"), rules)
	repository.prepare([]string{"environments/dev/vpc", "=> environments/dev/network"})
	want := []string{
		"dev/network added: renamed from dev/vpc: its directory environments/dev/vpc is environments/dev/network now",
		"dev/vpc removed: renamed to dev/network",
	}
	if diff := cmp.Diff(want, notes(affected(t, before, repository.snapshot(repository.commit(), rules)))); diff != "" {
		t.Error(diff)
	}
}

func TestNewEnvironment(t *testing.T) {
	t.Parallel()
	repository := newRepository(t)
	before := repository.snapshot(repository.commit("environments/dev/vpc/main.tf", "", "environments/qa/vpc/main.tf", ""), folders("dev"))
	after := repository.snapshot(repository.commit("environments/dev/app/main.tf", "# app"), folders("dev", "qa"))
	want := []string{"dev/app added: new instance", "qa/vpc added: new instance in the new environment qa"}
	if diff := cmp.Diff(want, notes(affected(t, before, after))); diff != "" {
		t.Error(diff)
	}
}

// However a change came to trunk, what takes it back affects nothing.
func TestReverts(t *testing.T) {
	t.Parallel()
	changes := map[string][]string{
		"content":       {"environments/dev/vpc/main.tf", "# another"},
		"whitespace":    {"environments/dev/vpc/main.tf", "  # vpc\n\n"},
		"line ends":     {"environments/dev/vpc/main.tf", "# vpc\r\n"},
		"mode":          {"environments/dev/vpc/run.sh", "+x"},
		"another name":  {"environments/dev/vpc", "=> environments/dev/network"},
		"a new file":    {"environments/dev/vpc/new.tf", "", "modules/m/new.tf", ""},
		"a module":      {"modules/m/main.tf", "# another"},
		"an instance":   {"environments/dev/more/main.tf", ""},
		"one removed":   {"environments/dev/app/main.tf", "-"},
		"other content": {"README.md", "bye"},
	}
	ways := map[string]func(r *repository){
		"squash": func(r *repository) {
			r.git("merge", "--squash", "--quiet", "change")
			r.git("commit", "--quiet", "-m", "Squashed")
			r.git("revert", "--no-edit", "HEAD")
		},
		"rebase": func(r *repository) {
			r.git("rebase", "--quiet", "main", "change")
			r.git("checkout", "--quiet", "main")
			r.git("merge", "--ff-only", "--quiet", "change")
			r.git("revert", "--no-edit", "HEAD~2..HEAD")
		},
		"merge": func(r *repository) {
			r.git("merge", "--no-ff", "--quiet", "--no-edit", "change")
			r.git("revert", "--no-edit", "-m", "1", "HEAD")
		},
	}
	for name, change := range changes {
		for way, bring := range ways {
			t.Run(name+" by "+way, func(t *testing.T) {
				t.Parallel()
				repository, rules := newRepository(t), folders("dev")
				rules.Stacks.Downstream = true
				start := repository.commit("environments/dev/vpc/main.tf", "# vpc\n", "environments/dev/vpc/run.sh", "exit 0", "environments/dev/app/main.tf", `module "m" { source = "../../../modules/m" }`,
					"modules/m/main.tf", "", "README.md", "hello")
				repository.git("checkout", "--quiet", "-b", "change", start)
				repository.prepare(change)
				repository.commit()
				changed := repository.commit("notes.txt", "a second commit")
				repository.git("checkout", "--quiet", "main")
				before := repository.snapshot(repository.commit("other.txt", "trunk went on"), rules)
				bring(repository)
				after := repository.snapshot(repository.commit(), rules)
				if found := affected(t, before, after); len(found) > 0 {
					t.Errorf("after the revert: %v", notes(found))
				}
				between := notes(affected(t, before, repository.snapshot(changed, rules)))
				if outside := strings.HasPrefix(name, "other"); outside != (len(between) == 0) {
					t.Errorf("the change itself affects %v", between)
				}
			})
		}
	}
}
