package comment

import (
	"github.com/trunkline/trunkline/planner"
)

// outdated says which plans were made with outputs that other plans of the same preview change: a plan sees what is
// there now, and will be another one once these are deployed.
func outdated(instances []planner.InstancePreview) []line {
	changing := map[string][]string{} // outputs by instance
	for _, instance := range instances {
		if instance.Outcome != planner.Planned {
			continue
		}
		for _, output := range instance.Plan.Outputs {
			changing[instance.Instance.Name()] = append(changing[instance.Instance.Name()], output.Address)
		}
	}
	var all []line
	for _, instance := range instances {
		if instance.Outcome != planner.Planned {
			continue
		}
		var upstream []line
		for _, name := range instance.Upstream {
			if outputs := changing[name]; len(outputs) > 0 {
				upstream = append(upstream, say("{} ({})", code(name), listAtMost(each(outputs, code), 3)))
			}
		}
		if len(upstream) > 0 {
			all = append(all, say("**Planned with outputs as they are now**: {} depends on {}, which {} changed here, so its plan may be another one then",
				code(instance.Instance.Name()), listAtMost(upstream, 3), own(verb(len(upstream), "is", "are"))))
		}
	}
	return summedUp(all, "more plans depend on outputs that change here")
}
