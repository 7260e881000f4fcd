package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/trunkline/trunkline/planner/stack"
)

// Ours is the [Address.Backend] of state that Trunkline keeps itself, because the code has no backend, or the local one
// with a path in the directory that is thrown away. It stays with the instance's name, wherever its code goes.
const Ours = "trunkline"

// Theirs is the [Address.Backend] of state that only an engine of commands knows, if there is any.
const Theirs = "command"

// Address is where an instance's state is. Two plans at different addresses do not know of each other's resources.
type Address struct {
	// Backend is its kind, such as "s3", or [Ours].
	Backend string `json:"backend"`
	// Settings that tell the state from others, flat, such as "bucket" or "workspaces.name". They hold no secrets, and
	// nothing about how the state is reached, locked or encrypted.
	Settings map[string]string `json:"settings,omitempty"`
	// Workspace of the engine; "default" where none is meant.
	Workspace string `json:"workspace"`
}

// String is the address in one line, such as "s3 bucket=acme key=vpc.tfstate workspace=prod". People write it down to
// consent to a move.
func (a Address) String() string {
	text := a.Backend
	for _, name := range slices.Sorted(maps.Keys(a.Settings)) {
		text += " " + name + "=" + word(a.Settings[name])
	}
	return text + " workspace=" + word(a.Workspace)
}

func word(text string) string {
	if text == "" || strings.ContainsFunc(text, func(char rune) bool { return char <= ' ' || char == '"' || char == '\\' }) {
		return strconv.Quote(text)
	}
	return text
}

// AddressOfCommand is where the state of an instance is that commands plan and apply: what a stack manifest has generated
// is known, and the workspace.
func AddressOfCommand(instance stack.Instance) Address {
	if instance.GenerateBackend {
		return AddressOf(instance, Backend{})
	}
	address := Address{Backend: Theirs, Workspace: instance.Workspace}
	if address.Workspace == "" {
		address.Workspace = defaultWorkspace
	}
	return address
}

// AddressOf is where the instance's state is, with what its code says about it.
func AddressOf(instance stack.Instance, code Backend) Address {
	kind, settings := code.Kind, maps.Clone(code.Settings)
	switch {
	case instance.GenerateBackend:
		kind, settings = instance.BackendType, flatSettings(instance.Backend)
		if kind == "cloud" {
			settings = flatSettings(withWorkspace(instance.Backend, instance.Workspace))
		}
	case instance.BackendType != "" && (kind == "" || kind == instance.BackendType):
		// What the manifest says completes a partial configuration.
		kind = instance.BackendType
		declared := flatSettings(instance.Backend)
		maps.Copy(declared, settings)
		settings = declared
	}
	address := Address{Backend: kind, Settings: settings, Workspace: instance.Workspace}
	if address.Workspace == "" {
		address.Workspace = defaultWorkspace
	}
	if kind == "" || kind == "local" {
		return address.local(instance)
	}
	address.normalise()
	return address
}

const defaultWorkspace = "default"

// local is the address of the local backend: one path for the default workspace, a directory for all others.
func (a Address) local(instance stack.Instance) Address {
	name := localPath
	if a.Workspace != defaultWorkspace {
		name = localWorkspaces
	}
	if place := a.Settings[name]; filepath.IsAbs(place) {
		return Address{Backend: "local", Settings: map[string]string{name: filepath.Clean(place)}, Workspace: a.Workspace}
	}
	return Address{Backend: Ours, Settings: map[string]string{"instance": instance.Name()}, Workspace: a.Workspace}
}

