package condition

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestHolds(t *testing.T) {
	t.Parallel()
	facts := Facts{
		Plan:  &Plan{Instances: 2, Creates: 1, Updates: 2, Changes: 3, Components: []string{"vpc"}, Stacks: []string{"prod/eu"}},
		Range: Range{Commits: 3, Pulls: 2, Authors: []string{"alice"}, Paths: []string{"db/1.sql"}, Age: 2 * time.Hour},
		Now:   time.Date(2026, 11, 27, 13, 5, 0, 0, time.FixedZone("here", 3600)),
	}
	for text, want := range map[string]bool{
		"plan.destroys == 0 && plan.replaces == 0 && range.commits <= 3":                           true,
		"plan.changes > 5 || range.pulls > 5":                                                      false,
		"time.hour >= 9 && time.hour < 16 && time.day in ['mon', 'fri']":                           true,
		"time.date == '2026-11-27' && time.minute == 5":                                            true,
		"time.now.getHours('UTC') == 12":                                                           true,
		"!range.authors.exists(a, a == 'alice')":                                                   false,
		"range.paths.all(p, p.startsWith('db/'))":                                                  true,
		"range.age < duration('3h') && 'vpc' in plan.components":                                   true,
		"plan.stacks.size() == 1 && plan.instances == 2 && plan.creates == 1 && plan.updates == 2": true,
	} {
		condition, problems := Compile(text)
		if len(problems) > 0 {
			t.Errorf("%s: %v", text, problems)
			continue
		}
		if got, err := condition.Holds(facts); got != want || err != nil {
			t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
		}
	}
}

// What does not need the plan can be answered before it is made.
func TestWithoutPlan(t *testing.T) {
	t.Parallel()
	condition, _ := Compile("plan.destroys == 0 && range.commits <= 3")
	if got, err := condition.Holds(Facts{Range: Range{Commits: 4}}); got || err != nil {
		t.Errorf("too many commits: got %v, %v; want false whatever the plan says", got, err)
	}
	if _, err := condition.Holds(Facts{Range: Range{Commits: 3}}); !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v; want that the plan is needed", err)
	}
}

func TestCannotBeEvaluated(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"1 / plan.creates == 1",
		"range.paths.all(a, range.paths.all(b, range.paths.all(c, a + b + c != 'x')))",
	} {
		condition, problems := Compile(text)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		facts := Facts{Plan: &Plan{}, Range: Range{Paths: strings.Split(strings.Repeat("p ", 500), " ")}}
		if _, err := condition.Holds(facts); err == nil || !strings.Contains(err.Error(), "cannot be evaluated") {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Problem{
		"plan.destroy == 0":            {1, 1, "there is no plan.destroy", "plan.destroy"},
		"range.commits <= 3 && paln.x": {1, 23, "undeclared reference to 'paln' (in container '')", ""},
		"plan == 1":                    {1, 1, "there is no plan", "plan"},
		"plan.destroys":                {0, 0, "it gives int; expected true or false, such as \"plan.destroys == 0\"", ""},
		"plan.destroys == '0'":         {1, 15, "found no matching overload for '_==_' applied to '(int, string)'", ""},
	} {
		_, problems := Compile(text)
		if len(problems) == 0 || problems[0] != want {
			t.Errorf("%s:\ngot  %+v\nwant %+v", text, problems, want)
		}
	}
	if _, problems := Compile("plan.destroys == "); len(problems) == 0 || problems[0].Line != 1 {
		t.Errorf("a half expression: %+v", problems)
	}
}

func TestUsesTime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"plan.changes == 0": false, "time.hour > 3": true, "range.age > duration('1h')": true, "true": false} {
		if condition, _ := Compile(text); condition.UsesTime() != want {
			t.Errorf("%s: got %v", text, !want)
		}
	}
}

func FuzzCompile(f *testing.F) {
	f.Add("plan.destroys == 0 && range.commits <= 3")
	f.Add("range.authors.exists(a, a == 'x') ? time.hour > 3 : false")
	f.Fuzz(func(t *testing.T, text string) {
		condition, problems := Compile(text)
		if (condition == nil) != (len(problems) > 0) {
			t.Fatal("neither a condition nor a problem, or both")
		}
		if condition != nil {
			_, _ = condition.Holds(Facts{Plan: &Plan{}})
		}
	})
}

func TestChanged(t *testing.T) {
	t.Parallel()
	facts := Facts{Range: Range{Paths: []string{"pipelines/daily/load.sql", "README.md"}}}
	for text, want := range map[string]bool{
		`changed("pipelines/**")`:                                           true,
		`changed("*.md")`:                                                   true,
		`changed("pipelines/*")`:                                            false,
		`!changed("db/**") && range.commits == 0`:                           true,
		`["db/**", "README.*"].exists(p, changed(p))`:                       true,
		`changed("pipelines/**") && range.pulls > 0`:                        false,
		`changed("pipelines/{daily,hourly}/*.sql") || 1 / range.pulls == 1`: true,
	} {
		condition, problems := Compile(text)
		if len(problems) > 0 {
			t.Errorf("%s: %v", text, problems)
			continue
		}
		if !condition.Uses("range.paths") {
			t.Errorf("%s does not ask for the paths", text)
		}
		if got, err := condition.Holds(facts); got != want || err != nil {
			t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		`changed("a[")`:          "it is no pattern of paths",
		`changed(1)`:             "no matching overload",
		`changed()`:              "undeclared reference to 'changed'",
		`"@matches_path"(["a"])`: "Syntax error",
	} {
		if _, problems := Compile(text); len(problems) == 0 || !strings.Contains(problems[0].Message, want) {
			t.Errorf("%s: %+v; want %q", text, problems, want)
		}
	}
}
