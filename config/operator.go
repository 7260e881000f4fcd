package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Operator is what the operator of a server sets: in a file, and over it in environment variables.
type Operator struct {
	// GitHub says which GitHub and which App.
	GitHub GitHub `yaml:"github"`
	// Listen is the address for webhooks and pages; TRUNKLINE_LISTEN.
	Listen string `yaml:"listen"`
	// Data is the directory for mirrors, worktrees, state of local backends and logs; TRUNKLINE_DATA.
	Data string `yaml:"data"`
	// Database is a SQLite file; TRUNKLINE_DATABASE. Empty: trunkline.db in Data.
	Database string `yaml:"database"`
	// Parallel is how many engine processes run at a time; TRUNKLINE_PARALLEL. Zero: one for each core.
	Parallel int `yaml:"parallel"`
	// StepTimeout limits one plan, one apply or one check; TRUNKLINE_STEP_TIMEOUT.
	StepTimeout time.Duration `yaml:"step_timeout"`
	// PassEnvironment names variables of the server that engines get, such as AWS_PROFILE; TRUNKLINE_PASS_ENVIRONMENT,
	// separated by commas. Everything else is kept from them.
	PassEnvironment []string `yaml:"pass_environment"`
	// PublicURL is the address at which people reach the server, for links from GitHub; TRUNKLINE_PUBLIC_URL. Empty: there are
	// none.
	PublicURL string `yaml:"public_url"`
	// Logs of deployments that are kept.
	Logs KeptLogs `yaml:"logs"`
	// Secrets are where the values of secrets come from that repositories name; in the file alone.
	Secrets SecretSources `yaml:"secrets"`
	// Workers that may carry out tasks, in the file alone.
	Workers []Worker `yaml:"workers"`
	// Runners are workers, and jobs of GitHub Actions.
	Runners Runners `yaml:"runners"`
	// Actions is where jobs of GitHub Actions run.
	Actions Actions `yaml:"actions"`
	// LogLevel is one of debug, info, warn, error; TRUNKLINE_LOG_LEVEL.
	LogLevel string `yaml:"log_level"`
}

// GitHub is how the server reaches GitHub and proves to be the App. The variables are those of go-githubapp.
type GitHub struct {
	// WebURL for people and for Git; GITHUB_WEB_URL.
	WebURL string `yaml:"web_url"`
	// APIURL of the REST API; GITHUB_V3_API_URL.
	APIURL string `yaml:"v3_api_url"`
	// CAFile has certificates in PEM that GitHub's may be signed with; GITHUB_CA_FILE. Empty: those that the host trusts. For
	// the API it adds to them, for Git it stands in their place.
	CAFile string `yaml:"ca_file"`
	App    struct {
		// ID of the App; GITHUB_APP_INTEGRATION_ID.
		ID int64 `yaml:"integration_id"`
		// PrivateKey in PEM; GITHUB_APP_PRIVATE_KEY, or a file named by PrivateKeyFile, GITHUB_APP_PRIVATE_KEY_FILE.
		PrivateKey     Secret `yaml:"private_key"`
		PrivateKeyFile string `yaml:"private_key_file"`
		// WebhookSecret signs deliveries; GITHUB_APP_WEBHOOK_SECRET.
		WebhookSecret Secret `yaml:"webhook_secret"`
	} `yaml:"app"`
}

// Secret is text that never prints itself.
type Secret string

// String hides the secret.
func (Secret) String() string { return "[redacted]" }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return "[redacted]" }

// MarshalText hides the secret from encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// ReadOperator reads the settings: defaults, then the file (unless its name is empty), then the environment.
// Each error is one sentence that names the setting.
func ReadOperator(file string, lookup func(string) (string, bool)) (Operator, error) {
	o := Operator{Listen: "127.0.0.1:8080", Data: "trunkline-data", StepTimeout: time.Hour, LogLevel: "info"}
	if file != "" {
		if err := o.readFile(file); err != nil {
			return Operator{}, err
		}
	}
	// A variable that is empty is one that is not set.
	set := func(name string) (string, bool) {
		value, ok := lookup(name)
		return value, ok && value != ""
	}
	if err := o.readEnvironment(set); err != nil {
		return Operator{}, err
	}
	return o.complete()
}

func (o *Operator) readFile(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("the settings file cannot be read: %w", err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	err = decoder.Decode(o)
	var typed *yaml.TypeError
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return nil
	case errors.As(err, &typed) && len(typed.Errors) > 0:
		return fmt.Errorf("the settings file %s is wrong: %s", file, unknownSetting.ReplaceAllString(typed.Errors[0], "$1 is no setting"))
	default:
		return fmt.Errorf("the settings file %s is wrong: %w", file, err)
	}
}

// unknownSetting is how yaml.v3 speaks of a key that a type does not have.
var unknownSetting = regexp.MustCompile(`field (\S+) not found in type \S+`)

