package comment

import "github.com/trunkline/trunkline/planner"

// Group is what there is to say of a group of the merge queue besides its preview.
type Group struct {
	// Pull is the number of the pull request that the group adds; 0: that is not known.
	Pull int
	// Ahead are the pull requests that are before it in the queue, on which it stands, oldest first.
	Ahead []int
	// TakenFrom is the head of the pull request whose plans these are; empty: it was planned on its own.
	TakenFrom string
	// Ended is GitHub's word for how the group left the queue; empty: it stands in it.
	Ended string
}

// GroupCheck is the check run's view of the preview of a merge group.
func GroupCheck(p planner.Preview, g Group, o Options) CheckOutput {
	o.group = &g
	return Check(p, o)
}

// StoppedGroup is the output of a check run whose group left the queue before it was planned.
func StoppedGroup(g Group) CheckOutput {
	how := own("The group left the merge queue before it was planned.")
	switch g.Ended {
	case "merged":
		how = own("The group was merged before it was planned.")
	case "invalidated":
		how = own("A pull request before this one left the merge queue, so GitHub makes this group anew. The new one is planned.")
	case "dequeued":
		how = say("{} left the merge queue before its group was planned.", g.name())
	}
	d := &document{}
	d.paragraph(how)
	return CheckOutput{Title: "Stopped", Summary: d.String()}
}

// FailedGroup is the comment that tells a pull request why it did not get through the merge queue.
func FailedGroup(p planner.Preview, g Group, o Options) string {
	o.group = &g
	shows := own("")
	if o.Full != "" {
		shows = say(" {} shows more.", link(own("The check run"), o.Full))
	}
	d := &document{}
	d.paragraph(say("In the merge queue, {}: {}{}", g.stands(p), headline(p, o), shows))
	return bounded(o.limit(), d)
}

func (g Group) name() line {
	if g.Pull == 0 {
		return own("The pull request")
	}
	return pull(g.Pull)
}

// stands says what the group stands on.
func (g Group) stands(p planner.Preview) line {
	if len(g.Ahead) == 0 {
		return say("on trunk at {}", commit(p.Trunk))
	}
	return say("behind {}", listAtMost(each(g.Ahead, pull), 5))
}

// foot says what the plans of a group were made of.
func (g Group) foot(p planner.Preview) []line {
	made := say("the merge queue's {}, which adds {} to {}", commit(p.Head), g.name(), commit(p.Trunk))
	if g.Pull == 0 {
		made = say("the merge queue's {} on {}", commit(p.Head), commit(p.Trunk))
	}
	if len(g.Ahead) > 0 {
		made = say("{}, which is trunk with {}", made, listAtMost(each(g.Ahead, pull), 5))
	}
	notes := []line{made}
	if g.TakenFrom != "" {
		notes = append(notes, say("the same files were planned a moment ago for {} at {}, so these are those plans", g.name(), commit(g.TakenFrom)))
	}
	return notes
}
