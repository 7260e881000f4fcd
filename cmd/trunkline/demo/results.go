package demo

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"

	"github.com/trunkline/trunkline/bot/githubsim/web"
)

// result is what is really deployed of a component: what the engine itself left behind, not what anybody says.
func (e *example) result(environment, component string) (map[string]string, error) {
	if e.engine == "" {
		text, err := os.ReadFile(filepath.Join(e.deployed, environment, component))
		return settings(string(text)), err
	}
	text, err := os.ReadFile(filepath.Join(e.deployed, environment, component+".tfstate"))
	if err != nil {
		return nil, err
	}
	var state struct {
		Outputs struct {
			Deployed struct {
				Value map[string]any `json:"value"`
			} `json:"deployed"`
		} `json:"outputs"`
	}
	if err := json.Unmarshal(text, &state); err != nil {
		return nil, fmt.Errorf("read the state of %s in %s: %w", component, environment, err)
	}
	result := map[string]string{}
	for name, value := range state.Outputs.Deployed.Value {
		result[name] = fmt.Sprint(value)
	}
	return result, nil
}

var setting = regexp.MustCompile(`(?m)^\s*([a-z_]+)\s*=\s*"?([^"\n]+?)"?\s*$`)

// settings reads lines such as "size = 2".
func settings(text string) map[string]string {
	found := map[string]string{}
	for _, match := range setting.FindAllStringSubmatch(text, -1) {
		found[match[1]] = match[2]
	}
	return found
}

// differs says in what a deployed component differs from what a file of the repository wants; "": in nothing.
func (e *example) differs(environment, component, wanted string) string {
	deployed, err := e.result(environment, component)
	if err != nil {
		return err.Error()
	}
	for name, want := range settings(wanted) {
		// The code also says things that are not deployed, such as where a module is.
		if have, there := deployed[name]; there && have != want {
			return fmt.Sprintf("%s of %s in %s is %s, and %s is wanted", name, component, environment, have, want)
		}
	}
	if len(deployed) == 0 {
		return fmt.Sprintf("nothing of %s is deployed in %s", component, environment)
	}
	return ""
}

// results are everything that is deployed, for the page.
func (e *example) results() []web.Result {
	var results []web.Result
	for _, environment := range environments {
		for _, component := range components {
			deployed, err := e.result(environment, component)
			if err != nil {
				continue
			}
			var lines []string
			for name, value := range deployed {
				lines = append(lines, name+" = "+value)
			}
			sort.Strings(lines)
			results = append(results, web.Result{Environment: environment, Name: component, Text: strings.Join(lines, "\n")})
		}
	}
	return results
}
