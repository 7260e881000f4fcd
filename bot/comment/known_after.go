package comment

import (
	"slices"

	"github.com/trunkline/trunkline/planner"
)

// fewUpstreams are named in the middle of a sentence; more are counted.
const fewUpstreams = 2

// upstreams are the instances after which plans are known, each once, in the order of their names.
func upstreams(instances []planner.InstancePreview, most int) line {
	var names []string
	merge := false
	for _, instance := range instances {
		if instance.Outcome == planner.KnownAfter {
			names = append(names, instance.After...)
			merge = merge || len(instance.Lacks) > 0
		}
	}
	slices.Sort(names)
	all := each(slices.Compact(names), code)
	if merge {
		all = append(all, own("the merge"))
	}
	return listAtMost(all, most)
}

// knownAfter are the instances that cannot be planned yet.
func knownAfter(instances []planner.InstancePreview) (later []planner.InstancePreview) {
	for _, instance := range instances {
		if instance.Outcome == planner.KnownAfter {
			later = append(later, instance)
		}
	}
	return later
}

// laterCell says of the instances in a cell, at least one of which cannot be planned yet, what is known.
func laterCell(instances []planner.InstancePreview) line {
	later := knownAfter(instances)
	if len(later) == len(instances) {
		return say("known after {}", upstreams(later, fewUpstreams))
	}
	return say("{}, {} of {} known after {}", tallied(instances...).cell(), number(len(later)), number(len(instances)), upstreams(later, fewUpstreams))
}

// andKnownAfter adds to a headline what else there will be to know.
func andKnownAfter(head line, p planner.Preview) line {
	later := knownAfter(p.Instances)
	if len(later) == 0 {
		return head
	}
	more := own("plan is")
	if len(later) > 1 {
		more = own("plans are")
	}
	return say("{} {} {} known after {}: that is no failure.", head, number(len(later)), more, upstreams(later, fewUpstreams))
}

// onlyKnownAfter is the headline where no plan that could be made has a change.
func onlyKnownAfter(p planner.Preview) line {
	later := knownAfter(p.Instances)
	head := say("**What merging changes is known after {}**", upstreams(later, fewUpstreams))
	if len(later) == len(p.Instances) {
		return say("{}: {} cannot be planned before, and that is no failure.", head, count(len(later), "instance", "instances"))
	}
	return say("{}: {} of {} cannot be planned before, and that is no failure; no other plan has a change.", head,
		number(len(later)), count(len(p.Instances), "instance", "instances"))
}

// later explains why the group cannot be planned yet, with so many lines of what the engine said.
func (g group) later(most int) *document {
	d := &document{}
	if lacks := g.first().Lacks; len(lacks) > 0 {
		d.paragraph(say("It needs {}, which {} gives only to what is merged. What the engine said:", listAtMost(each(lacks, code), manyWarnings), text(g.first().Instance.Environment)))
	} else {
		d.paragraph(say("It reads what {} will have once deployed. What the engine said:", upstreams(g.instances, manyWarnings)))
	}
	d.append(messageBlock(g.view.names.hide(g.first().Failure), most))
	return g.folded(d)
}
