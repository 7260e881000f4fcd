package engine

import "testing"

// Addresses that are written differently and lead to the same state have the same place, and others do not.
func TestPlace(t *testing.T) {
	t.Parallel()
	s3 := func(key, prefix, workspace string) Address {
		return Address{Backend: "s3", Settings: map[string]string{"bucket": "b", "key": key, "workspace_key_prefix": prefix}, Workspace: workspace}
	}
	hosted := func(kind, setting, value, workspace string) Address {
		return Address{Backend: kind, Settings: map[string]string{"organization": "acme", setting: value}, Workspace: workspace}
	}
	for name, test := range map[string]struct {
		a, b Address
		same bool
	}{
		"the same":                          {s3("app", "", "pr-7"), s3("app", "env:", "pr-7"), true},
		"the object of a workspace":         {s3("app", "", "pr-7"), s3("env:/pr-7/app", "", "default"), true},
		"a prefix that ends otherwise":      {s3("7/app", "x", "pr"), s3("app", "x/pr", "7"), true},
		"another workspace":                 {s3("app", "", "pr-7"), s3("app", "", "pr-8"), false},
		"the default workspace":             {s3("app", "", "pr-7"), s3("app", "", "default"), false},
		"a server of another name":          {s3("app", "", "pr-7"), Address{Backend: "s3", Settings: map[string]string{"bucket": "b", "key": "app", "endpoint": "minio"}, Workspace: "pr-7"}, true},
		"a name that hosts a workspace":     {hosted("cloud", "workspaces.tags", "app", "pr-7"), hosted("cloud", "workspaces.name", "pr-7", "default"), true},
		"a prefix that hosts a workspace":   {hosted("remote", "workspaces.prefix", "app-", "pr-7"), hosted("cloud", "workspaces.name", "app-pr-7", "app-pr-7"), true},
		"another name":                      {hosted("remote", "workspaces.prefix", "app-", "pr-7"), hosted("cloud", "workspaces.name", "app-prod", "app-prod"), false},
		"gcs":                               {Address{Backend: "gcs", Settings: map[string]string{"bucket": "b", "prefix": "x"}, Workspace: "pr-7"}, Address{Backend: "gcs", Settings: map[string]string{"bucket": "b", "prefix": "x/"}, Workspace: "pr-7"}, true},
		"secrets of Kubernetes":             {Address{Backend: "kubernetes", Settings: map[string]string{"secret_suffix": "b"}, Workspace: "pr-7-a"}, Address{Backend: "kubernetes", Settings: map[string]string{"secret_suffix": "a-b"}, Workspace: "pr-7"}, true},
		"a folder of the host's own":        {Address{Backend: "local", Settings: map[string]string{localWorkspaces: "/srv"}, Workspace: "pr-7"}, Address{Backend: "local", Settings: map[string]string{localPath: "/srv/pr-7/../pr-7/terraform.tfstate"}, Workspace: "default"}, true},
		"kept by Trunkline, by its name":    {Address{Backend: Ours, Settings: map[string]string{"instance": "dev/app"}, Workspace: "pr-7"}, Address{Backend: Ours, Settings: map[string]string{"instance": "pr-7/dev/app"}, Workspace: "pr-7"}, false},
		"azurerm, whose keys grow":          {Address{Backend: "azurerm", Settings: map[string]string{"key": "app"}, Workspace: "pr-7"}, Address{Backend: "azurerm", Settings: map[string]string{"key": "appenv:pr-7"}, Workspace: "default"}, true},
		"pg, whoever connects":              {Address{Backend: "pg", Settings: map[string]string{"conn_str": "db-1/x"}, Workspace: "pr-7"}, Address{Backend: "pg", Settings: map[string]string{"conn_str": "db-2/x"}, Workspace: "pr-7"}, true},
		"consul":                            {Address{Backend: "consul", Settings: map[string]string{"path": "app"}, Workspace: "pr-7"}, Address{Backend: "consul", Settings: map[string]string{"path": "app-env:pr-7"}, Workspace: "default"}, true},
		"commands, by nothing but a word":   {Address{Backend: Theirs, Workspace: "pr-7"}, Address{Backend: Theirs, Workspace: "default"}, false},
		"of a kind that nobody knows":       {Address{Backend: "http", Settings: map[string]string{"address": "x"}, Workspace: "pr-7"}, Address{Backend: "http", Settings: map[string]string{"address": "x"}, Workspace: "pr-7"}, true},
		"another bucket":                    {s3("app", "", "pr-7"), Address{Backend: "s3", Settings: map[string]string{"bucket": "c", "key": "app"}, Workspace: "pr-7"}, false},
		"words that could be read together": {Address{Backend: "gcs", Settings: map[string]string{"bucket": "b c"}, Workspace: "pr-7"}, Address{Backend: "gcs", Settings: map[string]string{"bucket": "b", "prefix": "c"}, Workspace: "pr-7"}, false},
	} {
		a, _ := test.a.Place()
		b, _ := test.b.Place()
		if (a == b) != test.same {
			t.Errorf("%s: %q and %q", name, a, b)
		}
	}
	for name, test := range map[string]struct {
		Address
		apart bool
	}{
		"s3":           {s3("app", "", "pr-7"), true},
		"ours":         {Address{Backend: Ours, Workspace: "pr-7"}, true},
		"http":         {Address{Backend: "http", Workspace: "pr-7"}, false},
		"a name":       {hosted("cloud", "workspaces.name", "app", "pr-7"), false},
		"a name of it": {hosted("cloud", "workspaces.name", "app-pr-7", "pr-7"), true},
		"tags":         {hosted("cloud", "workspaces.tags", "app", "pr-7"), true},
		"one for all":  {Address{Backend: "remote", Settings: map[string]string{"organization": "acme"}, Workspace: "pr-7"}, false},
	} {
		if _, apart := test.Address.Place(); apart != test.apart {
			t.Errorf("%s: apart is %t", name, apart)
		}
	}
}
