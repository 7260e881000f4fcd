package promote

import (
	"slices"

	"github.com/trunkline/trunkline/config"
)

// release finds what would let users have something sooner, or by the word of fewer people.
func (w *weakening) release() {
	b, a := w.before.Release, w.after.Release
	if !b.Declared() {
		return
	}
	w.add(!a.Declared(), "release", "what is deployed would be released with it")
	if !a.Declared() {
		return
	}
	w.add(b.Required && !a.Required, "release", "what comes after it would not wait until all users have it")
	if len(b.Steps) > 0 {
		more := len(a.Steps) == 0 || slices.ContainsFunc(a.Steps, func(step int) bool { return !slices.Contains(b.Steps, step) })
		w.add(more, "release", "other steps than %s would be possible", percentages(b.Steps))
	}
	rest := slices.Clone(a.Approve)
	for _, rule := range b.Approve {
		i := slices.IndexFunc(rest, func(r config.ApproveRule) bool { return r.Count >= rule.Count && within(r.Who, rule.Who) })
		w.add(i < 0, "release", "%d %s of %s would not be needed to release any more", rule.Count, plural(rule.Count, "approval", "approvals"), rule.Who)
		if i >= 0 {
			rest = slices.Delete(rest, i, i+1)
		}
	}
	w.add(!b.Allow.Anyone() && !within(a.Allow, b.Allow), "release", "others than %s could release it", b.Allow)
	w.watches(" of its release", b.Watch, a.Watch)
}
