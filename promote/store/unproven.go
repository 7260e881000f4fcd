package store

import "database/sql"

// ChangedSinceSuccess names the instances that deployments to the same environment may have changed, after the last that
// succeeded and before this one.
func (tx *Tx) ChangedSinceSuccess(deployment int64) (names []string, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		names = append(names, name)
		return err
	}, `SELECT DISTINCT i.name FROM deployment_instances i JOIN deployments d ON d.id = i.deployment JOIN deployments t ON t.id = $1
		WHERE d.repository = t.repository AND d.environment = t.environment AND d.id < t.id AND d.id > `+lastSuccess+`
			AND (i.phase IN ('applying', 'applied') OR i.phase = 'failed' AND i.plan_digest <> '') ORDER BY i.name`, deployment)
	return names, err
}

// lastSuccess is the deployment that last succeeded in the environment of t, before it; 0: none has.
const lastSuccess = `COALESCE((SELECT MAX(s.id) FROM deployments s WHERE s.repository = t.repository AND s.environment = t.environment
				AND s.id < t.id AND s.phase = 'succeeded'), 0)`
