package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const smallest = "version: 1\nstacks: {layout: folders, path: \"{environment}/{component}\"}\n"

func TestParseVariablesAndSecrets(t *testing.T) {
	t.Parallel()
	got, err := Parse(Path, []byte(smallest+`environments:
  prod:
    variables: {TF_VAR_region: eu-central-1, REPLICAS: 3, DEBUG: false, EMPTY: ""}
    secrets: [DB_PASSWORD, {name: TF_VAR_token, from: acme-token}]
`))
	if err != nil {
		t.Fatal(err)
	}
	prod, _ := got.Environment("prod")
	if diff := cmp.Diff(map[string]string{"TF_VAR_region": "eu-central-1", "REPLICAS": "3", "DEBUG": "false", "EMPTY": ""}, prod.Variables); diff != "" {
		t.Error(diff)
	}
	want := []SecretName{{Name: "DB_PASSWORD", From: "DB_PASSWORD", At: Position{6, 15}}, {Name: "TF_VAR_token", From: "acme-token", At: Position{6, 28}}}
	if diff := cmp.Diff(want, prod.Secrets); diff != "" {
		t.Error(diff)
	}
}

func TestProblemsOfVariablesAndSecrets(t *testing.T) {
	t.Parallel()
	const head = smallest + "environments:\n  prod:\n    "
	for text, want := range map[string]string{
		"variables: [A]":                                        "c.yml:5:16: variables is a list; expected names with values",
		"variables: {a-b: x}":                                   "c.yml:5:17: \"a-b\" cannot name a variable",
		"variables: {PATH: x}":                                  "c.yml:5:17: PATH belongs to the process itself",
		"variables: {LD_PRELOAD: x}":                            "LD_PRELOAD belongs to the process itself",
		"variables: {GIT_SSH_COMMAND: x}":                       "GIT_SSH_COMMAND belongs to the process itself",
		"variables: {TRUNKLINE_COMMIT: x}":                      "TRUNKLINE_COMMIT belongs to the process itself",
		"variables: {A: [1]}":                                   "c.yml:5:20: A is a list; expected text",
		"variables: {A: 1, A: 2}":                               "\"A\" stands here again",
		"variables: {A: }":                                      "A is empty; expected text",
		"secrets: A":                                            "secrets is \"A\"; expected a list",
		"secrets: [HOME]":                                       "c.yml:5:15: HOME belongs to the process itself",
		"secrets: [A, A]":                                       "c.yml:5:18: the secret A is already on line 5",
		"secrets: [{from: x}]":                                  "a secret lacks `name`",
		"secrets: [{name: A, from: a/b}]":                       "the secret A is from \"a/b\"; expected the operator's name",
		"secrets: [{name: A, value: hunter2}]":                  "unknown key \"value\" in a secret; expected one of from, name",
		"variables: {A: x}\n    secrets: [B, {name: A}]":        "c.yml:6:18: prod has A both under `variables` and under `secrets`",
		"variables: {A: " + strings.Repeat("x", 70_000) + "}\n": "A cannot be given to a process",
	} {
		_, err := Parse("c.yml", []byte(head+text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("of %.60q: got %v\nwant something with %q", text, err, want)
		}
	}
}

func settingsWith(t *testing.T, text string) (Operator, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "settings.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return ReadOperator(file, lookupIn(complete()))
}

func TestSecretSources(t *testing.T) {
	t.Parallel()
	o, err := settingsWith(t, `
secrets:
  Acme/infra:
    prod:
      db: {file: /run/secrets/db}
    "*":
      db: {variable: ACME_DB}
      token: {command: [vault, kv, get, -field=x, secret/x], timeout: 5s}
  "77": {prod: {db: {variable: NUMBERED}}}
  "*": {prod: {shared: {file: /run/secrets/shared}}}
`)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		repository              int64
		name, environment, from string
		want                    SecretSource
		entry                   string
	}{
		{1, "acme/infra", "prod", "db", SecretSource{File: "/run/secrets/db"}, "Acme/infra"},
		{1, "acme/infra", "dev", "db", SecretSource{Variable: "ACME_DB"}, "Acme/infra"},
		{1, "acme/infra", "prod", "token", SecretSource{Command: []string{"vault", "kv", "get", "-field=x", "secret/x"}, Timeout: 5 * time.Second}, "Acme/infra"},
		{77, "acme/infra", "prod", "db", SecretSource{Variable: "NUMBERED"}, "77"},
		{1, "other/infra", "prod", "shared", SecretSource{File: "/run/secrets/shared"}, "*"},
		{1, "other/infra", "prod", "db", SecretSource{}, ""},
		{1, "acme/infra", "dev", "shared", SecretSource{}, ""},
		{1, "acme/infra-old", "prod", "db", SecretSource{}, ""},
	} {
		got, entry, found := o.Secrets.Find(test.repository, test.name, test.environment, test.from)
		if diff := cmp.Diff(test.want, got); diff != "" || entry != test.entry || found != (test.entry != "") {
			t.Errorf("%+v: got %+v of %q, %v", test, got, entry, found)
		}
	}
}

func TestSecretSourcesRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"secrets: [a]": "line 1: secrets is a list",
		"secrets: {infra: {prod: {a: {file: /x}}}}":                            "\"infra\" is none; expected owner/name",
		"secrets: {a/b: {Prod: {a: {file: /x}}}}":                              "\"Prod\" cannot name one",
		"secrets: {a/b: {prod: {a: hunter2}}}":                                 "the secret a does not say where it comes from",
		"secrets:\n  a/b:\n    prod:\n      a: {fiel: /x}":                     "line 4: unknown key \"fiel\" in the secret a; expected one of command, file, timeout, variable; did you mean file?",
		"secrets: {a/b: {prod: {a: {}}}}":                                      "needs exactly one of",
		"secrets: {a/b: {prod: {a: {file: /x, variable: X}}}}":                 "needs exactly one of",
		"secrets: {a/b: {prod: {a: {file: x}}}}":                               "expected an absolute path",
		"secrets: {a/b: {prod: {a: {variable: GITHUB_APP_PRIVATE_KEY}}}}":      "which is the server's own",
		"secrets: {a/b: {prod: {a: {variable: X, timeout: 5s}}}}":              "`timeout` belongs to a secret with `command`",
		"secrets: {a/b: {prod: {a: {command: vault kv get}}}}":                 "expected a list of the program and its arguments",
		"secrets: {a/b: {prod: {a: {command: [./get, x]}}}}":                   "command runs \"./get\"; expected a program's name, or its absolute path",
		"secrets: {a/b: {prod: {a: {command: []}}}}":                           "command names no program",
		"secrets: {a/b: {}, A/B: {}}":                                          "a/b and A/B are one repository",
		"secrets: {a/b: {prod: {a: {file: /x}, a: {file: /y}}}}":               "\"a\" stands here again",
		"secrets: {a/b: {prod: {a: {variable: X}}}}\npass_environment: [X, Y]": "TRUNKLINE_PASS_ENVIRONMENT names X, which is the secret a",
	} {
		_, err := settingsWith(t, text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("of %q: got %v\nwant something with %q", text, err, want)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("of %q: the value is shown: %v", text, err)
		}
	}
}
