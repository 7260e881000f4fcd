package githubsim

import (
	"fmt"
	"net/http"
	"strings"
)

// Plan is what an organization or a person pays for. By it a private repository
// has features of environments, or has them not; a public one has all.
type Plan string

// The plans, from the smallest to the largest. Pro is for persons, Team and
// Enterprise are for organizations.
const (
	Free       Plan = "free"
	Pro        Plan = "pro"
	Team       Plan = "team"
	Enterprise Plan = "enterprise"
)

// SetPlan changes what an owner pays for. At first organizations have Enterprise
// and persons Pro.
func (gh *GitHub) SetPlan(owner string, plan Plan) error {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	holder := gh.accounts[strings.ToLower(owner)]
	if holder == nil {
		return notFound()
	}
	switch plan {
	case Free, Pro, Team, Enterprise:
	default:
		return fmt.Errorf("githubsim: there is no plan %q", plan)
	}
	holder.plan = plan
	gh.touch()
	return nil
}

// planOf is what the owner of the repository pays for.
func (r *repository) planOf() Plan {
	switch {
	case r.owner.plan != "":
		return r.owner.plan
	case r.owner.kind == "User":
		return Pro
	}
	return Enterprise
}

// hasEnvironments tells whether environments, their branch policies and their
// variables can be configured.
func (r *repository) hasEnvironments() bool { return !r.private || r.planOf() != Free }

// hasProtection tells whether jobs wait for timers, reviewers and the rules of
// Apps.
func (r *repository) hasProtection() bool { return !r.private || r.planOf() == Enterprise }

// unpaid refuses what the plan of a repository does not have.
func unpaid(rule string) *Problem {
	return &Problem{Status: http.StatusUnprocessableEntity, Message: fmt.Sprintf(
		"Failed to create the environment protection rule. Please ensure the billing plan supports the %s protection rule.", rule)}
}

// SetPrivate makes a repository private, or public. Rules of its environments
// that its plan does not have for private ones stay as they are and are ignored.
func (p *Person) SetPrivate(fullName string, private bool) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, who, err := p.on(fullName, "admin")
	if err != nil || repo.private == private {
		return err
	}
	repo.private = private
	action := "publicized"
	if private {
		action = "privatized"
	}
	p.gh.emit(repo, "repository."+action, who, object{})
	p.gh.touch()
	return nil
}

// ProtectBranch gives a branch a branch protection, or takes it away.
func (p *Person) ProtectBranch(fullName, branch string, protected bool) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, _, err := p.on(fullName, "admin")
	if err != nil {
		return err
	}
	if repo.protected == nil {
		repo.protected = map[string]bool{}
	}
	repo.protected[branch] = protected
	p.gh.touch()
	return nil
}
