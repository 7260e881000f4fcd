package bot

import (
	"os"
	"regexp"

	"gopkg.in/yaml.v3"

	"github.com/trunkline/trunkline/config"
)

var (
	keepStep = regexp.MustCompile(`^operator keeps (\w+): (.*)$`)
	loseFile = regexp.MustCompile(`^operator loses (\w+)$`)
)

// operated makes the settings those of the section "operator", as far as conversations have some.
func operated(text string) func(*world, *config.Operator) {
	return func(w *world, o *config.Operator) {
		settings := struct{ Secrets config.SecretSources }{}
		if err := yaml.Unmarshal([]byte(w.placed(text)), &settings); err != nil {
			w.t.Fatalf("the operator's settings: %v", err)
		}
		o.Secrets = settings.Secrets
	}
}

// doOperator does what the operator does: a file that is kept is $DEPLOYED-name; false: it is another step.
func (c *conversation) doOperator(line string) bool {
	c.t.Helper()
	var err error
	if match := keepStep.FindStringSubmatch(line); match != nil {
		err = os.WriteFile(c.deployed+"-"+match[1], []byte(match[2]+"\n"), 0o600)
	} else if match := loseFile.FindStringSubmatch(line); match != nil {
		err = os.Remove(c.deployed + "-" + match[1])
	} else {
		return false
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return true
}
