package githubsim

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// EnvironmentRules are the rules of an environment, as its settings page has
// them.
type EnvironmentRules struct {
	// WaitMinutes before a job may run.
	WaitMinutes int
	// Reviewers are persons, "alice", and teams, "acme/platform".
	Reviewers         []string
	PreventSelfReview bool
	// Branches is all, protected or custom; empty is all.
	Branches string
	// Policies are the patterns where Branches is custom; those of tags begin
	// with "tag:".
	Policies []string
}

// EnvironmentView is an environment as its settings page shows it.
type EnvironmentView struct {
	Name string
	EnvironmentRules
	// Guards are the slugs of the Apps whose rules are enabled.
	Guards    []string
	Variables map[string]string
	// Ignored tells that jobs do not wait for what protects it: the repository
	// is private and its plan has no such thing.
	Ignored bool
}

// SetEnvironment gives an environment its rules, as an administrator does by
// hand, and makes it if there is none.
func (p *Person) SetEnvironment(fullName, name string, rules EnvironmentRules) error {
	return p.administer(fullName, func(repo *repository, who *account) error {
		protected := rules.WaitMinutes > 0 || len(rules.Reviewers) > 0
		switch {
		case !repo.hasEnvironments():
			return notFound()
		case protected && !repo.hasProtection():
			return unpaid("required reviewers")
		}
		wanted := environment{wait: rules.WaitMinutes, preventSelf: rules.PreventSelfReview, branches: branchRule(strings.TrimPrefix(rules.Branches, "all"))}
		for _, one := range rules.Reviewers {
			found, err := p.gh.namedReviewer(repo, one)
			if err != nil {
				return err
			}
			wanted.reviewers = append(wanted.reviewers, found)
		}
		held := p.gh.setEnvironment(repo, name, wanted, who)
		held.policies = nil
		for _, pattern := range rules.Policies {
			one := &branchPolicy{id: p.gh.id(), name: pattern, kind: "branch"}
			if tag, is := strings.CutPrefix(pattern, "tag:"); is {
				one.name, one.kind = tag, "tag"
			}
			held.policies = append(held.policies, one)
		}
		return nil
	})
}

func (gh *GitHub) namedReviewer(repo *repository, name string) (reviewer, error) {
	kind, id := "User", int64(0)
	if held := gh.teams[strings.ToLower(name)]; held != nil {
		kind, id = "Team", held.id
	} else if who := gh.accounts[strings.ToLower(name)]; who != nil {
		id = who.id
	}
	found, ok := gh.reviewer(repo, kind, id)
	if !ok {
		return reviewer{}, invalid("Environment", "reviewers", "invalid", name+" cannot read the repository")
	}
	return found, nil
}

// DeleteEnvironment deletes an environment.
func (p *Person) DeleteEnvironment(fullName, name string) error {
	return p.onEnvironment(fullName, name, func(repo *repository, held *environment, who *account) error {
		p.gh.dropEnvironment(repo, held, who)
		return nil
	})
}

// SetEnvironmentVariable gives an environment a variable; nil takes it away.
func (p *Person) SetEnvironmentVariable(fullName, environmentName, name string, value *string) error {
	return p.onEnvironment(fullName, environmentName, func(repo *repository, held *environment, who *account) error {
		if value != nil {
			if err := p.gh.setVariable(held, name, *value); err != nil {
				return err
			}
		}
		held.variables = slices.DeleteFunc(held.variables, func(one *variable) bool { return value == nil && strings.EqualFold(one.name, name) })
		p.gh.changedEnvironment(repo, held, who, "changed")
		return nil
	})
}

// SetEnvironmentGuard enables or disables the rule of an App, by its slug.
func (p *Person) SetEnvironmentGuard(fullName, name, slug string, enabled bool) error {
	return p.onEnvironment(fullName, name, func(repo *repository, held *environment, who *account) error {
		guard := p.gh.app
		if guard.slug != strings.ToLower(slug) {
			guard = p.gh.otherApp(slug)
		}
		if !enabled {
			held.rules = slices.DeleteFunc(held.rules, func(one *appRule) bool { return one.app == guard })
		} else if _, err := p.gh.enable(repo, held, guard.id); err != nil {
			return err
		}
		p.gh.changedEnvironment(repo, held, who, "changed")
		return nil
	})
}

