package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/promote"
)

// Repository is one repository that the App is installed on. ID is what counts; names may change.
type Repository struct {
	ID           int64
	Installation int64
	Owner, Name  string
	Private      bool
	// Trunk is the branch that all environments follow.
	Trunk string
	// Tip is the newest commit of trunk that was read; empty before the first.
	Tip string
	// Changed is when GitHub last changed what it says of the repository; zero: nobody has told.
	Changed time.Time
	// Away is why the App may not work on it; empty: it may.
	Away string
}

// SaveRepository adds a repository or updates its names, installation and trunk; what r leaves empty stays as it is, and all of
// it where something newer is known: deliveries come late.
func (tx *Tx) SaveRepository(r Repository) error {
	return tx.exec(`INSERT INTO repositories (id, installation, owner, name, private, trunk, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, name = excluded.name, private = excluded.private,
			installation = CASE WHEN excluded.installation = 0 THEN repositories.installation ELSE excluded.installation END,
			trunk = CASE WHEN excluded.trunk = '' THEN repositories.trunk ELSE excluded.trunk END,
			changed_at = CASE WHEN excluded.changed_at = 0 THEN repositories.changed_at ELSE excluded.changed_at END
			WHERE excluded.changed_at = 0 OR excluded.changed_at >= repositories.changed_at`,
		r.ID, r.Installation, r.Owner, r.Name, r.Private, r.Trunk, millis(r.Changed))
}

const repositoryColumns = `id, installation, owner, name, private, trunk, tip, away`

func (r *Repository) fields() []any {
	return []any{&r.ID, &r.Installation, &r.Owner, &r.Name, &r.Private, &r.Trunk, &r.Tip, &r.Away}
}

// KnownRepository returns a repository by its id, if it is known. Changed is not read: only what is saved counts it.
func (tx *Tx) KnownRepository(id int64) (r Repository, known bool, err error) {
	known, err = tx.one(r.fields(), `SELECT `+repositoryColumns+` FROM repositories WHERE id = $1`, id)
	return r, known, err
}

// Repository returns a repository by its id.
func (tx *Tx) Repository(id int64) (r Repository, err error) {
	r, known, err := tx.KnownRepository(id)
	if err == nil && !known {
		err = fmt.Errorf("repository %d is not known", id)
	}
	return r, err
}

// Repositories returns all repositories.
func (tx *Tx) Repositories() (all []Repository, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var r Repository
		err := rows.Scan(r.fields()...)
		all = append(all, r)
		return err
	}, `SELECT `+repositoryColumns+` FROM repositories ORDER BY id`)
	return all, err
}

// Advance is what was read from trunk.
type Advance struct {
	Repository int64
	Tip        string
	// Commits that are new, oldest first. Their Position and Merged are set by the store.
	Commits []promote.Commit
	// Older commits come before all that are known, oldest first: an environment that was not known before runs one of
	// them. Where one of them is known already, it is described anew.
	Older []promote.Commit
	// PeopleKnown: GitHub was asked who wrote and merged the commits.
	PeopleKnown bool
	// Lost are commits that are not on trunk any more, because it was rewritten.
	Lost []string
	// Configured tells whether there is a configuration at the tip; Configuration is its text.
	Configured    bool
	Configuration string
	// Problems of a configuration that can be read, but does not go with the commit.
	Problems config.Problems
	// Baselines of environments that were not known before.
	Baselines []Baseline
	// Former are the configurations that the new commits changed, by the SHA of the commit that did.
	Former map[string]string
}

// Baseline is what an environment is taken to run before anything was deployed by us.
type Baseline struct {
	Environment, SHA string
	// Digests of the instances at that commit, by name, and where their state is.
	Digests     map[string]string
	Whereabouts map[string]planner.Whereabouts
}

