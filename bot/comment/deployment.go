package comment

import (
	"time"

	"github.com/trunkline/trunkline/promote"
)

// howFar is how far a deployment got.
func howFar(d *promote.Deployment) line {
	if d == nil {
		return own("starting")
	}
	applied := appliedOf(d)
	if step, at := underWay(d); at && d.Phase.Live() {
		if d.Phase == promote.Applying && applied < len(d.Instances) {
			return say("{} of {} applied; {}", number(applied), count(len(d.Instances), "instance", "instances"), step)
		}
		return step
	}
	switch d.Phase {
	case promote.Planning:
		if len(d.Instances) == 0 {
			return own("planning")
		}
		planned := 0
		for _, instance := range d.Instances {
			if instance.Phase != promote.InstanceWaiting {
				planned++
			}
		}
		return say("planning, {} of {}", number(planned), count(len(d.Instances), "instance", "instances"))
	case promote.Applying:
		return say("applying, {} of {} done", number(applied), count(len(d.Instances), "instance", "instances"))
	case promote.Verifying:
		return own("everything is applied, the checks run")
	case promote.Succeeded:
		return say("{} applied", count(applied, "instance", "instances"))
	}
	return say("stopped with {} of {} applied", number(applied), count(len(d.Instances), "instance", "instances"))
}

func appliedOf(d *promote.Deployment) int {
	applied := 0
	for _, instance := range d.Instances {
		if instance.Phase == promote.InstanceApplied {
			applied++
		}
	}
	return applied
}

// whatFailed is a failure in a few words.
func whatFailed(d *promote.Deployment) line {
	if d == nil || d.Failure == nil {
		return own("the deployment failed")
	}
	words, known := failedStep[d.Failure.Step]
	switch {
	case !known:
		return own("the deployment failed")
	case d.Failure.Subject == "":
		return own(words.whole)
	}
	return say(words.named, code(d.Failure.Subject))
}

// failedStep words what failed, with and without a subject.
var failedStep = map[string]struct{ named, whole literal }{
	"plan":          {"planning {} failed", "planning failed"},
	"apply":         {"applying {} failed", "applying failed"},
	"verify":        {"the check {} failed", "a check failed"},
	"hook":          {"the hook {} failed", "a hook failed"},
	"watch":         {"the watch {} failed", "a watch failed"},
	"order":         {"there is no order in which to apply {}", "there is no order in which to apply it"},
	"abort":         {"somebody stopped {}", "somebody stopped it"},
	"configuration": {"the configuration of {} cannot be used", "its configuration cannot be used"},
	"engine":        {"the engine {} cannot be run", "the engine cannot be run"},
	"rollback":      {"going back to {} is not safe", "going back is not safe"},
	"gates":         {"gates had closed before {}", "gates had closed before anything was applied"},
	"state":         {"the state of {} would move", "state would move"},
	"jobs":          {"the job {} failed", "a job of the repository failed"},
	"secrets":       {"the secret {} cannot be read", "a secret cannot be read"},
	"artifacts":     {"the artifact {} is not there", "an artifact is not there"},
}

// stopped explains a failed deployment: what failed, what the engine or the check said, and how it goes on.
func stopped(stage promote.Stage, o Options) section {
	if stage.Deployment == nil {
		return section{}
	}
	var all []*document
	for _, most := range []int{60, 10} {
		d := &document{}
		d.paragraph(say("**{} stopped**: {}.{}{}", text(stage.Environment.Name), whatFailed(stage.Deployment),
			stays(stage.Deployment), o.seeLog(stage.Deployment)))
		if f := stage.Deployment.Failure; f != nil && f.Message != "" {
			d.append(messageBlock(f.Message, most))
		}
		d.paragraph(goesOn(stage, o))
		if len(stage.Deployment.Instances) > 0 && most > 10 {
			d.append(instanceTable(stage, 50))
			d.append(stepTable(stage, 30))
		}
		all = append(all, d)
	}
	return versions(all...)
}

// goesOn says how it goes on after a failure.
func goesOn(stage promote.Stage, o Options) line {
	if stage.Range.Back {
		return forward(stage, o)
	}
	l := say("Mend it and merge, or type {}: it goes on from there and applies nothing twice.", again(stage, o))
	if stage.NotBack != "" {
		l = say("It is not rolled back by itself: {}. {}", prose(stage.NotBack), l)
	}
	return l
}

