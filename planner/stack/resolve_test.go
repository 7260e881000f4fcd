package stack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/trunkline/trunkline/config"
)

// files is a tree that has nothing but names.
type files []string

func (f files) Files() []string          { return f }
func (f files) HasFile(name string) bool { return slices.Contains(f, name) }
func (f files) HasDirectory(name string) bool {
	return name == "." || slices.ContainsFunc(f, func(file string) bool { return strings.HasPrefix(file, name+"/") })
}

func (f files) ReadAll(context.Context, []string) (map[string][]byte, error) {
	return nil, errors.ErrUnsupported
}

// resolve is Resolve of files that are not read.
func resolve(t *testing.T, tree Tree, rules config.Repository) ([]Instance, config.Problems) {
	t.Helper()
	instances, err := Resolve(t.Context(), tree, rules)
	var problems config.Problems
	if err != nil && !errors.As(err, &problems) {
		t.Fatal(err)
	}
	return instances, problems
}

func tree(names ...string) files { slices.Sort(names); return names }

func environments(names ...string) []config.Environment {
	var all []config.Environment
	for i, name := range names {
		name, patterns, _ := strings.Cut(name, "=")
		all = append(all, config.Environment{Name: name, Stacks: strings.Fields(patterns), At: config.Position{Line: 10 + i, Column: 3}})
	}
	return all
}

// lines show instances as a person would note them down.
func lines(instances []Instance) []string {
	var all []string
	for _, i := range instances {
		line := fmt.Sprintf("%s: %s in %s", i.Environment, i.Name(), i.Path)
		if i.Workspace != "default" {
			line += " workspace " + i.Workspace
		}
		if len(i.VariableFiles) > 0 {
			line += " with " + strings.Join(i.VariableFiles, " ")
		}
		if len(i.Files) > 0 {
			line += " and " + strings.Join(i.Files, " ")
		}
		all = append(all, line)
	}
	return all
}

