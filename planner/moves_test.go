package planner

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/stack"
)

// at is an instance of a stack manifest whose backend is generated.
func at(workspace, kind string, backend map[string]any) Resolved {
	instance := stack.Instance{Environment: "dev", Stack: "dev-us", Component: "network", Path: "components/network", Workspace: workspace,
		Atmos: stack.Atmos{ManifestPath: "dev/us", BackendType: kind, Backend: backend, GenerateBackend: true}}
	return Resolved{Instance: instance, State: Whereabouts{Environment: "dev", Path: instance.Path, Address: engine.AddressOf(instance, engine.Backend{})}}
}

// coded is an instance of folders with a backend in its code.
func coded(backend engine.Backend) Resolved {
	instance := stack.Instance{Environment: "dev", Stack: "dev", Component: "network", Path: "dev/network", Workspace: "default"}
	return Resolved{Instance: instance, State: Whereabouts{Environment: "dev", Path: instance.Path, Address: engine.AddressOf(instance, backend)}}
}

// commanded is an instance that commands plan.
func commanded(workspace string) Resolved {
	instance := stack.Instance{Environment: "dev", Stack: "dev", Component: "network", Path: "dev/network", Workspace: workspace}
	return Resolved{Instance: instance, State: Whereabouts{Environment: "dev", Path: instance.Path, Address: engine.AddressOfCommand(instance)}}
}

func TestFindMoves(t *testing.T) {
	t.Parallel()
	here := at("dev-us", "s3", map[string]any{"bucket": "b", "workspace_key_prefix": "network", "encrypt": true})
	inCode := coded(engine.Backend{Kind: "s3", Settings: map[string]string{"bucket": "b", "key": "network"}})
	none := coded(engine.Backend{})
	relative := coded(engine.Backend{Kind: "local", Settings: map[string]string{"path": "some.tfstate"}})
	for name, test := range map[string]struct {
		before, after Resolved
		want          []StateMove
	}{
		"nothing":                       {here, here, nil},
		"the code's path":               {here, func() Resolved { r := here; r.Instance.Path = "components/network/v2"; return r }(), nil},
		"access":                        {here, at("dev-us", "s3", map[string]any{"bucket": "b", "workspace_key_prefix": "network", "encrypt": false, "region": "eu-west-1", "assume_role": map[string]any{"role_arn": "r"}}), nil},
		"workspace":                     {here, at("dev-us-network", "s3", here.Instance.Backend), []StateMove{{"workspace", "dev-us", "dev-us-network", "metadata.terraform_workspace: dev-us"}}},
		"another backend":               {here, at("dev-us", "gcs", map[string]any{"bucket": "b"}), []StateMove{{"backend", "s3", "gcs", ""}}},
		"prefix and a key":              {here, at("dev-us", "s3", map[string]any{"bucket": "b", "workspace_key_prefix": "network-v2", "key": "x"}), []StateMove{{"key", "", "x", ""}, {"workspace_key_prefix", "network", "network-v2", "backend.s3.workspace_key_prefix: network"}}},
		"the same prefix by default":    {at("dev-us", "s3", map[string]any{"bucket": "b"}), at("dev-us", "s3", map[string]any{"bucket": "b", "workspace_key_prefix": "env:"}), nil},
		"a key in the code":             {inCode, coded(engine.Backend{Kind: "s3", Settings: map[string]string{"bucket": "b", "key": "vpc"}}), []StateMove{{"key", "network", "vpc", `key = "network"`}}},
		"out of our hands":              {none, inCode, []StateMove{{"backend", "trunkline", "s3", ""}}},
		"still in our hands":            {none, relative, nil},
		"an absolute path":              {none, coded(engine.Backend{Kind: "local", Settings: map[string]string{"path": "/srv/some.tfstate"}}), []StateMove{{"backend", "trunkline", "local", ""}}},
		"to commands":                   {inCode, commanded("default"), nil},
		"commands in another workspace": {commanded("blue"), commanded("green"), []StateMove{{"workspace", "blue", "green", ""}}},
		"declared by the address": {inCode, func() Resolved {
			r := coded(engine.Backend{Kind: "gcs", Settings: map[string]string{"bucket": "b"}})
			r.MovedFrom = []string{"s3 bucket=b key=network workspace=default"}
			return r
		}(), nil},
		"declared by the value": {here, func() Resolved {
			r := at("dev-us-network", "s3", here.Instance.Backend)
			r.MovedFrom = []string{"dev-us"}
			return r
		}(), nil},
		"declared of elsewhere": {here, func() Resolved {
			r := at("dev-us-network", "s3", here.Instance.Backend)
			r.MovedFrom = []string{"prod-us"}
			return r
		}(), []StateMove{{"workspace", "dev-us", "dev-us-network", "metadata.terraform_workspace: dev-us"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			instance := test.after.Instance.Name()
			moves := FindMoves(map[string]Whereabouts{instance: test.before.State}, map[string]Resolved{instance: test.after})
			if diff := cmp.Diff(test.want, moves.Moved[instance]); diff != "" {
				t.Error(diff)
			}
			if declares := moves.Declare[instance] != ""; declares != (len(test.want) > 0) {
				t.Errorf("declare %q", moves.Declare[instance])
			}
		})
	}
}
