package planner

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/planner/stack"
)

// StateMove is one way in which an instance would look for its state elsewhere than before.
type StateMove struct {
	// What names the place: "workspace", "backend", or a setting of the backend such as "workspace_key_prefix".
	What string
	// From and To are its values before and after; empty: there is none.
	From, To string
	// Keep says what to write so that the state stays where it is; empty: there is no single answer.
	Keep string
}

// accessSettings of backends say how a state is reached, encrypted or locked, not which one it is.
var accessSettings = []string{
	"access_key", "acl", "allowed_account_ids", "assume_role", "assume_role_with_web_identity", "client_id", "client_secret",
	"conn_str", "credentials", "dynamodb_table", "encrypt", "encryption_key", "external_id", "impersonate_service_account",
	"kms_encryption_key", "kms_key_id", "max_retries", "password", "profile", "retry_mode", "role_arn", "sas_token",
	"secret_key", "session_name", "shared_credentials_files", "skip_credentials_validation", "skip_metadata_api_check",
	"skip_region_validation", "skip_requesting_account_id", "sse_customer_key", "token", "use_azuread_auth", "use_lockfile",
	"use_oidc", "username",
}

// StateMoves says where an instance's state is looked for after a change, if not where it was before. A plan made
// then would not know of anything that exists, and create all of it once more.
func StateMoves(before, after stack.Instance) []StateMove {
	var moves []StateMove
	atmos := after.ManifestPath != ""
	if before.Workspace != after.Workspace {
		move := StateMove{What: "workspace", From: before.Workspace, To: after.Workspace}
		if atmos {
			move.Keep = "metadata.terraform_workspace: " + before.Workspace
		}
		moves = append(moves, move)
	}
	if before.BackendType != after.BackendType {
		return append(moves, StateMove{What: "backend", From: before.BackendType, To: after.BackendType})
	}
	for _, name := range slices.Sorted(maps.Keys(union(before.Backend, after.Backend))) {
		from, to := settingText(before.Backend[name]), settingText(after.Backend[name])
		if from == to || slices.Contains(accessSettings, name) {
			continue
		}
		move := StateMove{What: name, From: from, To: to}
		if atmos && from != "" {
			move.Keep = fmt.Sprintf("backend.%s.%s: %s", after.BackendType, name, from)
		}
		moves = append(moves, move)
	}
	return moves
}

func union(a, b map[string]any) map[string]bool {
	names := map[string]bool{}
	for name := range a {
		names[name] = true
	}
	for name := range b {
		names[name] = true
	}
	return names
}

// settingText is a value as a person would write it.
func settingText(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return strings.TrimSpace(string(text))
}
