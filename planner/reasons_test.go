package planner

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/trunkline/trunkline/config"
)

// Values are told by the path at which they differ, and secrets are not told.
func TestValueChanges(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 200)
	for name, test := range map[string]struct {
		variable, before, after string
		want                    []string
	}{
		"a number":              {"size", "1", "2", []string{"size changed from 1 to 2"}},
		"another type":          {"size", "1", `"1"`, []string{`size changed from 1 to "1"`}},
		"nothing before":        {"size", "null", "[]", []string{"size changed from null to []"}},
		"inside":                {"tags", `{"a": 1, "b": {"c": "x", "d": true}}`, `{"a": 1, "b": {"c": "y", "d": true}}`, []string{`tags.b.c changed from "x" to "y"`}},
		"keys":                  {"tags", `{"a": 1, "b c": 2}`, `{"b/c": 3}`, []string{"tags.a removed (was 1)", `tags["b c"] removed (was 2)`, `tags["b/c"] added as 3`}},
		"an element":            {"zones", `["a", "b", "c"]`, `["a", "x", "c"]`, []string{`zones[1] changed from "b" to "x"`}},
		"one more":              {"zones", `["a", "c"]`, `["a", "b", "c"]`, []string{`zones[1] added as "b"`}},
		"one less":              {"zones", `["a", "b", "c"]`, `["c"]`, []string{`zones[0] removed (was "a")`, `zones[1] removed (was "b")`}},
		"another order":         {"zones", `["a", "b"]`, `["b", "a"]`, []string{"zones has another order"}},
		"in an element":         {"rules", `[{"port": 80}, {"port": 81}]`, `[{"port": 80}, {"port": 443}]`, []string{"rules[1].port changed from 81 to 443"}},
		"many":                  {"v", `{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1}`, `{"a":2,"b":2,"c":2,"d":2,"e":2,"f":2,"g":2}`, []string{"v.a changed from 1 to 2", "v.b changed from 1 to 2", "v.c changed from 1 to 2", "v.d changed from 1 to 2", "v.e changed from 1 to 2", "v: 2 more changes"}},
		"long":                  {"v", `"` + long + `1` + long + `"`, `"` + long + `2` + long + `"`, []string{`v changed from …` + long[:20] + "1" + long[:39] + "… to …" + long[:20] + "2" + long[:39] + "…"}},
		"text with marks":       {"v", `"<a>"`, `"&"`, []string{`v changed from "<a>" to "&"`}},
		"a password":            {"db_password", `"hunter2"`, `"hunter3"`, []string{"db_password changed (not shown)"}},
		"a password inside":     {"db", `{"user": "a", "adminPassword": "hunter2"}`, `{"user": "b", "adminPassword": "hunter3"}`, []string{"db.adminPassword changed (not shown)", `db.user changed from "a" to "b"`}},
		"a secret that comes":   {"db", `{}`, `{"apiKey": "hunter2", "sub": {"token": "x", "on": true}}`, []string{"db.apiKey added as (not shown)", `db.sub added as {"on":true,"token":"(not shown)"}`}},
		"a secret that goes":    {"db", `{"api-keys": ["hunter2"]}`, `{}`, []string{"db.api-keys removed (was (not shown))"}},
		"under secrets":         {"secrets", `{"a": "hunter2"}`, `{"a": "hunter3"}`, []string{"secrets changed (not shown)"}},
		"what tells of secrets": {"v", `{"token_ttl": 1, "secret_arn": "a", "keep_secrets": false, "key": "a"}`, `{"token_ttl": 2, "secret_arn": "b", "keep_secrets": true, "key": "b"}`, []string{"v.keep_secrets changed from false to true", `v.key changed from "a" to "b"`, `v.secret_arn changed from "a" to "b"`, "v.token_ttl changed from 1 to 2"}},
		"the shape of a secret": {"v", `"x"`, `"ghp_16C7e42F292c6912E7710c838347Ae178B4a"`, []string{`v changed from "x" to "[redacted]"`}},
		"a connection":          {"database_connection_string", `"a"`, `"b"`, []string{"database_connection_string changed (not shown)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, valueChanges(test.variable, test.before, test.after, false)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := valueChanges("size", "1", "2", true); !slices.Equal(got, []string{"size changed (not shown)"}) {
		t.Errorf("a variable that is declared sensitive: %q", got)
	}
}

func TestNamesOfSecrets(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"password", "DB_PASSWORD", "dbPassword", "TF_VAR_admin_token", "AWS_SECRET_ACCESS_KEY", "apiKey", "api_key", "APIKey",
		"private-key", "ssh_private_key", "client_secret", "credentials", "tokens", "sasToken", "signingKey", "storage_account_key", "passphrase", "license_key", "secret.value"} {
		if !discreet(name) {
			t.Errorf("%s is shown", name)
		}
	}
	for _, name := range []string{"size", "key", "keys", "workspace_key_prefix", "kms_key_id", "key_name", "public_key", "monkey", "tokenizer", "passthrough",
		"compass", "secret_name", "password_length", "token_ttl", "secretary", "bypass", "partition_key", "sort_key", "keyword", "path", "pattern"} {
		if discreet(name) {
			t.Errorf("%s is not shown", name)
		}
	}
}

