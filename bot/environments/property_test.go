package environments

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// model is GitHub as far as the steps of one environment are concerned: what is not sent is gone.
type model struct {
	found    *Found
	nextID   int64
	refused  bool // the plan refuses protection
	sharpens bool // in doubt what is not sent is kept
}

func (m *model) do(step Step) error {
	if m.found == nil {
		if step.Put == nil {
			return fmt.Errorf("%s before the environment is there", step.describe())
		}
		m.found = &Found{IDs: map[Pattern]int64{}, Environment: Environment{Variables: map[string]string{}}}
	}
	f := m.found
	switch {
	case step.Put != nil:
		return m.put(*step.Put)
	case step.Add != nil:
		if !f.Branches.Matching || slices.Contains(f.Branches.Patterns, *step.Add) {
			return fmt.Errorf("%s where that cannot be: %v", step.describe(), f.Branches)
		}
		m.nextID++
		f.Branches.Patterns, f.IDs[*step.Add] = append(f.Branches.Patterns, *step.Add), m.nextID
	case step.Guard:
		f.Guarded = true
	case step.Set != nil:
		if _, exists := f.Variables[step.Set.Name]; exists != step.Set.Exists {
			return fmt.Errorf("%s, but it exists: %t", step.describe(), exists)
		}
		f.Variables[step.Set.Name] = step.Set.Value
	default:
		at := slices.IndexFunc(f.Branches.Patterns, func(p Pattern) bool { return f.IDs[p] == step.Drop })
		if at < 0 {
			return fmt.Errorf("%s, which is not there", step.describe())
		}
		f.Branches.Patterns = slices.Delete(f.Branches.Patterns, at, at+1)
	}
	return nil
}

func (m *model) put(put Put) error {
	f := m.found
	if m.refused && (put.Wait != nil || put.Reviewers != nil || put.PreventSelfReview != nil) {
		return fmt.Errorf("the plan refuses %s", Step{Put: &put}.describe())
	}
	if len(put.Reviewers) > 6 || put.PreventSelfReview != nil && *put.PreventSelfReview && len(put.Reviewers) == 0 {
		return fmt.Errorf("GitHub refuses %s", Step{Put: &put}.describe())
	}
	if put.Wait != nil {
		f.Wait = *put.Wait
	} else if !m.sharpens && !m.refused {
		f.Wait = 0
	}
	if put.Reviewers != nil {
		f.Reviewers = put.Reviewers
	} else if !m.sharpens && !m.refused {
		f.Reviewers = nil
	}
	f.PreventSelfReview = put.PreventSelfReview != nil && *put.PreventSelfReview && len(f.Reviewers) > 0
	patterns := f.Branches.Patterns
	f.Branches = Branches{Protected: put.Branches.Protected, Matching: put.Branches.Matching}
	if put.Branches.Matching {
		f.Branches.Patterns = patterns
	}
	return nil
}

var (
	someReviewers = rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) Reviewer {
		return Reviewer{Team: rapid.Bool().Draw(t, "team"), ID: rapid.Int64Range(1, 5).Draw(t, "id")}
	}), 0, 3, rapid.ID[Reviewer])
	somePatterns = rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) Pattern {
		return Pattern{Name: rapid.SampledFrom([]string{"main", "release/*", "v*"}).Draw(t, "name"), Tag: rapid.Bool().Draw(t, "tag")}
	}), 0, 4, rapid.ID[Pattern])
	someVariables = rapid.MapOfN(rapid.SampledFrom([]string{"A", "B", "C"}), rapid.SampledFrom([]string{"1", "2"}), 0, 3)
)

func someEnvironment(t *rapid.T) Environment {
	e := Environment{Name: "prod", Wait: rapid.IntRange(0, 2).Draw(t, "wait"), Reviewers: someReviewers.Draw(t, "reviewers"),
		Guarded: rapid.Bool().Draw(t, "guarded"), Variables: someVariables.Draw(t, "variables")}
	e.PreventSelfReview = len(e.Reviewers) > 0 && rapid.Bool().Draw(t, "prevent")
	switch rapid.IntRange(0, 2).Draw(t, "branches") {
	case 1:
		e.Branches.Protected = true
	case 2:
		e.Branches.Matching, e.Branches.Patterns = true, somePatterns.Draw(t, "patterns")
	}
	return e
}