func (o *Operator) readEnvironment(lookup func(string) (string, bool)) error {
	app := &o.GitHub.App
	texts := map[string]*string{
		"GITHUB_WEB_URL": &o.GitHub.WebURL, "GITHUB_V3_API_URL": &o.GitHub.APIURL, "GITHUB_CA_FILE": &o.GitHub.CAFile,
		"GITHUB_APP_PRIVATE_KEY": (*string)(&app.PrivateKey), "GITHUB_APP_PRIVATE_KEY_FILE": &app.PrivateKeyFile,
		"GITHUB_APP_WEBHOOK_SECRET": (*string)(&app.WebhookSecret),
		"TRUNKLINE_LISTEN":          &o.Listen, "TRUNKLINE_DATA": &o.Data, "TRUNKLINE_DATABASE": &o.Database,
		"TRUNKLINE_LOG_LEVEL": &o.LogLevel, "TRUNKLINE_PUBLIC_URL": &o.PublicURL,
	}
	for name, field := range texts {
		if value, ok := lookup(name); ok {
			*field = value
		}
	}
	var err error
	if value, ok := lookup("GITHUB_APP_INTEGRATION_ID"); ok {
		if app.ID, err = strconv.ParseInt(value, 10, 64); err != nil {
			return fmt.Errorf("GITHUB_APP_INTEGRATION_ID is %q; expected the App's number, as on its settings page", value)
		}
	}
	if value, ok := lookup("TRUNKLINE_PARALLEL"); ok {
		if o.Parallel, err = strconv.Atoi(value); err != nil || o.Parallel < 1 {
			return fmt.Errorf("TRUNKLINE_PARALLEL is %q; expected a whole number, 1 or more", value)
		}
	}
	if value, ok := lookup("TRUNKLINE_STEP_TIMEOUT"); ok {
		if o.StepTimeout, err = time.ParseDuration(value); err != nil {
			return fmt.Errorf("TRUNKLINE_STEP_TIMEOUT is %q; expected a time such as 30m or 2h", value)
		}
	}
	if value, ok := lookup("TRUNKLINE_PASS_ENVIRONMENT"); ok {
		o.PassEnvironment = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
	}
	return o.Logs.readEnvironment(lookup)
}

// complete fills in what follows from other settings, and checks.
func (o Operator) complete() (Operator, error) {
	app := &o.GitHub.App
	if app.PrivateKey == "" && app.PrivateKeyFile != "" {
		key, err := os.ReadFile(app.PrivateKeyFile)
		if err != nil {
			return Operator{}, fmt.Errorf("GITHUB_APP_PRIVATE_KEY_FILE cannot be read: %w", err)
		}
		app.PrivateKey = Secret(key)
	}
	// Many secret stores keep a key in one line with \n written out.
	if !strings.Contains(string(app.PrivateKey), "\n") {
		app.PrivateKey = Secret(strings.ReplaceAll(string(app.PrivateKey), `\n`, "\n"))
	}
	switch {
	case app.ID <= 0:
		return Operator{}, errors.New("GITHUB_APP_INTEGRATION_ID is not set; it is the App's number, as on its settings page")
	case app.PrivateKey == "":
		return Operator{}, errors.New("GITHUB_APP_PRIVATE_KEY is not set; it is the PEM text of a private key of the App")
	case app.WebhookSecret == "":
		return Operator{}, errors.New("GITHUB_APP_WEBHOOK_SECRET is not set; without it anybody could send webhooks")
	case strings.HasPrefix(o.Database, "postgres:") || strings.HasPrefix(o.Database, "postgresql:"):
		return Operator{}, errors.New("TRUNKLINE_DATABASE names PostgreSQL, which this version does not speak yet; give it the path of a SQLite file")
	case o.StepTimeout <= 0:
		return Operator{}, fmt.Errorf("TRUNKLINE_STEP_TIMEOUT is %s; expected a time above zero", o.StepTimeout)
	}
	if err := o.GitHub.complete(); err != nil {
		return Operator{}, err
	}
	if err := o.Secrets.passed(o.PassEnvironment); err != nil {
		return Operator{}, err
	}
	if err := o.completeRunners(); err != nil {
		return Operator{}, err
	}
	if o.Parallel == 0 {
		o.Parallel = runtime.NumCPU()
	}
	var err error
	if o.PublicURL, err = publicURL(o.PublicURL); err != nil {
		return Operator{}, err
	}
	if err := o.Logs.complete(); err != nil {
		return Operator{}, err
	}
	data, err := filepath.Abs(o.Data)
	if err != nil {
		return Operator{}, fmt.Errorf("TRUNKLINE_DATA is %q, which is no path: %w", o.Data, err)
	}
	o.Data = data
	if o.Database == "" {
		o.Database = filepath.Join(data, "trunkline.db")
	}
	return o, nil
}