func (p *Person) administer(fullName string, do func(*repository, *account) error) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, who, err := p.on(fullName, "admin")
	if err != nil {
		return err
	}
	return do(repo, who)
}

func (p *Person) onEnvironment(fullName, name string, do func(*repository, *environment, *account) error) error {
	return p.administer(fullName, func(repo *repository, who *account) error {
		held := repo.findEnvironment(name)
		if held == nil {
			return notFound()
		}
		return do(repo, held, who)
	})
}

// Environments shows the environments of a repository by name.
func (gh *GitHub) Environments(fullName string) ([]EnvironmentView, error) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	repo, err := gh.repo(fullName)
	if err != nil {
		return nil, err
	}
	var found []EnvironmentView
	for _, held := range repo.environments {
		found = append(found, held.view(repo))
	}
	slices.SortFunc(found, func(a, b EnvironmentView) int { return cmp.Compare(a.Name, b.Name) })
	return found, nil
}

func (e *environment) view(repo *repository) EnvironmentView {
	view := EnvironmentView{Name: e.name, Variables: map[string]string{}}
	view.WaitMinutes, view.PreventSelfReview, view.Branches = e.wait, e.preventSelf, string(e.branches)
	if e.branches == branchesAll {
		view.Branches = "all"
	}
	for _, one := range e.reviewers {
		view.Reviewers = append(view.Reviewers, one.name())
	}
	for _, one := range e.policies {
		view.Policies = append(view.Policies, strings.TrimPrefix(one.kind+":", "branch:")+one.name)
	}
	for _, one := range e.rules {
		view.Guards = append(view.Guards, one.app.slug)
	}
	for _, one := range e.variables {
		view.Variables[one.name] = one.value
	}
	slices.Sort(view.Reviewers)
	slices.Sort(view.Policies)
	view.Ignored = !repo.hasProtection() && (e.wait > 0 || len(e.reviewers)+len(e.rules) > 0)
	return view
}

func (r reviewer) name() string {
	if r.team != nil {
		return r.team.organization.login + "/" + r.team.slug
	}
	return r.person.login
}

// protection is what a job waits for that names an environment.
type protection struct {
	environment *environment
	// wait is how long the job is delayed.
	wait time.Duration
	// reviewers of whom one must consent; none: nobody need. Who started the job may
	// not where preventSelf is set.
	reviewers   []reviewer
	preventSelf bool
	// guards are the Apps that must let it go.
	guards []*app
}

// protects is what jobs wait for that name an environment, which is made without
// any rules if there is none. Rules that the plan lacks do not count.
func (gh *GitHub) protects(repo *repository, name string) protection {
	found := protection{environment: gh.environment(repo, name)}
	if !repo.hasProtection() {
		return found
	}
	held := found.environment
	found.wait = time.Duration(held.wait) * time.Minute
	found.reviewers, found.preventSelf = held.reviewers, held.preventSelf
	for _, one := range held.rules {
		found.guards = append(found.guards, one.app)
	}
	return found
}

// Awaited is what a job waits for.
type Awaited struct {
	// Admitted tells whether jobs of the ref may run at all.
	Admitted bool
	Wait     time.Duration
	// Reviewers of whom one must consent, and the slugs of the Apps that must
	// let it go.
	Reviewers, Guards []string
}

// Awaits says what a job of a ref, such as refs/heads/main, that names an
// environment would wait for.
func (gh *GitHub) Awaits(fullName, environment, ref string) (Awaited, error) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	repo, err := gh.repo(fullName)
	if err != nil {
		return Awaited{}, err
	}
	found := gh.protects(repo, environment)
	awaited := Awaited{Admitted: found.environment.admits(repo, ref), Wait: found.wait}
	for _, one := range found.reviewers {
		awaited.Reviewers = append(awaited.Reviewers, one.name())
	}
	for _, guard := range found.guards {
		awaited.Guards = append(awaited.Guards, guard.slug)
	}
	return awaited, nil
}
