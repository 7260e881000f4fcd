package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestOperatorsRunners(t *testing.T) {
	t.Parallel()
	sum := strings.Repeat("aB", 32)
	other := strings.Repeat("cd", 32)
	worker := func(text string) string { return "workers:\n  - {" + text + "}\n" }
	good := "name: eu-1, labels: [prod-eu, arm], repositories: [acme/infrastructure], token_sha256: " + sum
	for text, want := range map[string]string{
		worker(good) + "runners: {wait: 5m}\n":                                    "",
		worker(good) + "  - {" + strings.Replace(good, "eu-1", "eu-2", 1) + "}\n": "the same name or the same token",
		worker(good) + "  - {" + strings.Replace(good, sum, other, 1) + "}\n":     "the same name or the same token",
		worker(strings.Replace(good, sum, "secret", 1)):                           "token_sha256 is not the SHA-256",
		worker(strings.Replace(good, "[prod-eu, arm]", "[]", 1)):                  "it has no labels",
		worker(strings.Replace(good, "[prod-eu, arm]", "['a b']", 1)):             `"a b" cannot be a label`,
		worker(strings.Replace(good, "[acme/infrastructure]", "[]", 1)):           "it has no repositories",
		worker(strings.Replace(good, "[acme/infrastructure]", "['*']", 1)):        `"*" is no repository`,
		worker(strings.Replace(good, "eu-1", "'e u'", 1)):                         `its name is "e u"`,
		"runners: {lost_after: 1ms}\n":                                            "lost_after 1ms",
		"runners: {wait: -1s}\n":                                                  "wait -1s",
		"actions: {issuer: nowhere}\n":                                            `the issuer of actions is "nowhere"`,
	} {
		file := filepath.Join(t.TempDir(), "settings.yml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		o, err := ReadOperator(file, lookupIn(complete()))
		if want == "" && err == nil {
			if w := o.Workers[0]; w.TokenSHA256 != strings.ToLower(sum) || !w.Has([]string{"arm"}) || w.Has([]string{"arm", "prod-us"}) {
				t.Errorf("the worker is %+v", w)
			}
			if o.Runners != (Runners{Wait: 5 * time.Minute, LostAfter: time.Minute}) || o.Actions.Issuer != actionsIssuer {
				t.Errorf("it is %+v, %+v", o.Runners, o.Actions)
			}
			continue
		}
		if want == "" || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, not %q", text, err, want)
		}
	}
	environment := complete()
	environment["GITHUB_WEB_URL"] = "https://github.acme.example"
	o, err := ReadOperator("", lookupIn(environment))
	if err != nil || o.Actions.Issuer != "https://github.acme.example/_services/token" {
		t.Errorf("on an Enterprise Server the issuer is %q %v", o.Actions.Issuer, err)
	}
}
