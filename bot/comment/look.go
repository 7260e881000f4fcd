package comment

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
)

// appearance is equal for what looks the same.
type appearance = [sha256.Size]byte

// looks are how an instance looks as it is, and with its names hidden.
func looks(instance planner.InstancePreview, o Options) (look, hidden appearance) {
	names := namingOf(instance.Instance)
	look, named := view{namesOnly: o.NamesOnly}.look(instance, names)
	if !named {
		return look, look
	}
	hidden, _ = view{o.NamesOnly, names}.look(instance, naming{})
	return look, hidden
}

// look is a digest of what the view shows of an instance, if there were room for all of it, and whether one of the
// names is in it. The digests of plans will not do: they also hold what is not shown, such as which object it is that
// is replaced.
func (v view) look(instance planner.InstancePreview, names naming) (a appearance, named bool) {
	w := newLookWriter(v, names)
	switch plan := instance.Plan; {
	case instance.Outcome == planner.Failed:
		w.text(instance.Failure)
		for _, secret := range instance.Lacks {
			w.text(secret)
		}
	case instance.Outcome == planner.KnownAfter:
		w.mark('k')
		w.text(instance.Failure)
		for _, name := range append(slices.Clone(instance.After), instance.Lacks...) {
			w.text(name)
		}
	case commandPlan(plan) && v.namesOnly:
		w.text(plan.Digest)
	case commandPlan(plan):
		w.text(plan.Text)
	default:
		for i := range plan.Changes {
			w.change(&plan.Changes[i], plan.Digest)
		}
		for i := range plan.Outputs {
			w.mark('o')
			w.change(&plan.Outputs[i], plan.Digest)
		}
	}
	return w.sum(), w.named
}

// lookWriter writes what a view shows into a hash.
type lookWriter struct {
	view
	out *bufio.Writer
	sum func() appearance
	// watched are names to look for; named: one was there.
	watched naming
	named   bool
}

func newLookWriter(v view, watched naming) *lookWriter {
	hash := sha256.New()
	w := &lookWriter{view: v, out: bufio.NewWriterSize(hash, 512), watched: watched}
	w.sum = func() (a appearance) {
		_ = w.out.Flush() // a hash takes everything
		hash.Sum(a[:0])
		return a
	}
	return w
}

// text writes a text with its length before it, so that no two ways to cut a text look the same.
func (w *lookWriter) text(s string) {
	w.named = w.named || w.watched.in(s)
	s = w.names.hide(s)
	var size [8]byte
	binary.LittleEndian.PutUint64(size[:], uint64(len(s)))
	_, _ = w.out.Write(size[:])
	_, _ = w.out.WriteString(s)
}

func (w *lookWriter) mark(b byte) { _ = w.out.WriteByte(b) }

func (w *lookWriter) flag(set bool) {
	if set {
		w.mark('1')
	} else {
		w.mark('0')
	}
}

func (w *lookWriter) change(change *engine.Change, digest string) {
	w.text(string(change.Action))
	w.text(change.Address)
	w.text(change.PreviousAddress)
	w.text(change.Deposed)
	w.text(change.Reason)
	w.flag(change.CreateFirst)
	if w.namesOnly {
		w.flag(change.ImportID != "")
	} else {
		w.text(change.ImportID)
	}
	if change.AttributesLeft > 0 {
		w.text(digest) // nobody knows what else there is
	}
	for i := range change.Attributes {
		a := &change.Attributes[i]
		w.text(a.Path)
		w.flag(a.Unknown)
		w.flag(a.Sensitive)
		w.flag(a.ForcesReplacement)
		if collapsed := a.Unknown && !a.ForcesReplacement; !collapsed && !w.namesOnly {
			w.text(a.Before)
			w.text(a.After)
			w.text(a.Folded)
		}
	}
}
