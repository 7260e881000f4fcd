package vendored

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/mirror"
)

// repository is a Git repository with a mirror of it.
type repository struct {
	t      *testing.T
	dir    string
	mirror *mirror.Mirror
}

func (r *repository) git(arguments ...string) string {
	r.t.Helper()
	command := exec.Command("git", arguments...)
	command.Dir = r.dir
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=Alice", "GIT_AUTHOR_EMAIL=alice@example.com", "GIT_COMMITTER_NAME=Alice", "GIT_COMMITTER_EMAIL=alice@example.com"}
	output, err := command.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", arguments, err, output)
	}
	return strings.TrimSpace(string(output))
}

// commit writes files, in pairs of path and content ("-" removes), and returns the snapshot of everything.
func (r *repository) commit(files ...string) planner.Snapshot {
	r.t.Helper()
	for pair := range slices.Chunk(files, 2) {
		path := filepath.Join(r.dir, pair[0])
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if pair[1] == "-" {
			err = os.RemoveAll(path)
		} else if err == nil {
			err = os.WriteFile(path, []byte(pair[1]), 0o644)
		}
		if err != nil {
			r.t.Fatal(err)
		}
	}
	r.git("add", "--all")
	r.git("commit", "--quiet", "--allow-empty", "-m", "A change")
	if err := r.mirror.Fetch(r.t.Context(), "+refs/heads/*:refs/heads/*"); err != nil {
		r.t.Fatal(err)
	}
	tree, err := r.mirror.Tree(r.t.Context(), r.git("rev-parse", "HEAD"))
	if err != nil {
		r.t.Fatal(err)
	}
	rules := config.Repository{Stacks: config.Stacks{Layout: config.LayoutAtmos, Engine: config.Engine{Kind: config.Terraform}},
		Environments: []config.Environment{{Name: "dev", Stacks: []string{"dev-*"}}, {Name: "prod", Stacks: []string{"prod-*"}}}}
	snapshot, err := planner.TakeSnapshot(r.t.Context(), tree, rules)
	if err != nil {
		r.t.Fatal(err)
	}
	return snapshot
}

const atmosFile = `
stacks: { base_path: stacks, included_paths: ["**/*"], name_template: "{{.vars.stage}}-us" }
components: { terraform: { base_path: components/terraform } }
`

func stack(stage, component string) string {
	return "vars: { stage: " + stage + " }\ncomponents:\n  terraform:\n    network:\n      metadata: { component: " + component + " }\n"
}

const pins = `apiVersion: atmos/v1
kind: AtmosVendorConfig
spec:
  sources:
    - component: network
      source: "github.com/acme/components.git//modules/network?ref={{.Version}}"
      version: "v1.12.3"
      targets: ["components/terraform/network/{{.Version}}"]
    - component: network
      source: "github.com/acme/components.git//modules/network?ref={{.Version}}"
      version: "v2.0.0"
      targets: ["components/terraform/network/{{.Version}}"]
`