// No secret of a configuration comes into a reason, however deep it lies.
func TestSecretsStayHidden(t *testing.T) {
	t.Parallel()
	names := rapid.SampledFrom([]string{"a", "password", "tags", "apiKey", "token", "list"})
	var value func(depth int, secret bool) *rapid.Generator[any]
	value = func(depth int, secret bool) *rapid.Generator[any] {
		return rapid.Custom(func(t *rapid.T) any {
			switch kind := rapid.IntRange(0, 2).Draw(t, "kind"); {
			case kind == 0 && depth > 0:
				made := map[string]any{}
				for _, name := range rapid.SliceOfNDistinct(names, 0, 4, rapid.ID).Draw(t, "names") {
					made[name] = value(depth-1, secret || discreet(name)).Draw(t, name)
				}
				return made
			case kind == 1 && depth > 0:
				made := []any{}
				for range rapid.IntRange(0, 3).Draw(t, "length") {
					made = append(made, value(depth-1, secret).Draw(t, "element"))
				}
				return made
			case secret:
				return "hunter" + rapid.StringMatching("[0-9]").Draw(t, "secret")
			}
			return rapid.StringMatching("[a-z]{0,3}").Draw(t, "text")
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		before, after := value(3, false).Draw(t, "before"), value(3, false).Draw(t, "after")
		for _, said := range valueChanges("v", jsonText(before), jsonText(after), false) {
			if strings.Contains(said, "hunter") {
				t.Fatalf("from %s to %s: %s", jsonText(before), jsonText(after), said)
			}
		}
	})
}

// Reasons of real changes, as somebody reads them who knows nothing of the repository.
func TestReasons(t *testing.T) {
	t.Parallel()
	base := []string{
		"components/app/main.tf", "module \"net\" { source = \"../../modules/net\" }\nvariable \"size\" {}\nvariable \"motto\" { sensitive = true }\nvariable \"tags\" {}",
		"components/app/README.md", "hello", "components/app/run.sh", "exit 0",
		"modules/net/main.tf", `module "dns" { source = "../dns" }`, "modules/net/extra.tf", "# extra",
		"modules/dns/main.tf", `output "x" { value = file("${path.module}/../../files/zone.txt") }`,
		"files/zone.txt", "zone", "config/dev.tfvars", "size = 1\nmotto = 1234\ntags = { Owner = \"alice\", zones = [\"a\", \"b\"] }\n",
		"config/all.tfvars.json", `{"size": 1}`,
		"components/app/terraform.tfvars", "zone = \"a\"\nmotto = 1\n", "components/app/b.auto.tfvars.json", `{"port": 80}`, "components/app/sub/terraform.tfvars", "x = 1",
	}
	for name, test := range map[string]struct {
		change []string
		rules  func(*config.Repository)
		want   []string
	}{
		"a variable in a file": {change: []string{"config/dev.tfvars", "size = 2\nmotto = 1234\ntags = { Owner = \"alice\", zones = [\"a\", \"b\"] }\n"},
			want: []string{"variable file config/dev.tfvars: size changed from 1 to 2"}},
		"inside of a variable in a file": {change: []string{"config/dev.tfvars", "size = 1\nmotto = 1234\ntags = { Owner = \"bob\", zones = [\"a\", \"b\", \"c\"] }\n"},
			want: []string{`variable file config/dev.tfvars: tags.Owner changed from "alice" to "bob"`, `variable file config/dev.tfvars: tags.zones[2] added as "c"`}},
		"a sensitive variable": {change: []string{"config/dev.tfvars", "size = 1\nmotto = 4321\ntags = { Owner = \"alice\", zones = [\"a\", \"b\"] }\n"},
			want: []string{"variable file config/dev.tfvars: motto changed (not shown)"}},
		"variables that come and go": {change: []string{"config/dev.tfvars", "api_token = \"hunter2\"\nmotto = 1234\ntags = { Owner = \"alice\", zones = [\"a\", \"b\"] }\nmore = [1]\n"},
			want: []string{"variable file config/dev.tfvars: api_token added as (not shown)", "variable file config/dev.tfvars: more added as [1]", "variable file config/dev.tfvars: size removed (was 1)"}},
		"a comment in a variable file": {change: []string{"config/dev.tfvars", "# a comment\nsize = 1\nmotto = 1234\ntags = { Owner = \"alice\", zones = [\"a\", \"b\"] }\n"},
			want: []string{"variable file config/dev.tfvars changed, but no value in it"}},
		"a variable file with an error": {change: []string{"config/dev.tfvars", "size = "}, want: []string{"variable file config/dev.tfvars changed"}},
		"variables that the engine reads by itself": {change: []string{"components/app/terraform.tfvars", "zone = \"b\"\nmotto = 2\n", "components/app/b.auto.tfvars.json", `{"port": 443}`},
			want: []string{"variable file components/app/b.auto.tfvars.json: port changed from 80 to 443", "variable file components/app/terraform.tfvars: motto changed (not shown)",
				`variable file components/app/terraform.tfvars: zone changed from "a" to "b"`}},
		"variables beside code": {change: []string{"components/app/terraform.tfvars", "zone = \"b\"\nmotto = 1\n", "components/app/README.md", "bye", "components/app/sub/terraform.tfvars", "x = 2"},
			want: []string{"component directory: README.md changed, sub/terraform.tfvars changed", `variable file components/app/terraform.tfvars: zone changed from "a" to "b"`}},
		"variables with an error beside code": {change: []string{"components/app/terraform.tfvars", "zone = "}, want: []string{"component directory: terraform.tfvars changed"}},
		"a variable in JSON":                  {change: []string{"config/all.tfvars.json", `{"size": {"x": 1}}`}, want: []string{`variable file config/all.tfvars.json: size changed from 1 to {"x":1}`}},
		"code before the rest": {change: []string{"components/app/README.md", "bye", "components/app/a.txt", "", "components/app/b.txt", "b", "components/app/z.tf", ""},
			want: []string{"component directory: z.tf added, README.md changed, a.txt added and 1 more"}},
		"a file under another name":              {change: []string{"modules/net/extra.tf", "-", "modules/net/more.tf", "# extra"}, want: []string{"module modules/net: extra.tf renamed to more.tf"}},
		"a module of a module":                   {change: []string{"modules/dns/main.tf", `output "x" { value = file("${path.module}/../../files/zone.txt") } # x`}, want: []string{"module modules/dns (through modules/net): main.tf changed"}},
		"a file that a module of a module reads": {change: []string{"files/zone.txt", "zone 2"}, want: []string{"file files/zone.txt (through modules/net and modules/dns) changed"}},
		"a file that is not there any more":      {change: []string{"files/zone.txt", "-"}, want: []string{"file files/zone.txt (through modules/net and modules/dns) removed"}},
		"a module's directory under another name": {change: []string{"modules/net/main.tf", "-", "modules/net/extra.tf", "-", "modules/network/main.tf", `module "dns" { source = "../dns" }`, "modules/network/extra.tf", "# extra",
			"components/app/main.tf", "module \"net\" { source = \"../../modules/network\" }\nvariable \"size\" {}\nvariable \"motto\" { sensitive = true }\nvariable \"tags\" {}"},
			want: []string{"component directory: main.tf changed", "module moved from modules/net to modules/network, with the same content"}},
		"another module": {change: []string{"components/app/main.tf", `module "dns" { source = "../../modules/dns" }`},
			want: []string{"component directory: main.tf changed", "no longer uses module modules/net"}},
		"a new module": {change: []string{"components/app/new.tf", `module "new" { source = "../../modules/new" }`, "modules/new/main.tf", ""},
			want: []string{"component directory: new.tf added", "module modules/new added"}},
		"only the mode": {change: []string{"components/app/run.sh", "+x"}, want: []string{"component directory: run.sh became executable"}},
		"a variable of the configuration": {rules: func(r *config.Repository) {
			r.Stacks.Instances[0].Variables = map[string]any{"size": 2, "db": map[string]any{"password": "hunter2", "port": 5432}}
		}, want: []string{"variable db added as {\"password\":\"(not shown)\",\"port\":5432}", "variable size added as 2"}},
		"a variable file under another name": {change: []string{"config/dev.tfvars", "-", "config/development.tfvars", "size = 1\nmotto = 1234\ntags = { Owner = \"alice\", zones = [\"a\", \"b\"] }\n"},
			rules: func(r *config.Repository) {
				r.Stacks.Instances[0].VariableFiles = []string{"config/all.tfvars.json", "config/development.tfvars"}
			}, want: []string{"order of variable files changed to config/all.tfvars.json config/development.tfvars", "variable file moved from config/dev.tfvars to config/development.tfvars, with the same content"}},
		"a component's directory under another name": {change: []string{"components/app", "=> components/web"}, rules: func(r *config.Repository) { r.Stacks.Instances[0].Path = "components/web" },
			want: []string{"component directory moved from components/app to components/web, with the same content"}},
		"another engine": {rules: func(r *config.Repository) { r.Stacks.Engine.Kind = config.Tofu }, want: []string{"engine changed from terraform to tofu"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repository := newRepository(t)
			rules := func() config.Repository {
				return config.Repository{Environments: []config.Environment{{Name: "dev"}}, Stacks: config.Stacks{
					Layout: config.LayoutList, Engine: config.Engine{Kind: config.Terraform}, Instances: []config.Instance{{
						Environment: "dev", Component: "app", Path: "components/app", VariableFiles: []string{"config/all.tfvars.json", "config/dev.tfvars"}}}}}
			}
			before := repository.snapshot(repository.commit(base...), rules())
			repository.prepare(test.change)
			changed := rules()
			if test.rules != nil {
				test.rules(&changed)
			}
			after := repository.snapshot(repository.commit(), changed)
			found := affected(t, before, after)
			if len(found) != 1 {
				t.Fatalf("affected are %v", notes(found))
			}
			if diff := cmp.Diff(test.want, found[0].Reasons); diff != "" {
				t.Error(diff)
			}
			if test.change == nil {
				return
			}
			repository.git("revert", "--no-edit", "HEAD")
			if found := affected(t, before, repository.snapshot(repository.commit(), rules())); len(found) > 0 {
				t.Errorf("after a revert: %v", notes(found))
			}
		})
	}
}

// prepare writes files as [repository.commit] does; "+x" makes one executable, "=> x" moves a directory to x.
func (r *repository) prepare(files []string) {
	r.t.Helper()
	for pair := range slices.Chunk(files, 2) {
		path := filepath.Join(r.dir, pair[0])
		target, moves := strings.CutPrefix(pair[1], "=> ")
		var err error
		switch {
		case pair[1] == "+x":
			err = os.Chmod(path, 0o755)
		case moves:
			err = os.Rename(path, filepath.Join(r.dir, target))
		case pair[1] == "-":
			err = os.Remove(path)
		default:
			if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
				err = os.WriteFile(path, []byte(pair[1]), 0o644)
			}
		}
		if err != nil {
			r.t.Fatal(err)
		}
	}
}
