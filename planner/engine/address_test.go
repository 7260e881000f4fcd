package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/stack"
)

func TestAddressOfCode(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files     map[string]string
		kind      config.EngineKind
		workspace string
		want      string
	}{
		"none":                             {map[string]string{"main.tf": `resource "terraform_data" "cloud" {}`}, "", "", "trunkline instance=prod/net workspace=default"},
		"of a workspace":                   {map[string]string{"main.tf": ""}, "", "prod", "trunkline instance=prod/net workspace=prod"},
		"relative":                         {map[string]string{"main.tf": "terraform {\n" + `backend "local" { path = "a/b.tfstate" }` + "\n}"}, "", "", "trunkline instance=prod/net workspace=default"},
		"absolute":                         {map[string]string{"main.tf": "terraform {\n" + `backend "local" { path = "/srv/b.tfstate" }` + "\n}"}, "", "", "local path=/srv/b.tfstate workspace=default"},
		"absolute, but not for workspaces": {map[string]string{"main.tf": "terraform {\n" + `backend "local" { path = "/srv/b.tfstate" }` + "\n}"}, "", "blue", "trunkline instance=prod/net workspace=blue"},
		"partial":                          {map[string]string{"backend.tf": "terraform {\n" + `backend "s3" {}` + "\n}"}, "", "", "s3 workspace=default"},
		"s3, default workspace": {map[string]string{"backend.tf": `terraform {
  backend "s3" {
    bucket               = "acme"
    key                  = "net/terraform.tfstate"
    workspace_key_prefix = "teams"
    region               = "eu-west-1"
    dynamodb_table       = "locks"
    assume_role          = { role_arn = "arn" }
  }
}`}, "", "", "s3 bucket=acme key=net/terraform.tfstate workspace=default"},
		"s3, another workspace": {map[string]string{"backend.tf": `terraform {
  backend "s3" {
    bucket               = "acme"
    key                  = "k"
    workspace_key_prefix = "teams"
  }
}`}, "", "blue", "s3 bucket=acme key=k workspace_key_prefix=teams workspace=blue"},
		"in JSON":       {map[string]string{"backend.tf.json": `{"terraform": [{"backend": {"gcs": {"bucket": "acme", "prefix": "net/", "impersonate_service_account": "x"}}}]}`}, "", "", "gcs bucket=acme prefix=net workspace=default"},
		"override":      {map[string]string{"z.tf": "terraform {\n" + `backend "s3" { bucket = "a" }` + "\n}", "a_override.tf": "terraform {\n" + `backend "s3" { bucket = "b" }` + "\n}"}, "", "", "s3 bucket=b workspace=default"},
		"last override": {map[string]string{"override.tf": "terraform {\n" + `backend "s3" { bucket = "a" }` + "\n}", "b_override.tf.json": `{"terraform":{"backend":{"s3":{"bucket":"c"}}}}`}, "", "", "s3 bucket=a workspace=default"},
		"cloud": {map[string]string{"main.tf": `terraform {
  cloud {
    organization = "acme"
    hostname     = "app.terraform.io"
    workspaces { tags = ["net", "prod"] }
  }
}`}, "", "", "cloud organization=acme workspaces.tags=net,prod workspace=default"},
		"cloud in JSON":                    {map[string]string{"main.tf.json": `{"terraform": {"cloud": {"organization": "acme", "workspaces": {"name": "net"}}}}`}, "", "", "cloud organization=acme workspaces.name=net workspace=default"},
		"remote":                           {map[string]string{"main.tf": "terraform {\n  backend \"remote\" {\n    hostname = \"tfe\"\n    organization = \"acme\"\n    token = \"secret\"\n    workspaces { prefix = \"net-\" }\n  }\n}"}, "", "", "remote hostname=tfe organization=acme workspaces.prefix=net- workspace=default"},
		"a connection":                     {map[string]string{"main.tf": "terraform {\n" + `backend "pg" { conn_str = "postgres://u:secret@db.acme/state?sslmode=disable" }` + "\n}"}, "", "", "pg conn_str=db.acme/state workspace=default"},
		"an address":                       {map[string]string{"main.tf": "terraform {\n  backend \"http\" {\n    address = \"https://u:secret@state.acme/net\"\n    lock_address = \"https://state.acme/net/lock\"\n  }\n}"}, "", "", "http address=https://state.acme/net workspace=default"},
		"unknown kind":                     {map[string]string{"main.tf": "terraform {\n  backend \"oss\" {\n    bucket = \"acme\"\n    prefix = \"a\"\n    access_key = \"secret\"\n  }\n}"}, "", "", "oss bucket=acme prefix=a workspace=default"},
		"a file of OpenTofu for Terraform": {map[string]string{"main.tf": "", "backend.tofu": "terraform {\n" + `backend "s3" { bucket = "a" }` + "\n}"}, config.Terraform, "", "trunkline instance=prod/net workspace=default"},
		"a file of OpenTofu":               {map[string]string{"backend.tf": "terraform {\n" + `backend "s3" { bucket = "a" }` + "\n}", "backend.tofu": "terraform {\n" + `backend "s3" { bucket = "b" }` + "\n}"}, config.Tofu, "", "s3 bucket=b workspace=default"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string][]byte{}
			for name, text := range test.files {
				files[name] = []byte(text)
			}
			backend, err := ReadBackend(files, test.kind)
			if err != nil {
				t.Fatal(err)
			}
			got := AddressOf(stack.Instance{Stack: "prod", Component: "net", Workspace: test.workspace}, backend).String()
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAddressOfManifest(t *testing.T) {
	t.Parallel()
	settings := map[string]any{"bucket": "acme", "workspace_key_prefix": "net", "use_lockfile": true, "assume_role": map[string]any{"role_arn": "arn"}}
	for name, test := range map[string]struct {
		instance stack.Instance
		code     Backend
		want     string
	}{
		"generated":            {stack.Instance{Workspace: "prod", Atmos: stack.Atmos{BackendType: "s3", Backend: settings, GenerateBackend: true}}, Backend{Kind: "gcs"}, "s3 bucket=acme workspace_key_prefix=net workspace=prod"},
		"completes code":       {stack.Instance{Workspace: "prod", Atmos: stack.Atmos{BackendType: "s3", Backend: settings}}, Backend{Kind: "s3", Settings: map[string]string{"bucket": "other"}}, "s3 bucket=other workspace_key_prefix=net workspace=prod"},
		"code of another kind": {stack.Instance{Workspace: "prod", Atmos: stack.Atmos{BackendType: "s3", Backend: settings}}, Backend{Kind: "gcs", Settings: map[string]string{"bucket": "other"}}, "gcs bucket=other workspace=prod"},
		"cloud": {stack.Instance{Workspace: "prod-net", Atmos: stack.Atmos{BackendType: "cloud", GenerateBackend: true, Backend: map[string]any{
			"organization": "acme", "workspaces": map[string]any{"name": "{terraform_workspace}"}}}}, Backend{}, "cloud organization=acme workspaces.name=prod-net workspace=prod-net"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, AddressOf(test.instance, test.code).String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
