package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trunkline/trunkline/config/calendar"
)

// check finds what is wrong across keys: names that do not exist, cycles, and gates that would never open.
func check(file string, r Repository) (problems Problems) {
	add := func(at Position, format string, args ...any) {
		problems = append(problems, &Problem{File: file, At: at, Message: fmt.Sprintf(format, args...)})
	}
	names := make([]string, len(r.Environments))
	for i, environment := range r.Environments {
		names[i] = environment.Name
	}
	known := func(at Position, what string, named []string) {
		for _, name := range named {
			if _, ok := r.Environment(name); !ok {
				add(at, "%s%q, which is no environment here%s", what, name, didYouMean(name, names))
			}
		}
	}
	for _, environment := range r.Environments {
		known(environment.At, environment.Name+" comes after ", environment.After)
		known(environment.At, environment.Name+" comes after ", environment.AfterAny)
		if cycle := cycleThrough(r, environment.Name, nil); cycle != nil && cycle[0] == environment.Name {
			add(environment.At, "%s can never be reached: %s", environment.Name, strings.Join(cycle, " comes after "))
		}
		if environment.Soak > 0 && len(environment.After)+len(environment.AfterAny) == 0 {
			add(environment.At, "`soak` is time in what %s comes after, and it comes after nothing", environment.Name)
		}
		problems = append(problems, checkSecrets(file, environment)...)
		problems = append(problems, checkHeaders(file, environment)...)
		if !everOpen(environment.Windows) {
			add(environment.At, "the windows of %s are never open: those with `exclude` take all away", environment.Name)
		}
	}
	for _, instance := range r.Stacks.Instances {
		if _, ok := r.Environment(instance.Environment); !ok {
			add(instance.At, "%q is no environment here%s", instance.Environment, didYouMean(instance.Environment, names))
		}
	}
	for _, freeze := range r.Freezes {
		known(freeze.At, "the freeze is of ", freeze.Environments)
	}
	for _, hook := range r.Hooks {
		known(hook.At, "the hook runs in ", hook.Environments)
	}
	for _, divergence := range r.Diverge {
		known(divergence.At, "the divergence is in ", divergence.Environments)
	}
	problems = append(problems, checkArtifacts(file, r)...)
	problems = append(problems, checkPreview(file, r)...)
	problems = append(problems, checkRunners(file, r)...)
	problems = append(problems, checkGitHub(file, r)...)
	return append(problems, checkPullChecks(file, r)...)
}

// everOpen asks from a fixed day on: windows repeat every week.
func everOpen(windows []calendar.Window) bool {
	from := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	return !calendar.Next([][]calendar.Window{windows}, nil, from).IsZero()
}

// cycleThrough follows `after` from name and returns the first path that comes back to where it began.
func cycleThrough(r Repository, name string, path []string) []string {
	path = append(path, name)
	if len(path) > 1 && path[0] == name {
		return path
	}
	if len(path) > len(r.Environments)+1 {
		return nil
	}
	environment, _ := r.Environment(name)
	for _, after := range append(slices.Clone(environment.After), environment.AfterAny...) {
		if cycle := cycleThrough(r, after, path); cycle != nil {
			return cycle
		}
	}
	return nil
}