func TestFolders(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		path         string
		variables    []string
		engine       config.EngineKind
		environments []config.Environment
		tree         files
		want         []string
	}{
		"an environment in the path": {
			path: "environments/{environment}/{component}", environments: environments("dev", "prod", "empty"),
			tree: tree("README.md", "environments/dev/vpc/main.tf", "environments/prod/vpc/main.tf.json", "environments/prod/docs/a.md",
				"environments/prod/api/main.tofu", "environments/other/vpc/main.tf", "modules/net/main.tf", "environments/dev/vpc/.x.tf"),
			want: []string{"dev: dev/vpc in environments/dev/vpc", "prod: prod/api in environments/prod/api", "prod: prod/vpc in environments/prod/vpc"},
		},
		"with a region": {
			path: "stacks/{environment}/{region}/{component}", environments: environments("prod", "dev"),
			tree: tree("stacks/dev/eu/vpc/a.tf", "stacks/prod/us-east-1/vpc/a.tf"),
			want: []string{"prod: prod/us-east-1/vpc in stacks/prod/us-east-1/vpc", "dev: dev/eu/vpc in stacks/dev/eu/vpc"},
		},
		"patterns claim stacks": {
			path: "stacks/{environment}/{region}/{component}", environments: environments("canary=prod/us-west-2 dev/*/db", "prod=prod/us-east-*"),
			tree: tree("stacks/prod/us-west-2/vpc/a.tf", "stacks/prod/us-east-1/vpc/a.tf", "stacks/dev/eu/vpc/a.tf", "stacks/dev/eu/db/a.tf"),
			want: []string{"canary: dev/eu/db in stacks/dev/eu/db", "canary: prod/us-west-2/vpc in stacks/prod/us-west-2/vpc", "prod: prod/us-east-1/vpc in stacks/prod/us-east-1/vpc"},
		},
		"no environment in the path": {
			path: "components/{component}", environments: environments("dev", "prod"),
			tree: tree("components/vpc/main.tf", "components/vpc/dev.tfvars", "components/vpc/prod.tfvars.json", "components/vpc/test.tfvars",
				"components/api/main.tf", "components/api/prod.tfvars", "components/none/main.tf"),
			want: []string{
				"dev: dev/vpc in components/vpc workspace dev with components/vpc/dev.tfvars",
				"prod: prod/api in components/api workspace prod with components/api/prod.tfvars",
				"prod: prod/vpc in components/vpc workspace prod with components/vpc/prod.tfvars.json",
			},
		},
		"variables elsewhere": {
			path: "components/{component}", variables: []string{"config/common.tfvars", "config/{environment}/{component}.tfvars"},
			environments: environments("dev", "prod=prod-*"),
			tree: tree("components/vpc/main.tf", "components/net/dns/main.tf", "config/common.tfvars", "config/dev/vpc.tfvars",
				"config/prod-eu/vpc.tfvars", "config/prod-us/net/dns.tfvars", "config/dev/gone.tfvars"),
			want: []string{
				"dev: dev/vpc in components/vpc workspace dev with config/common.tfvars config/dev/vpc.tfvars",
				"prod: prod-eu/vpc in components/vpc workspace prod-eu with config/common.tfvars config/prod-eu/vpc.tfvars",
				"prod: prod-us/net/dns in components/net/dns workspace prod-us with config/common.tfvars config/prod-us/net/dns.tfvars",
			},
		},
		"a file for the whole environment": {
			path: "components/{component}", variables: []string{"config/{environment}.tfvars"}, environments: environments("dev", "prod"),
			tree: tree("components/a/main.tf", "components/b/main.tf", "config/dev.tfvars"),
			want: []string{"dev: dev/a in components/a workspace dev with config/dev.tfvars", "dev: dev/b in components/b workspace dev with config/dev.tfvars"},
		},
		"variables beside folders": {
			path: "environments/{environment}/{component}", variables: []string{"config/{environment}.tfvars", "config/{component}.tfvars"},
			environments: environments("dev", "prod"),
			tree:         tree("environments/dev/vpc/a.tf", "environments/prod/vpc/a.tf", "config/prod.tfvars", "config/vpc.tfvars"),
			want:         []string{"dev: dev/vpc in environments/dev/vpc with config/vpc.tfvars", "prod: prod/vpc in environments/prod/vpc with config/prod.tfvars config/vpc.tfvars"},
		},
		"deep components, and modules that are none": {
			path: "components/{component}", variables: []string{"{environment}.tfvars"}, environments: environments("dev"),
			tree: tree("dev.tfvars", "components/net/vpc/main.tf", "components/net/vpc/sub/main.tf", "components/api/main.tf",
				"components/api/inner/main.tf", "components/modules/x/main.tf"),
			want: []string{"dev: dev/api in components/api workspace dev with dev.tfvars", "dev: dev/net/vpc in components/net/vpc workspace dev with dev.tfvars"},
		},
		"no component in the path": {
			path: "live/{environment}", environments: environments("dev"),
			tree: tree("live/dev/main.tf", "live/dev/sub/main.tf"),
			want: []string{"dev: dev/main in live/dev"},
		},
		"commands take any file": {
			path: "environments/{environment}/{component}", engine: config.Command, environments: environments("dev"),
			tree: tree("environments/dev/app/conf/app.yaml", "environments/dev/web/index.html", "environments/dev/README.md"),
			want: []string{"dev: dev/app in environments/dev/app", "dev: dev/web in environments/dev/web"},
		},
		"spaces and letters of all alphabets": {
			path: "environments/{environment}/{region}/{component}", environments: environments("dev", "prod=prod/*"),
			tree: tree("environments/dev/eu west/my net/main.tf", "environments/prod/ünï/größe (2)/main.tf",
				"environments/prod/eu/日本/deep/main.tf", "environments/prod/.hidden/vpc/main.tf", "environments/dev/eu/.cache/main.tf"),
			want: []string{
				"dev: dev/eu west/my net in environments/dev/eu west/my net",
				"prod: prod/eu/日本/deep in environments/prod/eu/日本/deep",
				"prod: prod/ünï/größe (2) in environments/prod/ünï/größe (2)",
			},
		},
		"spaces with variable files": {
			path: "components/{component}", variables: []string{"my config/{environment}/{component}.tfvars"}, environments: environments("dev"),
			tree: tree("components/my net/main.tf", "my config/dev/my net.tfvars", "my config/my dev/my net.tfvars"),
			want: []string{"dev: dev/my net in components/my net workspace dev with my config/dev/my net.tfvars"},
		},
		"a name that cannot be used, where nobody claims it": {
			path: "environments/{environment}/{component}", environments: environments("dev"),
			tree: tree("environments/dev/vpc/main.tf", "environments/other/-x/main.tf", "docs/dev/-x/main.tf"),
			want: []string{"dev: dev/vpc in environments/dev/vpc"},
		},
		"a path with text around": {
			path: "tf/env-{environment}/{component}/terraform", environments: environments("dev"),
			tree: tree("tf/env-dev/vpc/terraform/a.tf", "tf/dev/vpc/terraform/a.tf", "tf/env--x/vpc/terraform/a.tf"),
			want: []string{"dev: dev/vpc in tf/env-dev/vpc/terraform"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.engine == "" {
				test.engine = config.Terraform
			}
			rules := config.Repository{Environments: test.environments, Stacks: config.Stacks{
				Layout: config.LayoutFolders, Path: test.path, Variables: test.variables, Engine: config.Engine{Kind: test.engine},
			}}
			instances, problems := resolve(t, test.tree, rules)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			if diff := cmp.Diff(test.want, lines(instances)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	rules := config.Repository{Environments: environments("dev", "prod"), Stacks: config.Stacks{Layout: config.LayoutList, Instances: []config.Instance{
		{Environment: "prod", Stack: "prod/eu", Path: "infra/vpc", Workspace: "eu", VariableFiles: []string{"prod.tfvars"}, Files: []string{"lib/**", "prod.tfvars"}},
		{Environment: "dev", Path: "./infra/vpc/"},
		{Environment: "dev", Component: "all", Path: "."},
	}}}
	instances, problems := resolve(t, tree("infra/vpc/main.tf", "prod.tfvars", "lib/a/b.json", "lib/c.json"), rules)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := []string{
		"dev: dev/all in .",
		"dev: dev/vpc in infra/vpc",
		"prod: prod/eu/vpc in infra/vpc workspace eu with prod.tfvars and lib/a/b.json lib/c.json prod.tfvars",
	}
	if diff := cmp.Diff(want, lines(instances)); diff != "" {
		t.Error(diff)
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	at := config.Position{Line: 4, Column: 5}
	folders := func(path string, environments []config.Environment) config.Repository {
		return config.Repository{Environments: environments, Stacks: config.Stacks{Layout: config.LayoutFolders, Path: path, At: at, Engine: config.Engine{Kind: config.Terraform}}}
	}
	list := func(instances ...config.Instance) config.Repository {
		for i := range instances {
			instances[i].At = config.Position{Line: 20 + i, Column: 7}
		}
		return config.Repository{Environments: environments("dev", "prod"), Stacks: config.Stacks{Layout: config.LayoutList, Instances: instances}}
	}
	some := tree("environments/dev/vpc/main.tf", "environments/prod/vpc/main.tf", "config/prod.tfvars")
	for name, test := range map[string]struct {
		rules config.Repository
		want  []string
	}{
		"claimed twice":   {folders("environments/{environment}/{component}", environments("all=**", "prod")), []string{`.github/trunkline.yml:11:3: the instance prod/vpc is claimed by two environments, all and prod: let the stacks of one of them leave it out`}},
		"not a path":      {folders("../{component}", nil), []string{`.github/trunkline.yml:4:5: the path "../{component}" is no path from the repository's root, such as environments/{environment}/{component}`}},
		"braces":          {folders("a/{environment/{component}", nil), []string{`.github/trunkline.yml:4:5: the braces in "a/{environment/{component}" do not belong together`}},
		"a placeholder":   {folders("a/{Env}/{component}", nil), []string{`.github/trunkline.yml:4:5: the placeholder {Env} in "a/{Env}/{component}" is no name of small letters, digits and _`}},
		"stacks":          {folders("a/{environment}/{component}", environments("dev=[a")), []string{`.github/trunkline.yml:10:3: "[a" in the stacks of dev is no pattern: it has a bracket or a brace without its counterpart`}},
		"unknown layout":  {config.Repository{Stacks: config.Stacks{Layout: "atom", At: at}}, []string{`.github/trunkline.yml:4:5: there is no layout "atom": it is atmos, folders or list`}},
		"listed twice":    {list(config.Instance{Environment: "dev", Path: "environments/dev/vpc"}, config.Instance{Environment: "dev", Path: "environments/prod/vpc"}), []string{`.github/trunkline.yml:21:7: there are two instances dev/vpc, in environments/dev/vpc and in environments/prod/vpc: give them different stacks or components`}},
		"nothing is near": {list(config.Instance{Environment: "qa", Path: "/etc"}), []string{`.github/trunkline.yml:20:7: there is no environment "qa"`, `.github/trunkline.yml:20:7: there is no directory "/etc"`}},
		"names that are near": {
			list(config.Instance{Environment: "pord", Path: "environment/prod/vpc", VariableFiles: []string{"config/prd.tfvars"}, Files: []string{"config/*.json"}}),
			[]string{
				`.github/trunkline.yml:20:7: there is no environment "pord": did you mean "prod"?`,
				`.github/trunkline.yml:20:7: there is no directory "environment/prod/vpc": did you mean "environments/prod/vpc"?`,
				`.github/trunkline.yml:20:7: there is no variable file "config/prd.tfvars": did you mean "config/prod.tfvars"?`,
				`.github/trunkline.yml:20:7: no file is matched by "config/*.json"`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			instances, problems := resolve(t, some, test.rules)
			var got []string
			for _, problem := range problems {
				got = append(got, problem.Error())
			}
			if diff := cmp.Diff(test.want, got); diff != "" || instances != nil {
				t.Errorf("%v\n%s", instances, diff)
			}
		})
	}
}

func TestNamesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	at := config.Position{Line: 4, Column: 5}
	for name, test := range map[string]struct{ path, file, want string }{
		"an option":         {"environments/{environment}/{component}", "environments/dev/-chdir=x/main.tf", `the directory "environments/dev/-chdir=x" cannot be used: the {component} "-chdir=x" starts with "-", as options do. Give it another name`},
		"an option below":   {"environments/{environment}/{component}", "environments/dev/net/-x/main.tf", `the directory "environments/dev/net/-x" cannot be used: the {component} "net/-x" starts with "-", as options do. Give it another name`},
		"dots":              {"environments/{environment}/{component}", "environments/dev/a..b/main.tf", `the directory "environments/dev/a..b" cannot be used: the {component} "a..b" has ".." in it. Give it another name`},
		"a new line":        {"environments/{environment}/{component}", "environments/dev/a\nb/main.tf", `the directory "environments/dev/a\nb" cannot be used: the {component} "a\nb" has a character that nobody can see. Give it another name`},
		"an escape":         {"environments/{environment}/{region}/{component}", "environments/dev/\x1b[1m/net/main.tf", `the directory "environments/dev/\x1b[1m/net" cannot be used: the {region} "\x1b[1m" has a character that nobody can see. Give it another name`},
		"another direction": {"environments/{environment}/{component}", "environments/dev/a\u202eb/main.tf", `the directory "environments/dev/a\u202eb" cannot be used: the {component} "a\u202eb" has a character that nobody can see. Give it another name`},
		"no text":           {"environments/{environment}/{component}", "environments/dev/a\xffb/main.tf", `the directory "environments/dev/a\xffb" cannot be used: the {component} "a\xffb" has a character that nobody can see. Give it another name`},
		"with variables":    {"{component}", "-x/main.tf", `the directory "-x" cannot be used: the {component} "-x" starts with "-", as options do. Give it another name`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rules := config.Repository{Environments: environments("dev"), Stacks: config.Stacks{
				Layout: config.LayoutFolders, Path: test.path, At: at, Engine: config.Engine{Kind: config.Terraform},
			}}
			_, problems := resolve(t, tree(test.file, path.Dir(test.file)+"/dev.tfvars", path.Dir(test.file)+"/dev.tfvars.json"), rules)
			var got []string
			for _, problem := range problems {
				got = append(got, problem.Message)
			}
			if diff := cmp.Diff([]string{test.want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPatternsBindWhatTheyExpandTo(t *testing.T) {
	t.Parallel()
	strict, name := rapid.StringMatching(`[a-z0-9_][a-z0-9_.-]{0,5}`), rapid.StringMatching(`[a-zü0-9_ (][a-zü0-9_. ()-]{0,5}`)
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"environment", "region", "component", "x"}), 1, 4, rapid.ID).Draw(t, "names")
		text, values := "root", bindings{}
		for _, one := range names {
			text += "/" + rapid.SampledFrom([]string{"", "pre-", "a/"}).Draw(t, "literal") + "{" + one + "}"
			values[one] = name.Draw(t, one)
			if one == perStack {
				values[one] = strict.Draw(t, one)
			}
		}
		deep := rapid.Bool().Draw(t, "deep")
		if deep && strings.HasSuffix(text, "/{component}") {
			values["component"] = path.Join(values["component"], name.Draw(t, "more"))
		}
		pattern, err := parsePattern(text, deep)
		if err != nil {
			t.Fatal(err)
		}
		expanded, complete := pattern.expand(values)
		if !complete {
			t.Fatalf("%s is incomplete with %v", text, values)
		}
		bound, matches := pattern.bind(expanded)
		if !matches || !maps.Equal(bound, values) {
			t.Fatalf("%s binds %v of %s, made of %v", text, bound, expanded, values)
		}
	})
}

func FuzzParsePattern(f *testing.F) {
	f.Add("environments/{environment}/{component}", "environments/dev/vpc")
	f.Add("a{", "}{{x}")
	f.Fuzz(func(t *testing.T, text, path string) {
		pattern, err := parsePattern(text, true)
		if err != nil {
			return
		}
		if values, matches := pattern.bind(path); matches {
			if again, _ := pattern.expand(values); again != path {
				t.Errorf("%q binds %v of %q, which expands to %q", text, values, path, again)
			}
		}
	})
}
