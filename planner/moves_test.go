package planner

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/trunkline/trunkline/planner/stack"
)

func TestStateMoves(t *testing.T) {
	t.Parallel()
	at := func(workspace, kind string, backend map[string]any) stack.Instance {
		return stack.Instance{Workspace: workspace, Atmos: stack.Atmos{ManifestPath: "dev/us", BackendType: kind, Backend: backend}}
	}
	here := at("dev-us", "s3", map[string]any{"bucket": "b", "workspace_key_prefix": "network", "encrypt": true})
	for name, test := range map[string]struct {
		after stack.Instance
		want  []StateMove
	}{
		"nothing":          {here, nil},
		"the code's path":  {func() stack.Instance { i := here; i.Path = "components/network/v2"; return i }(), nil},
		"access":           {at("dev-us", "s3", map[string]any{"bucket": "b", "workspace_key_prefix": "network", "encrypt": false, "role_arn": "r"}), nil},
		"workspace":        {at("dev-us-network", "s3", here.Backend), []StateMove{{"workspace", "dev-us", "dev-us-network", "metadata.terraform_workspace: dev-us"}}},
		"another backend":  {at("dev-us", "gcs", map[string]any{"bucket": "b"}), []StateMove{{"backend", "s3", "gcs", ""}}},
		"prefix and a key": {at("dev-us", "s3", map[string]any{"bucket": "b", "workspace_key_prefix": "network-v2", "key": "x"}), []StateMove{{"key", "", "x", ""}, {"workspace_key_prefix", "network", "network-v2", "backend.s3.workspace_key_prefix: network"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, StateMoves(here, test.after)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