// stays says what a failed deployment leaves behind. An instance whose apply did not end well is never counted as
// untouched: an engine applies one resource after the other.
func stays(d *promote.Deployment) line {
	applied, all, half := appliedOf(d), len(d.Instances), halfApplied(d)
	switch {
	case len(half) > 0 && applied == 0:
		return say(" {} may be partly applied.", listAtMost(half, 3))
	case len(half) > 0:
		return say(" {} may be partly applied; {}.", listAtMost(half, 3), someApplied(applied, all))
	case all == 0:
		return own("")
	case applied == all:
		return own(" Everything was applied and stays.")
	case applied > 0:
		return say(" {}.", someApplied(applied, all))
	case d.Failure != nil && beforeApplying[d.Failure.Step]:
		return own(" Nothing was applied.")
	}
	return own("")
}

// beforeApplying are the steps whose failure leaves all that was not applied as it was.
var beforeApplying = map[string]bool{"plan": true, "configuration": true, "engine": true, "state": true, "secrets": true, "artifacts": true, "rollback": true,
	"gates": true, "order": true, "watch": true}

// halfApplied are the instances that may be partly applied, by name.
func halfApplied(d *promote.Deployment) []line {
	applying := d.Failure != nil && d.Failure.Step == "apply"
	var half []line
	for _, instance := range d.Instances {
		if instance.Phase == promote.InstanceApplying || applying && instance.Phase == promote.InstanceFailed {
			half = append(half, code(instance.Name))
		}
	}
	return half
}

// someApplied is "1 of 2 instances is applied and stays so".
func someApplied(applied, all int) line {
	does := literal("are applied and stay so")
	if applied == 1 {
		does = "is applied and stays so"
	}
	return say("{} of {} {}", number(applied), count(all, "instance", "instances"), own(does))
}

// instanceTable folds the instances of a deployment, with their plans and how far each got.
func instanceTable(stage promote.Stage, most int) *document {
	d := &document{}
	if stage.Deployment == nil || len(stage.Deployment.Instances) == 0 {
		return d
	}
	instances := stage.Deployment.Instances
	var rows [][]line
	for _, instance := range instances[:min(most, len(instances))] {
		plan := own("–")
		if instance.Phase == promote.InstancePlanned && !instance.Planned() {
			plan = own("when what it depends on is applied")
		}
		if instance.Summary != "" {
			plan = text(instance.Summary)
		}
		if instance.Destructive {
			plan = say("⚠️ {}", plan)
		}
		rows = append(rows, []line{code(instance.Name), plan, own(instanceWord[instance.Phase])})
	}
	inner := &document{}
	inner.table([]line{own("instance"), own("plan"), own("state")}, rows)
	if left := len(instances) - most; left > 0 {
		inner.paragraph(say("and {}.", count(left, "more instance", "more instances")))
	}
	d.details(say("{} in {}, {} applied", count(len(instances), "instance", "instances"),
		text(stage.Environment.Name), number(appliedOf(stage.Deployment))), inner)
	return d
}

var instanceWord = map[promote.InstancePhase]literal{
	promote.InstanceWaiting: "waiting", promote.InstancePlanned: "planned", promote.InstanceApplying: "⏳ applying",
	promote.InstanceApplied: "✅ applied", promote.InstanceFailed: "❌ failed",
}

// history folds the deployments that brought the commit where it is.
func history(r promote.Rollout) section {
	var items []line
	for _, stage := range r.Stages {
		d := stage.Deployment
		if stage.Status != promote.Converged || d == nil || d.Phase != promote.Succeeded {
			continue
		}
		by := own("by itself")
		if d.By.Login != "" {
			by = say("asked for by {}", text(d.By.Login))
		}
		applied := count(appliedOf(d), "instance applied", "instances applied")
		if d.Rollback {
			by = say("{}, a rollback", by)
		}
		items = append(items, say("**{}** {}, {}, {}{}", text(stage.Environment.Name), fromTo(d.From, d.To), by,
			applied, when(*d)))
	}
	d := &document{}
	if len(items) > 0 {
		inner := &document{}
		inner.items(items)
		d.details(own("How it got there"), inner)
	}
	return section{least: d}
}

// when a deployment ran, in UTC; empty where that is not known.
func when(d promote.Deployment) line {
	if d.Finished.IsZero() || d.Started.IsZero() {
		return own("")
	}
	took := d.Finished.Sub(d.Started).Round(time.Second)
	return say(" in {}, {}", own(literal(took.String())), clock(d.Finished))
}

// clock is a moment as people of all zones read it.
func clock(t time.Time) line { return own(literal(t.UTC().Format("2006-01-02 15:04") + " UTC")) }
