package environments

// Feature is something of GitHub's environments that some plans do not have for private repositories.
type Feature string

const (
	// Environments are environments at all, with their branches and variables.
	Environments Feature = "environments"
	// Protection is the wait timer, and the reviewers.
	Protection Feature = "wait timers and required reviewers"
	// Guards are the custom deployment protection rules of Apps.
	Guards Feature = "custom deployment protection rules"
)

// Means are what can be done about the environments of a repository.
type Means struct {
	// Administer: the App may change their rules. Without it everything is advice.
	Administer bool
	// Fill: the App may change their variables.
	Fill bool
	// Guard: the App provides a custom deployment protection rule.
	Guard bool
	// Unpaid are the features that the plan lacks, as GitHub said when they were asked for.
	Unpaid map[Feature]string
	// Unproven: the repository is private, and GitHub has not taken the rules since it is. It would keep them in silence
	// where its plan lacks them, so they are sent once more.
	Unproven bool
}

func (m Means) lacks(f Feature) bool {
	_, unpaid := m.Unpaid[f]
	return unpaid
}

// attainable is what of w the environment can get, which is found now; nil: there is none yet.
func (m Means) attainable(w Wanted, found *Found) Environment {
	e := w.Environment
	if len(w.Nobody) > 0 && found != nil {
		// Who is to review is not known whole. Those who do so far stay: fewer would be weaker.
		e.Reviewers = found.Reviewers
	}
	e.PreventSelfReview = e.PreventSelfReview && len(e.Reviewers) > 0
	if m.lacks(Protection) {
		e.Wait, e.Reviewers, e.PreventSelfReview = 0, nil, false
	}
	e.Guarded = e.Guarded && m.Guard && !m.lacks(Guards)
	return e
}
