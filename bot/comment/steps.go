package comment

import (
	"slices"
	"strings"
	"time"

	"github.com/trunkline/trunkline/promote"
)

// underWay is the step that a deployment is at, if it is at one: "`prod/us-*` is applied, pause until 10:00 UTC".
func underWay(d *promote.Deployment) (line, bool) {
	at := slices.IndexFunc(d.Steps, func(s promote.Step) bool { return s.Phase == promote.StepRunning })
	if at < 0 {
		return own(""), false
	}
	step := d.Steps[at]
	l := link(stepName(step), step.URL)
	switch {
	case step.Kind == promote.StepCanary:
		return say("{} goes to {}", code(step.Wave), text(step.Name)), true
	case step.Kind == promote.StepJobs:
		return say("{} deploy", l), true
	case step.Kind == promote.StepPause && !d.WaitsUntil.IsZero():
		l = say("pause until {}", clock(d.WaitsUntil))
	case step.Kind == promote.StepWatch && step.Message != "":
		l = say("{}: {}", l, prose(shortened(step.Message, 200)))
	default:
		l = say("{} runs", l)
	}
	if step.Wave != "" {
		l = say("{} is applied, {}", code(step.Wave), l)
	}
	return l, true
}

// stepName is a step for people: "the check `smoke`".
func stepName(step promote.Step) line {
	switch step.Kind {
	case promote.StepBefore, promote.StepAfter:
		return say("the hook {}", code(step.Name))
	case promote.StepJobs:
		return own("jobs of the repository")
	case promote.StepCanary:
		return say("canary at {}", text(step.Name))
	case promote.StepWatch:
		return say("the watch {}", code(step.Name))
	case promote.StepPause:
		return say("a pause of {}", text(noZeros.Replace(step.Name)))
	}
	return say("the check {}", code(step.Name))
}

// noZeros takes from a duration what says nothing: 10m0s is 10m, 1h0m0s is 1h.
var noZeros = strings.NewReplacer("h0m0s", "h", "m0s", "m")

var stepWord = map[promote.StepPhase]literal{
	promote.StepRunning: "⏳ running", promote.StepPassed: "✅ passed", promote.StepFailed: "❌ failed", promote.StepSkipped: "skipped",
}

// stepTable folds what a deployment did besides applying.
func stepTable(stage promote.Stage, most int) *document {
	d := &document{}
	if stage.Deployment == nil || len(stage.Deployment.Steps) == 0 {
		return d
	}
	steps, passed := stage.Deployment.Steps, 0
	var rows [][]line
	for i, step := range steps {
		if step.Phase == promote.StepPassed {
			passed++
		}
		if i >= most {
			continue
		}
		wave := own("–")
		if step.Wave != "" {
			wave = code(step.Wave)
		}
		took := own("")
		if !step.Ended.IsZero() && step.Phase != promote.StepSkipped {
			took = say(" in {}", own(literal(step.Ended.Sub(step.Started).Round(time.Second).String())))
		}
		word := stepWord[step.Phase]
		if step.Phase == promote.StepRunning && !stage.Deployment.Phase.Live() {
			word = "stopped"
		}
		rows = append(rows, []line{link(stepName(step), step.URL), wave, say("{}{}", own(word), took)})
	}
	inner := &document{}
	inner.table([]line{own("step"), own("of"), own("state")}, rows)
	if left := len(steps) - most; left > 0 {
		inner.paragraph(say("and {}.", count(left, "more step", "more steps")))
	}
	d.details(say("{} in {}, {} passed", count(len(steps), "step", "steps"), text(stage.Environment.Name), number(passed)), inner)
	return d
}
