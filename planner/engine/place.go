package engine

import (
	"path"
	"path/filepath"
	"strings"
)

// Place is the one place that the address leads to, such as an object in a bucket: the same place is the same state, in
// whatever way it is written down. Where servers can have several names, they are taken to be one. Apart tells whether
// another workspace would be another place.
func (a Address) Place() (place string, apart bool) {
	of, named := a.Settings, a.Workspace != defaultWorkspace && a.Workspace != ""
	switch a.Backend {
	case Ours:
		return words(Ours, of["instance"], a.Workspace), true
	case "local":
		if named {
			return words("local", filepath.Join(of[localWorkspaces], a.Workspace, ourState)), true
		}
		return words("local", filepath.Clean(of[localPath])), true
	case "s3":
		object := of["key"]
		if named {
			object = path.Join(a.setting("workspace_key_prefix"), a.Workspace, object)
		}
		return words("s3", of["bucket"], path.Clean(object)), true
	case "gcs":
		return words("gcs", of["bucket"], path.Join(of["prefix"], a.Workspace+".tfstate")), true
	case "azurerm":
		object := of["key"]
		if named {
			object += "env:" + a.Workspace
		}
		return words("azurerm", of["storage_account_name"], of["container_name"], object), true
	case "consul":
		object := of["path"]
		if named {
			object += "-env:" + a.Workspace
		}
		return words("consul", object), true
	case "kubernetes":
		return words("kubernetes", "tfstate-"+a.Workspace+"-"+of["secret_suffix"]), true
	case "pg":
		return words("pg", a.setting("schema_name"), a.Workspace), true
	case "cloud", "remote":
		return a.hosted()
	case "cos", "oss":
		return a.String(), true
	case Theirs:
		return words(Theirs, a.Workspace), true
	}
	return a.String(), false
}

// hosted is the place in HCP Terraform or its like, where a workspace has one name in its whole organisation.
func (a Address) hosted() (place string, apart bool) {
	name, fixed := a.Settings["workspaces.name"]
	switch prefix, prefixed := a.Settings["workspaces.prefix"]; {
	case fixed:
		apart = strings.Contains(name, a.Workspace) // it was made from it
	case prefixed:
		name, apart = prefix+a.Workspace, true
	default:
		name = a.Workspace
		for setting := range a.Settings {
			apart = apart || strings.HasPrefix(setting, "workspaces.tags") || setting == "workspaces.project"
		}
	}
	return words("hosted", a.setting("hostname"), a.Settings["organization"], name), apart
}

// setting is a setting of the address, or what it is where nothing is said.
func (a Address) setting(name string) string {
	if value := a.Settings[name]; value != "" {
		return value
	}
	return settingDefaults[a.Backend+" "+name]
}

func words(all ...string) string {
	for i, one := range all {
		all[i] = word(one)
	}
	return strings.Join(all, " ")
}
