package store

import (
	"database/sql"
	"fmt"

	"github.com/trunkline/trunkline/promote"
)

// retired is the detail of a GitHub deployment that was set inactive because another one succeeded after it.
const retired = "inactive"

// OutrunDeployment tells whether a later deployment of the same environment has succeeded.
func (tx *Tx) OutrunDeployment(repository int64, deployment promote.Deployment) (outrun bool, err error) {
	_, err = tx.one([]any{&outrun}, `SELECT EXISTS (SELECT 1 FROM deployments WHERE repository = $1 AND environment = $2 AND id > $3
		AND phase = 'succeeded')`, repository, deployment.Environment, deployment.ID)
	return outrun, err
}

// ActiveDeployment is a deployment that GitHub shows as what an environment runs.
type ActiveDeployment struct {
	Projection
	Environment string
	// Newest of those of its environment.
	Newest bool
}

// ActiveDeployments returns the deployments that succeeded and were not set inactive since, oldest first.
func (tx *Tx) ActiveDeployments(repository int64) (active []ActiveDeployment, err error) {
	newest := map[string]int{}
	err = tx.each(func(rows *sql.Rows) error {
		a := ActiveDeployment{Projection: Projection{Repository: repository, Kind: DeploymentProjection}}
		if err := rows.Scan(&a.Environment, &a.Subject, &a.GitHubID, &a.Digest, &a.Detail); err != nil {
			return err
		}
		newest[a.Environment] = len(active)
		active = append(active, a)
		return nil
	}, `SELECT d.environment, p.subject, p.github_id, p.digest, p.detail FROM projections p JOIN deployments d
			ON d.repository = p.repository AND p.subject = CAST(d.id AS TEXT)
		WHERE p.repository = $1 AND p.kind = $2 AND p.github_id > 0 AND p.digest = 'succeeded' AND p.detail <> $3 ORDER BY d.id`,
		repository, DeploymentProjection, retired)
	for _, at := range newest {
		active[at].Newest = true
	}
	return active, err
}

// Retire writes down that GitHub does not show a deployment as active any more.
func (tx *Tx) Retire(p Projection) error {
	p.Detail = retired
	return tx.Project(p)
}

// Unmade writes down that GitHub need not show a deployment of which it has not heard; known is true where it has, or may
// have.
func (tx *Tx) Unmade(repository int64, deployment promote.Deployment) (known bool, err error) {
	p, known, err := tx.Projection(repository, DeploymentProjection, fmt.Sprint(deployment.ID))
	if err != nil || known {
		return known, err
	}
	p.Digest = ShownPhase(deployment.Phase)
	return false, tx.Project(p)
}