// Advance writes down what was read from trunk.
func (tx *Tx) Advance(a Advance) error {
	for _, sha := range a.Lost {
		if err := tx.exec(`DELETE FROM commits WHERE repository = $1 AND sha = $2`, a.Repository, sha); err != nil {
			return err
		}
		if err := tx.Record(Record{Repository: a.Repository, Kind: "lost", SHA: sha, Reason: "trunk was rewritten"}); err != nil {
			return err
		}
	}
	if err := tx.addOlder(a); err != nil {
		return err
	}
	for _, commit := range a.Commits {
		if err := tx.addCommit(a.Repository, commit, a.PeopleKnown); err != nil {
			return err
		}
	}
	for sha, configuration := range a.Former {
		err := tx.exec(`INSERT INTO former_rules (repository, sha, configuration) VALUES ($1, $2, $3) ON CONFLICT (repository, sha) DO NOTHING`,
			a.Repository, sha, configuration)
		if err != nil {
			return err
		}
	}
	for _, baseline := range a.Baselines {
		if err := tx.addBaseline(a.Repository, baseline); err != nil {
			return err
		}
	}
	problems, err := json.Marshal(append(config.Problems{}, a.Problems...))
	if err != nil {
		return err
	}
	return tx.exec(`UPDATE repositories SET tip = $1, configured = $2, configuration = $3, problems = $4 WHERE id = $5`,
		a.Tip, a.Configured, a.Configuration, string(problems), a.Repository)
}

func (tx *Tx) addBaseline(repository int64, b Baseline) error {
	count, err := tx.changed(`INSERT INTO environments (repository, name, runs, since) VALUES ($1, $2, $3, 0)
		ON CONFLICT (repository, name) DO NOTHING`, repository, b.Environment, b.SHA)
	if err != nil || count == 0 {
		return err
	}
	for name, digest := range b.Digests {
		whereabouts, err := whereaboutsText(b.Whereabouts[name])
		if err != nil {
			return err
		}
		if err := tx.setInstance(repository, b.Environment, run{name: name, digest: digest, whereabouts: whereabouts, sha: b.SHA}); err != nil {
			return err
		}
	}
	return tx.Record(Record{Repository: repository, Kind: "baseline", Environment: b.Environment, SHA: b.SHA,
		Reason: "what the environment ran when Trunkline first saw it"})
}

// Configuration returns the rules read from trunk, or the problems that they have. known is false where there is
// no configuration on trunk, or trunk was not read yet.
func (tx *Tx) Configuration(repository int64) (rules config.Repository, problems config.Problems, known bool, err error) {
	var text, unresolved string
	_, err = tx.one([]any{&text, &unresolved, &known}, `SELECT configuration, problems, configured FROM repositories WHERE id = $1`, repository)
	if err != nil || !known {
		return rules, nil, false, err
	}
	rules, problem := tx.store.parse(text)
	if found, ok := problem.(config.Problems); ok {
		return rules, found, true, nil
	}
	err = json.Unmarshal([]byte(unresolved), &problems)
	return rules, problems, true, err
}

// ConfigurationText is the text of the configuration on trunk as it was read; empty: there is none.
func (tx *Tx) ConfigurationText(repository int64) (text string, err error) {
	_, err = tx.one([]any{&text}, `SELECT configuration FROM repositories WHERE id = $1 AND configured`, repository)
	return text, err
}

// Remember keeps what a delivery says environments ran before, for a repository whose trunk was not read yet: a
// commit, or with "^" after it its first parent.
func (tx *Tx) Remember(repository int64, before string) error {
	return tx.exec(`UPDATE repositories SET remembered = $1 WHERE id = $2 AND tip = ''`, before, repository)
}

// Remembered returns what was remembered last; empty: nothing.
func (tx *Tx) Remembered(repository int64) (before string, err error) {
	_, err = tx.one([]any{&before}, `SELECT remembered FROM repositories WHERE id = $1`, repository)
	return before, err
}

// mostParsed is how many configurations are kept parsed: each decision asks for one, and reading it takes longer than
// deciding.
const mostParsed = 256

// parse parses a configuration, or remembers what came of it before.
func (s *Store) parse(text string) (config.Repository, error) {
	s.parsedMu.Lock()
	defer s.parsedMu.Unlock()
	if kept, ok := s.parsed[text]; ok {
		return kept.rules, kept.err
	}
	if s.parsed == nil || len(s.parsed) >= mostParsed {
		s.parsed = map[string]parsed{}
	}
	rules, err := config.Parse(config.Path, []byte(text))
	s.parsed[text] = parsed{rules, err}
	return rules, err
}

// parsed is what came of parsing a configuration.
type parsed struct {
	rules config.Repository
	err   error
}
