package comment

import (
	"time"

	"github.com/trunkline/trunkline/bot/environments"
	"github.com/trunkline/trunkline/config"
)

// EnvironmentsIssue tells how environments of GitHub differ from what the configuration has, and why that is left so.
func EnvironmentsIssue(r environments.Report, o Options) Issue {
	if r.Blind != "" {
		d := &document{}
		d.paragraph(say("Trunkline cannot look at the environments of GitHub: {}.", text(shortened(r.Blind, 500))))
		d.paragraph(say("An owner can accept the App's new permissions on the page of the installation. Everything else works without; {} in {} ends this.",
			code("github_environments: off"), code(config.Path)))
		return Issue{Title: "GitHub environments cannot be looked at", Body: bounded(o.limit(), d)}
	}
	var versions []*document
	for _, most := range []int{200, 50, 10} {
		versions = append(versions, environmentsDiffering(r, most))
	}
	shown, _ := smallest(versions, o.limit())
	return Issue{Title: "GitHub environments differ from the configuration", Body: bounded(o.limit(), shown)}
}

// environmentsDiffering lists so many differences at most, and the reasons of all of them.
func environmentsDiffering(r environments.Report, most int) *document {
	d := &document{}
	d.paragraph(say("Environments of GitHub are not as {} has them.", code(config.Path)))
	worth := r.Worth()
	findings(d, worth, most)
	d.items(each(firstOf(r.Leftover, most), func(name string) line {
		return say("{}: nothing in the configuration stands for it any more. Trunkline deletes no environment; who does not need it can.",
			strong(text(shortened(name, 300))))
	}))
	if more := len(r.Leftover) - most; more > 0 {
		d.paragraph(say("and {} of those.", count(more, "more", "more")))
	}
	for _, one := range leftBecause(worth, r) {
		d.paragraph(one)
	}
	if r.Unseen {
		d.paragraph(own("Variables were not compared: the installation lacks the permission Environments: read."))
	}
	d.small(own("This is edited as things change, and closed when nothing differs."))
	return d
}

// findings lists so many of them.
func findings(d *document, all []environments.Finding, most int) {
	d.items(each(firstOf(all, most), finding))
	if more := len(all) - most; more > 0 {
		d.paragraph(say("and {}.", count(more, "more thing", "more things")))
	}
}

func finding(one environments.Finding) line {
	l := say("{}: {}", strong(text(shortened(one.Environment, 300))), text(shortened(one.String(), 500)))
	if one.Why != "" {
		l = append(l, say(" (GitHub refused: {})", text(shortened(one.Why, 300)))...)
	}
	return l
}

// leftBecause are the reasons for which things are left as they are, each once, with what helps.
func leftBecause(all []environments.Finding, r environments.Report) (reasons []line) {
	fates := map[environments.Fate]bool{}
	for _, one := range all {
		fates[one.Fate] = true
	}
	if fates[environments.Left] {
		reasons = append(reasons, say("What exists is left as it is. {} in {} lets Trunkline change it, also when somebody changes it by hand; or change it on the settings page of the repository.",
			code("github_environments: enforce"), code(config.Path)))
	}
	if fates[environments.Forbidden] {
		permission := r.Permission
		if permission == "" {
			permission = "Environments: write"
		}
		reasons = append(reasons, say("Trunkline may not change this: the installation lacks the permission {}. An owner can grant it, or an administrator can change it on the settings page of the repository.",
			text(permission)))
	}
	if fates[environments.Unpaid] {
		reasons = append(reasons, own("GitHub has some of this only in other plans, or for public repositories. It is asked again in a week, or when the configuration changes."))
	}
	return reasons
}

// mostPutBack is how many things are listed that were put back in one environment.
const mostPutBack = 50

// PutBack is what was put back in an environment of GitHub.
type PutBack struct {
	Environment string
	// What has one line for each thing.
	What []string
	At   time.Time
}

// PutBackIssue tells that somebody changed an environment by hand, and that it was put back.
func PutBackIssue(p PutBack, o Options) Issue {
	d := &document{}
	d.append(putBack(p))
	d.paragraph(say("{} asks for that, in {}. Whoever wants it otherwise changes it there, in a pull request.",
		code("github_environments: enforce"), code(config.Path)))
	d.small(own("What else is put back today is told below."))
	return Issue{Title: title(say("Changed by hand and put back: the GitHub environment {}", text(p.Environment))), Body: bounded(o.limit(), d)}
}

// PutBackToo tells the same in the issue about another one.
func PutBackToo(p PutBack, o Options) string { return bounded(o.limit(), putBack(p)) }

func putBack(p PutBack) *document {
	d := &document{}
	d.paragraph(say("⚠️ Somebody changed the environment {} of GitHub by hand. Trunkline put it back on {}:", strong(text(shortened(p.Environment, 300))), clock(p.At)))
	d.items(each(firstOf(p.What, mostPutBack), func(one string) line { return text(shortened(one, 500)) }))
	return d
}

func firstOf[T any](all []T, n int) []T { return all[:min(len(all), n)] }
