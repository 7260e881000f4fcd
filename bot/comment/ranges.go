package comment

import "github.com/trunkline/trunkline/promote"

// ranges says what each environment gets that has not the commit yet. Environments that get the same in the same way
// share a line.
func ranges(r promote.Rollout) section {
	type move struct {
		verb     literal
		from, to string
		by       string
	}
	var moves []move
	names := map[move][]line{}
	content := map[move]promote.Range{}
	for _, stage := range r.Stages {
		if to := stage.Range.To.SHA; stage.Status == promote.Converged || to == "" || to == stage.Range.From.SHA {
			continue
		}
		m := move{goes(stage), stage.Range.From.SHA, stage.Range.To.SHA, askedBy(stage)}
		if names[m] == nil {
			moves = append(moves, m)
			content[m] = stage.Range
		}
		names[m] = append(names[m], strong(text(stage.Environment.Name)))
	}
	var items []line
	for _, m := range moves {
		l := say("{} {} {}", list(names[m]), own(m.verb), rangeOf(content[m]))
		if m.by != "" {
			l = say("{}, asked for by {}", l, text(m.by))
		}
		if m.to != r.Commit.SHA && r.Commit.Pull != 0 && !content[m].Back {
			l = say("{}. {} rides with {}", l, pull(r.Commit.Pull), reference(content[m].To))
		}
		items = append(items, l)
	}
	d := &document{}
	if len(items) > 0 {
		d.paragraph(own("**What is still to go**"))
		d.items(items)
	}
	return section{least: d}
}

// goes is the verb for a stage's range.
func goes(stage promote.Stage) literal {
	switch {
	case stage.Range.Back && stage.Status == promote.Stopped:
		return "was to go back"
	case stage.Range.Back && stage.Deployment != nil:
		return "goes back"
	case stage.Range.Back:
		return "would go back"
	}
	switch stage.Status {
	case promote.Deploying:
		return "goes"
	case promote.Stopped:
		return "was to go"
	}
	return "would go"
}

// askedBy is who asked for the deployment that carries the range; empty: nobody, or there is none.
func askedBy(stage promote.Stage) string {
	if stage.Deployment == nil || stage.Status != promote.Deploying && stage.Status != promote.Stopped && stage.Status != promote.GoingBack {
		return ""
	}
	return stage.Deployment.By.Login
}

// rangeOf is "from 9f1c2ab to 4d03e77: #38, #40 and #42 by alice and bob".
func rangeOf(r promote.Range) line {
	l := fromTo(r.From.SHA, r.To.SHA)
	if content := contents(r); content != nil && r.Back {
		l = say("{}, which takes back {}", l, content)
	} else if content != nil {
		l = say("{}: {}", l, content)
	}
	return l
}

// fromTo names both ends of a range. There is no first end where nothing ran before.
func fromTo(from, to string) line {
	if from == "" {
		return say("from nothing to {}", commit(to))
	}
	return say("from {} to {}", commit(from), commit(to))
}

// reference to a commit: its pull request where there is one.
func reference(c promote.Commit) line {
	if c.Pull == 0 {
		return commit(c.SHA)
	}
	return pull(c.Pull)
}

// contents of a range: its pull requests, its commits without one, and its authors. Nil: it is empty.
func contents(r promote.Range) line {
	parts := atMost(each(r.Pulls(), pull), 15)
	direct := 0
	for _, c := range r.Commits {
		if c.Pull == 0 {
			direct++
		}
	}
	if direct > 0 {
		parts = append(parts, count(direct, "direct commit", "direct commits"))
	}
	if len(parts) == 0 {
		return nil
	}
	authors := each(r.Authors(), func(p promote.Person) line { return text(p.Login) })
	if len(authors) == 0 {
		return list(parts)
	}
	return say("{} by {}", list(parts), listAtMost(authors, 8))
}
