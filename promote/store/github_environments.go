package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trunkline/trunkline/config"
)

// GitHubEnvironment is an environment of GitHub that stands for one here, or did.
type GitHubEnvironment struct {
	Repository int64
	// Name on GitHub in lower case, and the environment here; empty: runners plan in it.
	Name, Environment string
	// Since is when the configuration first named it.
	Since time.Time
	Phase GitHubEnvironmentPhase
	// Kept is the digest of what it had to have when it last had all of it; empty: never.
	Kept string
}

// GitHubEnvironmentPhase is where an environment of GitHub comes from.
type GitHubEnvironmentPhase string

const (
	// EnvironmentWanted: nobody has looked yet.
	EnvironmentWanted GitHubEnvironmentPhase = "wanted"
	// EnvironmentMaking: the steps that make it are under way.
	EnvironmentMaking GitHubEnvironmentPhase = "making"
	// EnvironmentMade: by us.
	EnvironmentMade GitHubEnvironmentPhase = "made"
	// EnvironmentFound: it was there before.
	EnvironmentFound GitHubEnvironmentPhase = "found"
)

// NameGitHubEnvironments writes down which environments of GitHub a configuration names, with since when.
func (tx *Tx) NameGitHubEnvironments(repository int64, rules config.Repository) error {
	standsFor := map[string]string{}
	for _, environment := range rules.Environments {
		standsFor[environment.GitHubName()] = environment.Name
	}
	for _, name := range rules.PlanEnvironments() {
		standsFor[name] = ""
	}
	for name, environment := range standsFor {
		// One that stands for another environment now is the same on GitHub.
		err := tx.exec(`INSERT INTO github_environments (repository, name, environment, since, phase) VALUES ($1, $2, $3, $4, 'wanted')
			ON CONFLICT (repository, name) DO UPDATE SET environment = excluded.environment`,
			repository, strings.ToLower(name), environment, millis(tx.now))
		if err != nil {
			return err
		}
	}
	return nil
}

// WantGitHubEnvironments writes down which environments of GitHub the rules on trunk name, and has them looked at. Rules that
// cannot be read name none.
func (tx *Tx) WantGitHubEnvironments(repository int64) error {
	rules, problems, known, err := tx.Configuration(repository)
	if err != nil || !known || len(problems) > 0 {
		return err
	}
	return errOr(tx.NameGitHubEnvironments(repository, rules), tx.Nudge(Nudge{Topic: Environments, Repository: repository}))
}

// UnlookedEnvironments are nudges for repositories with a configuration whose environments of GitHub nobody has looked at.
func (tx *Tx) UnlookedEnvironments() (nudges []Nudge, err error) {
	ids, err := tx.ids(`SELECT id FROM repositories WHERE configured
		AND NOT EXISTS (SELECT 1 FROM github_environment_keeping k WHERE k.repository = repositories.id) ORDER BY id`)
	for _, id := range ids {
		nudges = append(nudges, Nudge{Topic: Environments, Repository: id})
	}
	return nudges, err
}

// GitHubEnvironments are those that a configuration of the repository names or named, by their names on GitHub.
func (tx *Tx) GitHubEnvironments(repository int64) (map[string]GitHubEnvironment, error) {
	all := map[string]GitHubEnvironment{}
	err := tx.each(func(rows *sql.Rows) error {
		e := GitHubEnvironment{Repository: repository}
		var since int64
		err := rows.Scan(&e.Name, &e.Environment, &since, &e.Phase, &e.Kept)
		e.Since = fromMillis(since)
		all[e.Name] = e
		return err
	}, `SELECT name, environment, since, phase, kept FROM github_environments WHERE repository = $1`, repository)
	return all, err
}

// SaveGitHubEnvironment writes down what became of one.
func (tx *Tx) SaveGitHubEnvironment(e GitHubEnvironment) error {
	return tx.exec(`UPDATE github_environments SET phase = $1, kept = $2 WHERE repository = $3 AND name = $4`,
		string(e.Phase), e.Kept, e.Repository, e.Name)
}

