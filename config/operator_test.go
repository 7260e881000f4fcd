package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func lookupIn(environment map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := environment[name]
		return value, ok
	}
}

func complete() map[string]string {
	return map[string]string{
		"GITHUB_APP_INTEGRATION_ID": "12", "GITHUB_APP_PRIVATE_KEY": `-----BEGIN\nkey`, "GITHUB_APP_WEBHOOK_SECRET": "hush",
		"GITHUB_V3_API_URL": "http://127.0.0.1:1/api/v3", "GITHUB_WEB_URL": "https://github.com",
	}
}

func TestReadOperator(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "settings.yml")
	if err := os.WriteFile(file, []byte("listen: 127.0.0.1:1\nstep_timeout: 5m\ndata: /tmp/x\nlog_level: debug\nlogs: {days: 7, deployments: 20}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	environment := complete()
	environment["TRUNKLINE_LISTEN"] = "127.0.0.1:2"
	environment["TRUNKLINE_PUBLIC_URL"], environment["TRUNKLINE_LOG_DAYS"] = "https://trunkline.acme.example", "30"
	environment["TRUNKLINE_PASS_ENVIRONMENT"] = "AWS_PROFILE, AWS_REGION"
	o, err := ReadOperator(file, lookupIn(environment))
	if err != nil {
		t.Fatal(err)
	}
	if o.Listen != "127.0.0.1:2" || o.StepTimeout != 5*time.Minute || o.Database != "/tmp/x/trunkline.db" || o.LogLevel != "debug" ||
		o.GitHub.APIURL != "http://127.0.0.1:1/api/v3/" || len(o.PassEnvironment) != 2 || string(o.GitHub.App.PrivateKey) != "-----BEGIN\nkey" {
		t.Errorf("got %+v", o)
	}
	if o.PublicURL != "https://trunkline.acme.example/" || o.Logs != (KeptLogs{Days: 30, Deployments: 20}) {
		t.Errorf("got %q and %+v", o.PublicURL, o.Logs)
	}
	if printed := fmt.Sprintf("%v %+v %#v", o, o, o); strings.Contains(printed, "hush") || strings.Contains(printed, "BEGIN") {
		t.Errorf("a secret prints itself: %s", printed)
	}
}

func TestReadOperatorRefuses(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"GITHUB_APP_INTEGRATION_ID": "twelve", "GITHUB_APP_PRIVATE_KEY": "", "GITHUB_APP_WEBHOOK_SECRET": "",
		"TRUNKLINE_DATABASE": "postgres://x", "TRUNKLINE_PARALLEL": "0", "TRUNKLINE_STEP_TIMEOUT": "soon",
		"TRUNKLINE_PUBLIC_URL": "trunkline.acme.example", "TRUNKLINE_LOG_DAYS": "0", "TRUNKLINE_LOG_DEPLOYMENTS": "many",
		"GITHUB_V3_API_URL": "ftp://x", "GITHUB_APP_PRIVATE_KEY_FILE": "/does/not/exist",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			environment := complete()
			environment[name] = value
			if name == "GITHUB_APP_PRIVATE_KEY_FILE" {
				delete(environment, "GITHUB_APP_PRIVATE_KEY")
			}
			_, err := ReadOperator("", lookupIn(environment))
			if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v; want one sentence about %s", err, name)
			}
		})
	}
}
