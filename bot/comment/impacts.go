package comment

import (
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/promote"
)

// impacts are what the ranges that wait would change, in each environment, with the plans behind it. Equal plans of
// several environments are shown once.
func impacts(r promote.Rollout, o Options) []section {
	var items []line
	var instances []planner.InstancePreview
	for _, stage := range r.Stages {
		if stage.Impact == nil {
			continue
		}
		preview := stage.Impact.Preview
		items = append(items, say("{}, to {}: {}", strong(text(stage.Environment.Name)), commit(stage.Impact.To), impactOf(*stage.Impact)))
		for _, instance := range preview.Instances {
			if instance.Outcome != planner.ByJob {
				instances = append(instances, instance)
			}
		}
	}
	if len(items) == 0 {
		return nil
	}
	head := &document{}
	head.paragraph(own("**What it would change**"))
	head.items(items)
	return append([]section{{least: head}}, sections(grouped(instances, o), 0, o)...)
}

// impactOf is the impact on one environment in a few words.
func impactOf(impact promote.PlannedImpact) line {
	preview := impact.Preview
	failed, moved, jobs, later := 0, 0, 0, knownAfter(preview.Instances)
	for _, instance := range preview.Instances {
		switch instance.Outcome {
		case planner.Planned, planner.KnownAfter:
		case planner.Moved:
			moved++
		case planner.ByJob:
			jobs++
		default:
			failed++
		}
	}
	switch total := tallied(preview.Instances...); {
	case !impact.Done:
		return own("being planned")
	case preview.Problem != nil:
		return say("❌ {}", prose(shortened(preview.Problem.Detail, 200)))
	case moved > 0:
		return say("🛑 it would move the state of {}, and stops before it", count(moved, "instance", "instances"))
	case failed > 0:
		return say("❌ {} failed", count(failed, "plan", "plans"))
	case jobs > 0:
		return say("{}, which jobs of the repository deploy", count(jobs, "changed instance", "changed instances"))
	case total.empty() && len(later) > 0:
		return say("known after {}", upstreams(later, fewUpstreams))
	case len(later) > 0:
		return say("{}; {} known after {}", total.sentence(), count(len(later), "more plan", "more plans"), upstreams(later, fewUpstreams))
	case total.empty():
		return own("nothing")
	case total.destructive():
		return say("⚠️ {}", total.sentence())
	default:
		return total.sentence()
	}
}