// ForgetGitHubEnvironment removes one that is neither on GitHub nor in the configuration any more.
func (tx *Tx) ForgetGitHubEnvironment(e GitHubEnvironment) error {
	return tx.exec(`DELETE FROM github_environments WHERE repository = $1 AND name = $2`, e.Repository, e.Name)
}

// EnvironmentKeeping is what is known of the environments of GitHub of a repository together.
type EnvironmentKeeping struct {
	Repository int64
	// Private tells whether the repository was private, Proven whether GitHub has taken all rules since.
	Private, Proven bool
	// Unpaid are the features that GitHub refused because of the plan, with what it said, since when, and the digest of what
	// was wished for then.
	Unpaid   map[string]string
	UnpaidAt time.Time
	Wishes   string
	// Report is what differs, as it was found last, in a form of whoever wrote it; empty: nobody has looked.
	Report string
	// Issue counts the issues about that; IssueOpen tells whether the newest is open.
	Issue     int64
	IssueOpen bool
	// Again is after how long to look again; zero: only when something happens. It is only written.
	Again time.Duration
}

// EnvironmentKeeping returns what is known; its zero value where nobody has looked.
func (tx *Tx) EnvironmentKeeping(repository int64) (k EnvironmentKeeping, err error) {
	k.Repository = repository
	var unpaidAt int64
	unpaid := "{}"
	_, err = tx.one([]any{&k.Private, &k.Proven, &unpaid, &unpaidAt, &k.Wishes, &k.Report, &k.Issue, &k.IssueOpen},
		`SELECT private, proven, unpaid, unpaid_at, wishes, report, issue, issue_open FROM github_environment_keeping
		WHERE repository = $1`, repository)
	k.UnpaidAt = fromMillis(unpaidAt)
	return k, errors.Join(err, json.Unmarshal([]byte(unpaid), &k.Unpaid))
}

// SaveEnvironmentKeeping writes it down.
func (tx *Tx) SaveEnvironmentKeeping(k EnvironmentKeeping) error {
	if k.Unpaid == nil {
		k.Unpaid = map[string]string{}
	}
	unpaid, err := json.Marshal(k.Unpaid)
	if err != nil {
		return fmt.Errorf("write down what the plan lacks: %w", err)
	}
	var again time.Time
	if k.Again > 0 {
		again = tx.now.Add(k.Again)
	}
	return tx.exec(`INSERT INTO github_environment_keeping
			(repository, private, proven, unpaid, unpaid_at, wishes, report, issue, issue_open, again_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (repository) DO UPDATE SET private = excluded.private, proven = excluded.proven, unpaid = excluded.unpaid,
			unpaid_at = excluded.unpaid_at, wishes = excluded.wishes, report = excluded.report, issue = excluded.issue,
			issue_open = excluded.issue_open, again_at = excluded.again_at`,
		k.Repository, k.Private, k.Proven, string(unpaid), millis(k.UnpaidAt), k.Wishes, k.Report, k.Issue, k.IssueOpen, millis(again))
}

// NudgeEnvironmentsOf has the environments of GitHub looked at in all repositories of an installation with a configuration.
func (tx *Tx) NudgeEnvironmentsOf(installation int64) error {
	ids, err := tx.ids(`SELECT id FROM repositories WHERE installation = $1 AND configured ORDER BY id`, installation)
	for _, id := range ids {
		err = errOr(err, tx.Nudge(Nudge{Topic: Environments, Repository: id}))
	}
	return err
}

// nudgeEnvironments has the environments of GitHub looked at whose time has come.
func (tx *Tx) nudgeEnvironments() error {
	due, err := tx.ids(`SELECT repository FROM github_environment_keeping WHERE again_at > 0 AND again_at <= $1 ORDER BY repository`, millis(tx.now))
	for _, repository := range due {
		// Who looks says when the next time is.
		err = errOr(err, tx.exec(`UPDATE github_environment_keeping SET again_at = 0 WHERE repository = $1`, repository))
		err = errOr(err, tx.Nudge(Nudge{Topic: Environments, Repository: repository}))
	}
	return err
}

