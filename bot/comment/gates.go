package comment

import "github.com/trunkline/trunkline/promote"

// gates are all conditions on an environment's next step, the closed ones first: what each waits for, until when, and who
// or what opens it. Where the only ones are its order and that somebody asks, the table says it all.
func gates(stage promote.Stage, o Options) section {
	if stage.Status == promote.Converged || stage.Status == promote.Deploying || !remarkable(stage.Gates) {
		return section{}
	}
	var closed, open []line
	for _, gate := range stage.Gates {
		if gate.Open {
			open = append(open, say("✅ {}", prose(gate.Text)))
			continue
		}
		closed = append(closed, closedGate(gate, o))
	}
	title := say("**Gates of {}** for {}", text(stage.Environment.Name), commit(stage.Range.To.SHA))
	if len(closed) > 0 {
		title = say("{}: {} open, {} closed", title, number(len(open)), number(len(closed)))
	}
	var all []*document
	for _, items := range [][]line{append(closed[:len(closed):len(closed)], open...), closed} {
		d := &document{}
		d.paragraph(title)
		d.items(append(items[:len(items):len(items)], voidApprovals(stage)...))
		all = append(all, d)
	}
	return versions(all...)
}

// remarkable tells whether there is a gate that the table does not tell of.
func remarkable(gates []promote.Gate) bool {
	for _, gate := range gates {
		switch gate.Name {
		case promote.GateUpstream, promote.GateManual, promote.GateFailed, promote.GateDeploying, promote.GateConfiguration, promote.GateLineage:
		default:
			return true
		}
	}
	return false
}

func closedGate(gate promote.Gate, o Options) line {
	l := say("❌ {}", prose(gate.Text))
	if !gate.OpensAt.IsZero() {
		l = say("⏳ {} (asked again {})", prose(gate.Text), clock(gate.OpensAt))
	}
	if gate.Command != "" {
		l = say("{}: {}", l, o.typed(gate.Command))
	}
	return l
}

// voidApprovals are those that do not count any more, each with the reason.
func voidApprovals(stage promote.Stage) (items []line) {
	for _, approval := range stage.Approvals {
		if !approval.Counts {
			items = append(items, say("🚫 the approval by {} is void: {}", text(approval.By.Login), prose(approval.Void)))
		}
	}
	return items
}

// alarms are what is wrong or deliberate about environments, whatever their next step: overdue, overridden, left behind.
func alarms(r promote.Rollout) section {
	var items []line
	for _, stage := range r.Stages {
		name := text(stage.Environment.Name)
		if late := stage.Overdue; late != nil {
			l := say("⚠️ **{} is overdue** since {}: it lacks {}", name, clock(late.Since), count(late.Commits, "commit", "commits"))
			if late.Cause != nil {
				l = say("{}; {}", l, prose(late.Cause.Text))
				if late.Cause.Who != "" {
					l = say("{}, which is for {}", l, text(late.Cause.Who))
				}
			}
			items = append(items, l)
		}
		if d := stage.Deployment; d != nil && len(d.Passed) > 0 {
			items = append(items, say("🚨 **{} passed closed gates of {}**: {}. Reason: {}", text(d.By.Login), name,
				listAtMost(each(d.Passed, code), 8), prose(d.Reason)))
		}
		for _, left := range stage.LeftOut {
			items = append(items, say("{} of {} stays as it is, since {}", code(left.Component), name, clock(left.Since)))
		}
	}
	var all []*document
	for _, most := range []int{30, 5} {
		d := &document{}
		d.items(atMost(items, most))
		all = append(all, d)
	}
	return versions(all...)
}