// normalise leaves only what tells the state from others, in one way of writing it.
func (a *Address) normalise() {
	kept, known := addressSettings[a.Backend]
	maps.DeleteFunc(a.Settings, func(name, value string) bool {
		base, _, _ := strings.Cut(name, ".")
		switch {
		case value == "" || value == settingDefaults[a.Backend+" "+name]:
			return true
		case known:
			return !slices.Contains(kept, name) && !slices.Contains(kept, base)
		default:
			return slices.Contains(accessSettings, base)
		}
	})
	for name, value := range a.Settings {
		switch {
		case name == "conn_str":
			a.Settings[name] = database(value)
		case strings.Contains(value, "://"):
			a.Settings[name] = withoutSecrets(value)
		case a.Backend == "gcs" && name == "prefix":
			a.Settings[name] = strings.TrimPrefix(path.Clean(value), "/")
		}
	}
	if a.Backend == "s3" && a.Workspace == defaultWorkspace {
		delete(a.Settings, "workspace_key_prefix") // only the other workspaces are kept under it
	}
}

// addressSettings are the settings of a kind of backend that say which state it is. Kinds that are not here have all
// but the [accessSettings].
var addressSettings = map[string][]string{
	"s3":         {"bucket", "key", "workspace_key_prefix", "endpoint", "endpoints"},
	"gcs":        {"bucket", "prefix", "storage_custom_endpoint"},
	"azurerm":    {"storage_account_name", "container_name", "key", "environment"},
	"remote":     {"hostname", "organization", "workspaces"},
	"cloud":      {"hostname", "organization", "workspaces"},
	"http":       {"address"},
	"pg":         {"conn_str", "schema_name"},
	"kubernetes": {"secret_suffix", "namespace", "host", "config_context", "config_context_cluster"},
	"consul":     {"address", "datacenter", "path"},
}

// settingDefaults are what settings are that are not there.
var settingDefaults = map[string]string{
	"s3 workspace_key_prefix": "env:",
	"azurerm environment":     "public",
	"remote hostname":         "app.terraform.io",
	"cloud hostname":          "app.terraform.io",
	"pg schema_name":          "terraform_remote_state",
	"kubernetes namespace":    "default",
}

// accessSettings of backends say how a state is reached, encrypted or locked, not which one it is.
var accessSettings = []string{
	"access_key", "acl", "allowed_account_ids", "assume_role", "assume_role_with_web_identity", "client_id", "client_secret",
	"credentials", "dynamodb_table", "encrypt", "encryption_key", "external_id", "impersonate_service_account",
	"kms_encryption_key", "kms_key_id", "max_retries", "password", "private_key", "profile", "retry_mode", "role_arn", "sas_token",
	"secret_id", "secret_key", "security_token", "session_name", "shared_credentials_file", "shared_credentials_files",
	"skip_credentials_validation", "skip_metadata_api_check", "skip_region_validation", "skip_requesting_account_id",
	"sse_customer_key", "tablestore_endpoint", "tablestore_table", "token", "use_azuread_auth", "use_lockfile", "use_oidc", "username",
}

// database is the host and the name in a connection string: neither who connects nor how.
func database(connection string) string {
	if parsed, err := url.Parse(connection); err == nil && parsed.Host != "" {
		return parsed.Host + parsed.Path
	}
	var parts []string
	for _, field := range strings.Fields(connection) {
		name, _, _ := strings.Cut(field, "=")
		if slices.Contains([]string{"host", "hostaddr", "port", "dbname", "service"}, name) {
			parts = append(parts, field)
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

// withoutSecrets is an address of the web without who asks for it.
func withoutSecrets(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		_, after, _ := strings.Cut(address, "@")
		return after
	}
	parsed.User = nil
	return parsed.String()
}

// flatSettings are the settings of a stack manifest under names such as "workspaces.name".
func flatSettings(value any) map[string]string {
	flat := map[string]string{}
	flatten("", value, flat)
	return flat
}

func flatten(name string, value any, into map[string]string) {
	switch value := value.(type) {
	case nil:
	case string:
		into[name] = value
	case map[string]any:
		for inner, one := range value {
			flatten(strings.TrimPrefix(name+"."+inner, "."), one, into)
		}
	case []any:
		if text, err := json.Marshal(value); err == nil {
			into[name] = string(text)
		}
	default:
		into[name] = fmt.Sprint(value)
	}
}