// EnvironmentChange is what was put back in an environment of GitHub after somebody had changed it by hand.
type EnvironmentChange struct {
	ID, Repository int64
	// Name on GitHub, and the environment here.
	Name, Environment string
	// What has one line for each thing.
	What []string
	At   time.Time
	// Done tells that it was put back; until then it is about to be.
	Done bool
}

// BeginEnvironmentChange writes down what is about to be put back. Where something was begun before in the same environment,
// and not ended, what is new is added to that: a setting that is half put back now was first found as it was then.
func (tx *Tx) BeginEnvironmentChange(c EnvironmentChange) error {
	var begun string
	known, err := tx.one([]any{&begun}, `SELECT what FROM github_environment_changes WHERE repository = $1 AND name = $2 AND phase = 'doing'`,
		c.Repository, c.Name)
	if err != nil {
		return err
	}
	var what []string
	if known {
		if err := json.Unmarshal([]byte(begun), &what); err != nil {
			return fmt.Errorf("read what was begun to be put back: %w", err)
		}
	}
	for _, line := range c.What {
		setting, _, _ := strings.Cut(line, ": ")
		if !slices.ContainsFunc(what, func(other string) bool { return strings.HasPrefix(other, setting+": ") || other == line }) {
			what = append(what, line)
		}
	}
	text, err := json.Marshal(what)
	if err != nil {
		return fmt.Errorf("write down what is put back: %w", err)
	}
	if known {
		return tx.exec(`UPDATE github_environment_changes SET what = $1 WHERE repository = $2 AND name = $3 AND phase = 'doing'`,
			string(text), c.Repository, c.Name)
	}
	return tx.exec(`INSERT INTO github_environment_changes (repository, name, environment, what, at, phase)
		VALUES ($1, $2, $3, $4, $5, 'doing')`, c.Repository, c.Name, c.Environment, string(text), millis(tx.now))
}

// EndEnvironmentChange writes down that what was begun in an environment is done, or what came of it after a crash.
func (tx *Tx) EndEnvironmentChange(repository int64, name string) error {
	var environment, what string
	begun, err := tx.one([]any{&environment, &what}, `SELECT environment, what FROM github_environment_changes
		WHERE repository = $1 AND name = $2 AND phase = 'doing'`, repository, name)
	if err != nil || !begun {
		return err
	}
	var lines []string
	if err := json.Unmarshal([]byte(what), &lines); err != nil {
		return err
	}
	err = tx.exec(`UPDATE github_environment_changes SET phase = 'done' WHERE repository = $1 AND name = $2 AND phase = 'doing'`, repository, name)
	return errOr(err, tx.Record(Record{Repository: repository, Kind: "environment put back", Environment: environment,
		Reason: strings.Join(lines, "; ")}))
}

// UntoldEnvironmentChanges are those that were put back and that people were not told of, oldest first.
func (tx *Tx) UntoldEnvironmentChanges(repository int64) (all []EnvironmentChange, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		c := EnvironmentChange{Repository: repository, Done: true}
		var at int64
		var what string
		if err := rows.Scan(&c.ID, &c.Name, &c.Environment, &what, &at); err != nil {
			return err
		}
		c.At = fromMillis(at)
		err := json.Unmarshal([]byte(what), &c.What)
		all = append(all, c)
		return err
	}, `SELECT id, name, environment, what, at FROM github_environment_changes WHERE repository = $1 AND phase = 'done' ORDER BY id`, repository)
	return all, err
}

// EnvironmentChangeTold writes down that people were told of one.
func (tx *Tx) EnvironmentChangeTold(id int64) error {
	return tx.exec(`UPDATE github_environment_changes SET phase = 'told' WHERE id = $1`, id)
}