func TestCompare(t *testing.T) {
	t.Parallel()
	base := []string{"atmos.yaml", atmosFile, "vendor.yaml", pins,
		"stacks/dev.yaml", stack("dev", "network/v2.0.0"), "stacks/prod.yaml", stack("prod", "network/v1.12.3"),
		"components/terraform/network/v1.12.3/main.tf", "# 1", "components/terraform/network/v2.0.0/main.tf", "# 2"}
	manifest := func(sources string) string {
		return "apiVersion: atmos/v1\nkind: AtmosVendorConfig\nspec:\n  sources:\n" + sources
	}
	flat := manifest("    - {component: network, source: 'github.com/acme/network?ref={{.Version}}', version: v2.0.0, targets: ['components/terraform/{{.Component}}'], included_paths: ['**/*.tf'], excluded_paths: ['**/providers.tf']}\n")
	for name, test := range map[string]struct {
		base, change []string
		want         []string
	}{
		"all is well":         {base: base, change: []string{"stacks/dev.yaml", stack("dev", "network/v2.0.0") + "      vars: {a: b}\n"}},
		"nothing is vendored": {base: []string{"atmos.yaml", atmosFile, "stacks/dev.yaml", stack("dev", "network"), "components/terraform/network/main.tf", ""}},
		"a target that is gone": {base: base, change: []string{"components/terraform/network/v2.0.0/main.tf", "-", "stacks/dev.yaml", stack("dev", "network/v1.12.3")},
			want: []string{"vendor.yaml:12 `components/terraform/network/v2.0.0` is pinned at `v2.0.0`, but it is not there: it was never vendored, or removed"}},
		"a pin that goes on without what is vendored": {base: base, change: []string{"vendor.yaml", strings.Replace(pins, "v2.0.0", "v2.1.0", 1)},
			want: []string{"vendor.yaml:12 `components/terraform/network/v2.1.0` is pinned at `v2.1.0`, but it is not there: it was never vendored, or removed",
				"vendor.yaml:7 `components/terraform/network/v2.0.0` is followed (`stacks/dev.yaml:4`), but network is pinned at `v1.12.3`, `v2.1.0` only [dev-us/network]"}},
		"a name that says otherwise": {base: base, change: []string{"vendor.yaml", manifest(
			"    - component: critical\n      source: git::https://user:pass@github.com/acme/critical.git//path?ref=v1.3.0\n      targets: [components/terraform/critical-v1.2.3]\n"),
			"components/terraform/critical-v1.2.3/main.tf", ""},
			want: []string{"vendor.yaml:5 `components/terraform/critical-v1.2.3` is pinned at `v1.3.0`, but the folder's name says `v1.2.3`"}},
		"a folder of a major version": {base: base, change: []string{"vendor.yaml", manifest(
			"    - {component: eks, source: 'github.com/acme/eks?ref={{.Version}}', version: 1.4.2, targets: [{path: components/terraform/eks/v1}, {path: components/terraform/eks/v2, version: 1.9.0}]}\n"),
			"components/terraform/eks/v1/main.tf", "", "components/terraform/eks/v2/main.tf", ""},
			want: []string{"vendor.yaml:5 `components/terraform/eks/v2` is pinned at `1.9.0`, but the folder's name says `v2`"}},
		"tracks and branches are no versions": {base: base, change: []string{"vendor.yaml", manifest(
			"    - {component: beta, source: 'github.com/acme/vpc?ref={{.Version}}', version: 2.0.0-beta, targets: ['components/terraform/{{.Component}}/vpc']}\n" +
				"    - {component: vpc, source: 'github.com/acme/vpc?ref=channels/dev', targets: ['components/terraform/channels/dev/vpc']}\n" +
				"    - {component: rds, source: 'github.com/acme/rds', version: '~> 1.2', targets: ['components/terraform/rds/1.2.9']}\n"),
			"components/terraform/beta/vpc/main.tf", "", "components/terraform/channels/dev/vpc/main.tf", "", "components/terraform/rds/1.2.9/main.tf", ""}},
		"a version beside another ref": {base: base, change: []string{"vendor.yaml", manifest(
			"    - {component: vpc, source: 'github.com/acme/vpc?ref=v1.0.0', version: 2.0.0, targets: [components/terraform/vpc]}\n"), "components/terraform/vpc/main.tf", ""},
			want: []string{"vendor.yaml:5 the version is `2.0.0`, but the source names `v1.0.0`, which is what counts"}},
		"edited by hand": {base: base, change: []string{"components/terraform/network/v2.0.0/main.tf", "# mine", "components/terraform/network/v2.0.0/more.tf", "# mine"},
			want: []string{"vendor.yaml:11 `main.tf` and `more.tf` are changed by hand, but its pin stays at `v2.0.0`: what is vendored in `components/terraform/network/v2.0.0` no longer is what the pin names [dev-us/network]"}},
		"vendored again with its pin": {base: []string{"atmos.yaml", atmosFile, "vendor.yaml", flat, "stacks/dev.yaml", stack("dev", "network"), "components/terraform/network/main.tf", "# 2"},
			change: []string{"vendor.yaml", strings.Replace(flat, "v2.0.0", "v2.1.0", 1), "components/terraform/network/main.tf", "# 2.1"}},
		"files that are not vendored": {base: []string{"atmos.yaml", atmosFile, "vendor.yaml", flat, "stacks/dev.yaml", stack("dev", "network"), "components/terraform/network/main.tf", "# 2"},
			change: []string{"components/terraform/network/providers.tf", "# mine", "components/terraform/network/README.md", "# mine", "components/terraform/network/.terraform.lock.hcl", "# made"}},
		"what it says of itself": {base: []string{"atmos.yaml", atmosFile, "vendor.yaml", strings.ReplaceAll(flat, "included_paths: ['**/*.tf'], ", ""), "stacks/dev.yaml", stack("dev", "network"),
			"components/terraform/network/main.tf", "# 2", "components/terraform/network/VERSION", "1.9.0\n"},
			want: []string{"vendor.yaml:5 `components/terraform/network` is pinned at `v2.0.0`, but says of itself in `VERSION` that it is `1.9.0` [dev-us/network]"}},
		"a folder that no pin names any more": {base: base, change: []string{"vendor.yaml", manifest(
			"    - {component: network, source: 'github.com/acme/network?ref={{.Version}}', version: v2.0.0, targets: ['components/terraform/network/{{.Version}}']}\n")},
			want: []string{"vendor.yaml:5 `components/terraform/network/v1.12.3` is followed (`stacks/prod.yaml:4`), but network is pinned at `v2.0.0` only [prod-us/network]"}},
		"in a folder of manifests, with imports": {base: append(slices.Clone(base), "atmos.yaml", atmosFile+"vendor: { base_path: ./pins/ }\n", "vendor.yaml", "-",
			"pins/a.yaml", "kind: AtmosVendorConfig\nspec: { imports: [more/*, more/nothing] }", "more/network.yml", pins),
			change: []string{"components/terraform/network/v1.12.3/main.tf", "# mine"},
			want: []string{"more/network.yml:7 `main.tf` is changed by hand, but its pin stays at `v1.12.3`: what is vendored in `components/terraform/network/v1.12.3` no longer is what the pin names [prod-us/network]",
				"pins/a.yaml:2 it imports \"more/nothing\", which is not there"}},
		"a component's own pin": {base: append(slices.Clone(base), "vendor.yaml", "-", "components/terraform/network/v2.0.0/component.yaml",
			"apiVersion: atmos/v1\nkind: ComponentVendorConfig\nspec:\n  source:\n    uri: github.com/acme/network?ref={{.Version}}\n    version: 2.1.0\n"),
			want: []string{"components/terraform/network/v2.0.0/component.yaml:6 `components/terraform/network/v2.0.0` is pinned at `2.1.0`, but the folder's name says `v2.0.0` [dev-us/network]"}},
		"two pins that disagree": {base: append(slices.Clone(base), "components/terraform/network/v2.0.0/component.yaml",
			"kind: ComponentVendorConfig\nspec: { source: { uri: github.com/acme/network, version: 1.12.3 } }"),
			want: []string{"components/terraform/network/v2.0.0/component.yaml:2 `components/terraform/network/v2.0.0` is pinned at `1.12.3`, but the folder's name says `v2.0.0` [dev-us/network]",
				"vendor.yaml:11 `components/terraform/network/v2.0.0` is pinned at `v2.0.0`, but at `1.12.3` in `components/terraform/network/v2.0.0/component.yaml` [dev-us/network]"}},
		"the lock file": {base: append(slices.Clone(base), "vendor.lock.yaml",
			"version: 1\nartifacts:\n  a: { target: components/terraform/network/v2.0.0, source: { declared: 'github.com/acme/components.git//modules/network?ref=v1.9.0' } }\n"),
			want: []string{"vendor.yaml:11 `components/terraform/network/v2.0.0` is pinned at `v2.0.0`, but `vendor.lock.yaml` says that `v1.9.0` was vendored [dev-us/network]"}},
		"not YAML": {base: base, change: []string{"vendor.yaml", "kind: AtmosVendorConfig\nspec: ["},
			want: []string{"vendor.yaml:2 it cannot be read: yaml: line 2: did not find expected node content"}},
		"a template that is none": {base: base, change: []string{"vendor.yaml", manifest("    - {component: a, source: x, version: 1, targets: ['components/terraform/{{.Verson}}']}\n")},
			want: []string{"vendor.yaml:5 the target \"components/terraform/{{.Verson}}\" cannot be read: {{.Verson}}: there is no field .Verson; there are .Component, .Version and .Source"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &repository{t: t, dir: t.TempDir()}
			r.git("init", "--quiet", "--initial-branch=main")
			r.mirror = mirror.Open(filepath.Join(t.TempDir(), "mirror"), r.dir, nil)
			trunk, merge := r.commit(test.base...), r.commit(test.change...)
			found, err := Compare(t.Context(), Comparison{Trunk: trunk.Tree(), Merge: merge.Tree(), Instances: merge.Instances})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, finding := range found {
				line := fmt.Sprintf("%s:%d %s", finding.File, finding.Line, finding.Message)
				if len(finding.Instances) > 0 {
					line += " [" + strings.Join(finding.Instances, " ") + "]"
				}
				got = append(got, line)
				if finding.Level != planner.Warn || finding.EndLine < finding.Line {
					t.Errorf("%+v", finding)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
		})
	}
}