func someMeans(t *rapid.T) Means {
	m := Means{Administer: rapid.IntRange(0, 3).Draw(t, "administer") > 0, Fill: rapid.IntRange(0, 3).Draw(t, "fill") > 0,
		Guard: rapid.Bool().Draw(t, "guard"), Unpaid: map[Feature]string{}}
	for _, f := range []Feature{Environments, Protection, Guards} {
		if rapid.IntRange(0, 4).Draw(t, string(f)) == 0 {
			m.Unpaid[f] = "no"
		}
	}
	return m
}

// From whatever is found, the steps lead to what is wanted as far as the means go, and a second time there is nothing to do.
func TestStepsConverge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		means, w := someMeans(t), Wanted{For: "prod", Environment: someEnvironment(t)}
		w.Guarded, w.Nobody = true, rapid.SampledFrom([][]string{nil, nil, {"nobody"}}).Draw(t, "nobody")
		m := &model{nextID: 100, refused: means.lacks(Protection), sharpens: rapid.Bool().Draw(t, "sharpens")}
		if rapid.Bool().Draw(t, "exists") {
			f := Found{Environment: someEnvironment(t), IDs: map[Pattern]int64{}, Hidden: rapid.IntRange(0, 4).Draw(t, "hidden") == 0}
			for _, pattern := range f.Branches.Patterns {
				m.nextID++
				f.IDs[pattern] = m.nextID
			}
			m.found = &f
		}
		before := copyOf(m.found)
		for _, step := range Steps(w, m.found, means) {
			if err := m.do(step); err != nil {
				t.Fatal(err)
			}
		}
		if again := Steps(w, m.found, means); len(again) > 0 {
			t.Fatalf("there is more to do: %s; found %+v", again[0].describe(), m.found)
		}
		for _, d := range Compare(w, m.found, means) {
			if d.Attainable() && means.Administer && means.Fill && !means.lacks(Environments) {
				t.Fatalf("still differs: %s", d)
			}
		}
		leftAlone(t, before, m.found, w)
	})
}

// What nobody asked for stays: other variables, and who reviews as long as not all reviewers are known.
func leftAlone(t *rapid.T, before, after *Found, w Wanted) {
	if before == nil {
		return
	}
	for name, value := range before.Variables {
		if _, wanted := w.Variables[name]; !wanted && after.Variables[name] != value {
			t.Fatalf("the variable %s was changed", name)
		}
	}
	if len(w.Nobody) > 0 && !equalReviewers(before.Reviewers, after.Reviewers) {
		t.Fatalf("reviewers were %v and are %v", before.Reviewers, after.Reviewers)
	}
	if before.Guarded && !after.Guarded {
		t.Fatal("our rule was disabled")
	}
}

func copyOf(f *Found) *Found {
	if f == nil {
		return nil
	}
	other := *f
	other.Variables, other.Reviewers = maps.Clone(f.Variables), slices.Clone(f.Reviewers)
	return &other
}

// An environment never admits more while its steps are taken than before or after all of them.
func TestStepsOpenNothingOnTheWay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := Wanted{Environment: someEnvironment(t)}
		m := &model{}
		for _, step := range Steps(w, nil, Means{Administer: true, Fill: true, Guard: true}) {
			if err := m.do(step); err != nil {
				t.Fatal(err)
			}
			f := m.found
			if f.Wait != w.Wait || !equalReviewers(f.Reviewers, w.Reviewers) || f.Branches.Matching != w.Branches.Matching || f.Branches.Protected != w.Branches.Protected {
				t.Fatalf("after %s it is %+v, on the way to %+v", step.describe(), f.Environment, w.Environment)
			}
		}
	})
}
