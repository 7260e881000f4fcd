package bot

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/trunkline/trunkline/bot/githubsim"
)

var (
	ruleStep     = regexp.MustCompile(`^(\w+) (sets|deletes) the environment ([^:]+?)(?:: (.*))?$`)
	variableStep = regexp.MustCompile(`^(\w+) sets the variable (\w+) of (\S+): (.*)$`)
	guardStep    = regexp.MustCompile(`^(\w+) (enables|disables) the rule of (\S+) in (\S+)$`)
	planStep     = regexp.MustCompile(`^(\w+) pays for (\w+)$`)
	withholdStep = regexp.MustCompile(`^(\w+) withholds ([\w, ]+)$`)
	acceptStep   = regexp.MustCompile(`^(\w+) accepts what the App asks for$`)
	privateStep  = regexp.MustCompile(`^(\w+) makes the repository (private|public)$`)
	failStep     = regexp.MustCompile(`^GitHub answers (\d+) to (\S+)(?: after (\d+))? once$`)
)

// doEnvironments does the steps about environments of GitHub; false: it is another step.
func (c *conversation) doEnvironments(line string) bool {
	c.t.Helper()
	var err error
	if line == "carol looks at the environments" {
		c.log += c.environments()
	} else if match := ruleStep.FindStringSubmatch(line); match != nil {
		err = c.setEnvironment(match)
	} else if match := variableStep.FindStringSubmatch(line); match != nil {
		err = c.gh.As(match[1]).SetEnvironmentVariable(project, match[3], match[2], &match[4])
	} else if match := guardStep.FindStringSubmatch(line); match != nil {
		err = c.gh.As(match[1]).SetEnvironmentGuard(project, match[4], match[3], match[2] == "enables")
	} else if match := planStep.FindStringSubmatch(line); match != nil {
		err = c.gh.SetPlan(match[1], githubsim.Plan(match[2]))
	} else if match := withholdStep.FindStringSubmatch(line); match != nil {
		err = c.gh.Withhold(match[1], strings.Split(match[2], ", ")...)
	} else if match := acceptStep.FindStringSubmatch(line); match != nil {
		err = c.gh.Accept(match[1])
	} else if match := privateStep.FindStringSubmatch(line); match != nil {
		err = c.gh.As(match[1]).SetPrivate(project, match[2] == "private")
	} else if match := failStep.FindStringSubmatch(line); match != nil {
		fault := githubsim.Fault{Operation: match[2], Times: 1}
		_, err = fmt.Sscan(match[1]+" "+firstOf(match[3], "0"), &fault.Status, &fault.Skip)
		if err == nil {
			_, err = c.gh.Inject(fault)
		}
	} else {
		return false
	}
	if err != nil {
		c.t.Fatalf("%s: %v", line, err)
	}
	return true
}

// setEnvironment changes an environment by hand, or deletes it.
func (c *conversation) setEnvironment(match []string) error {
	person, name := c.gh.As(match[1]), match[3]
	if match[2] == "deletes" {
		return person.DeleteEnvironment(project, name)
	}
	var read struct {
		Wait      int
		Reviewers []string
		Prevent   bool
		Branches  string
		Policies  []string
	}
	if err := yaml.Unmarshal([]byte(match[4]), &read); err != nil {
		return err
	}
	return person.SetEnvironment(project, name, githubsim.EnvironmentRules{WaitMinutes: read.Wait, Reviewers: read.Reviewers,
		PreventSelfReview: read.Prevent, Branches: read.Branches, Policies: read.Policies})
}

// environments as their settings pages show them.
func (c *conversation) environments() string {
	all, err := c.gh.Environments(project)
	if err != nil {
		c.t.Fatal(err)
	}
	var out strings.Builder
	if len(all) == 0 {
		out.WriteString("  no environment\n")
	}
	for _, one := range all {
		fmt.Fprintf(&out, "  environment %s: branches %s", one.Name, strings.TrimSpace(one.Branches+" "+strings.Join(one.Policies, ", ")))
		if one.WaitMinutes > 0 {
			fmt.Fprintf(&out, "; waits %d min", one.WaitMinutes)
		}
		if len(one.Reviewers) > 0 {
			fmt.Fprintf(&out, "; reviewed by %s", strings.Join(one.Reviewers, ", "))
		}
		if one.PreventSelfReview {
			out.WriteString(", not by who started it")
		}
		if len(one.Guards) > 0 {
			fmt.Fprintf(&out, "; guarded by %s", strings.Join(one.Guards, ", "))
		}
		for _, name := range slices.Sorted(maps.Keys(one.Variables)) {
			fmt.Fprintf(&out, "; %s=%s", name, one.Variables[name])
		}
		if one.Ignored {
			out.WriteString("; its protection is ignored")
		}
		out.WriteByte('\n')
	}
	return out.String()
}
