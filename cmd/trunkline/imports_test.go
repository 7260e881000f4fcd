package main

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/trunkline/trunkline/"

// imports go one way, and each of these rules has a reason.
var rules = []struct {
	packages, mayNot, why string
	// except are packages of the folder that the rule is not about.
	except []string
}{
	{packages: "config", mayNot: module, why: "configuration is types that everybody may use"},
	{packages: "planner", mayNot: module + "promote", why: "what would change does not depend on who moves it"},
	{packages: "planner", mayNot: module + "bot", why: "planning knows no GitHub"},
	{packages: "promote", mayNot: module + "bot", why: "promotion knows no GitHub"},
	{packages: "config", mayNot: "net/http", why: "configuration is read from text"},
	{packages: "planner", mayNot: "net/http", why: "planning talks to Git and to engines only"},
	{packages: "promote", mayNot: "net/http", why: "promotion talks to nobody"},
	{packages: "promote", mayNot: "database/sql", why: "decisions are pure", except: []string{"promote/store"}},
	{packages: "promote", mayNot: "github.com/rs/zerolog", why: "decisions are pure", except: []string{"promote/store", "promote/deploy"}},
	{packages: "config", mayNot: "github.com/google/go-github", why: "go-github is for package bot alone"},
	{packages: "planner", mayNot: "github.com/google/go-github", why: "go-github is for package bot alone"},
	{packages: "promote", mayNot: "github.com/google/go-github", why: "go-github is for package bot alone"},
	{packages: "cmd", mayNot: "github.com/google/go-github", why: "go-github is for package bot alone"},
	{packages: "bot/githubsim", mayNot: "github.com/google/go-github", why: "the stand-in must not share the client's mistakes"},
	{packages: "bot/comment", mayNot: "github.com/google/go-github", why: "comments are a function of what they are given"},
}

func TestImports(t *testing.T) {
	t.Parallel()
	list := exec.Command("go", "list", "-f", "{{.ImportPath}}: {{join .Imports \" \"}}", "./...")
	list.Dir = "../.."
	output, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, line := range strings.Split(strings.TrimSpace(string(output)), "\n") {
		path, imports, _ := strings.Cut(line, ": ")
		path = strings.TrimPrefix(path, module)
		for _, rule := range rules {
			if !under(path, rule.packages) || under(path, rule.except...) {
				continue
			}
			checked++
			for _, imported := range strings.Fields(imports) {
				// A package may import its own subfolders.
				if strings.HasPrefix(imported, rule.mayNot) && !under(strings.TrimPrefix(imported, module), rule.packages) {
					t.Errorf("%s imports %s: %s", path, imported, rule.why)
				}
			}
		}
	}
	if checked < len(rules) {
		t.Errorf("only %d of %d rules found a package", checked, len(rules))
	}
}

// under tells whether a package is one of the folders or below one.
func under(path string, folders ...string) bool {
	for _, folder := range folders {
		if path == folder || strings.HasPrefix(path, folder+"/") {
			return true
		}
	}
	return false
}
