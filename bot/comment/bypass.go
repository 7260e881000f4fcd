package comment

import "github.com/trunkline/trunkline/promote"

// bypasses says which jobs deployed the commit although they had not been let go.
func bypasses(r promote.Rollout, o Options) section {
	d := &document{}
	for _, stage := range r.Stages {
		for _, bypass := range stage.Bypasses {
			l := say("⚠️ **{} was deployed to {} past its gates**", commit(bypass.SHA), text(stage.Environment.Name))
			if bypass.By.Login != "" {
				l = say("{} by {}", l, text(bypass.By.Login))
			}
			if bypass.Why != "" {
				l = say("{}: {}", l, prose(shortened(bypass.Why, 200)))
			}
			if o.Run != nil && bypass.Run != 0 {
				l = say("{} ({})", l, link(own("run"), o.Run(bypass.Run)))
			}
			d.paragraph(say("{}.", l))
		}
	}
	return versions(d)
}
