package store

import (
	"database/sql"
	"errors"
	"time"

	"github.com/trunkline/trunkline/promote"
)

// RepositoryOf returns the repository that a deployment belongs to; [ErrNoDeployment] where there is none with that id.
func (tx *Tx) RepositoryOf(deployment int64) (repository int64, err error) {
	known, err := tx.one([]any{&repository}, `SELECT repository FROM deployments WHERE id = $1`, deployment)
	if err == nil && !known {
		err = ErrNoDeployment
	}
	return repository, err
}

// ErrNoDeployment is returned where there is no deployment with the id that was asked for.
var ErrNoDeployment = errors.New("there is no such deployment")

// LastDeployments returns the last deployments of a repository, at most that many, the newest first.
func (tx *Tx) LastDeployments(repository int64, most int) (deployments []promote.Deployment, err error) {
	ids, err := tx.ids(`SELECT id FROM deployments WHERE repository = $1 ORDER BY id DESC LIMIT $2`, repository, most)
	for _, id := range ids {
		if err != nil {
			break
		}
		var deployment promote.Deployment
		deployment, _, err = tx.Deployment(id)
		deployments = append(deployments, deployment)
	}
	return deployments, err
}

// PastDeployments returns the ids of a repository's deployments that ended before a time, or after which their environment
// had that many others.
func (tx *Tx) PastDeployments(repository int64, before time.Time, newest int) ([]int64, error) {
	return tx.ids(past+` ORDER BY id`, repository, millis(before), newest)
}

// past are the deployments of the repository $1 that ended before $2, or after which their environment had $3 others.
const past = `SELECT id FROM (SELECT id, finished_at, ROW_NUMBER() OVER (PARTITION BY environment ORDER BY id DESC) AS place
	FROM deployments WHERE repository = $1) AS ranked WHERE finished_at > 0 AND (finished_at < $2 OR place > $3)`

// ForgetSamples removes what watches found whose deployment [Tx.PastDeployments] names. What they had to say is in the steps of the
// deployment; baselines stay, since later deployments may take them over, and so does what a release is watched by now.
func (tx *Tx) ForgetSamples(repository int64, before time.Time, newest int) error {
	return tx.exec(`DELETE FROM watch_samples WHERE deployment IN (`+past+`)
		AND deployment NOT IN (SELECT deployment FROM releases WHERE repository = $1 AND phase = 'watching')`, repository, millis(before), newest)
}

func (tx *Tx) ids(query string, args ...any) (ids []int64, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, query, args...)
	return ids, err
}
