package store

import (
	"encoding/json"
	"slices"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/promote"
)

// Include adds an instance to a deployment that is being planned; it waits for its plan.
func (tx *Tx) Include(deployment int64, instance planner.Resolved) error {
	return tx.include(deployment, instance, false)
}

// IncludeDownstream adds an instance that is at its digest, because one that it depends on changes.
func (tx *Tx) IncludeDownstream(deployment int64, instance planner.Resolved) error {
	return tx.include(deployment, instance, true)
}

func (tx *Tx) include(deployment int64, instance planner.Resolved, downstream bool) error {
	whereabouts, err := whereaboutsText(instance.State)
	if err != nil {
		return err
	}
	return tx.exec(`INSERT INTO deployment_instances (deployment, name, phase, digest, whereabouts, downstream) VALUES ($1, $2, 'waiting', $3, $4, $5)
		ON CONFLICT (deployment, name) DO NOTHING`, deployment, instance.Instance.Name(), instance.Digest, whereabouts, downstream)
}

// Planned writes down what may be applied to an instance: from now on exactly that.
func (tx *Tx) Planned(deployment int64, instance promote.DeployedInstance) error {
	err := tx.setPlan(deployment, instance, `(phase IN ('waiting', 'failed') OR phase = 'planned' AND EXISTS
		(SELECT 1 FROM deployments WHERE id = $6 AND phase = 'planning'))`)
	if err != nil {
		return err
	}
	awaits, err := json.Marshal(append([]string{}, instance.Awaits...))
	return errOr(err, tx.exec(`UPDATE deployment_instances SET awaits = $1 WHERE deployment = $2 AND name = $3`, string(awaits), deployment, instance.Name))
}

// PlannedAgain writes down what may be applied to an instance instead, because what it depends on was applied. What it was to
// create and to destroy before is kept: some of that may have happened.
func (tx *Tx) PlannedAgain(deployment int64, instance promote.DeployedInstance) error {
	var created, destroyed string
	_, err := tx.one([]any{&created, &destroyed}, `SELECT created, destroyed FROM deployment_instances WHERE deployment = $1 AND name = $2`, deployment, instance.Name)
	instance.Created, err = withBefore(err, instance.Created, created)
	instance.Destroyed, err = withBefore(err, instance.Destroyed, destroyed)
	if err != nil {
		return err
	}
	return tx.setPlan(deployment, instance, `phase IN ('planned', 'applying', 'failed') AND EXISTS
		(SELECT 1 FROM deployments WHERE id = $6 AND phase = 'applying')`)
}

// withBefore adds those that were written down before, as JSON, to addresses.
func withBefore(err error, addresses []string, text string) ([]string, error) {
	var before []string
	if err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &before)
	}
	all := slices.Concat(addresses, before)
	slices.Sort(all)
	return slices.Compact(all), err
}

func (tx *Tx) setPlan(deployment int64, instance promote.DeployedInstance, where string) error {
	var texts [3]string
	for i, all := range [][]string{instance.ChangeDigests, instance.Created, instance.Destroyed} {
		text, err := json.Marshal(append([]string{}, all...))
		if err != nil {
			return err
		}
		texts[i] = string(text)
	}
	counts, err := json.Marshal(instance.Counts)
	if err != nil {
		return err
	}
	return tx.transition(`UPDATE deployment_instances SET phase = 'planned', plan_digest = $1, change_digests = $2, summary = $3,
		destructive = $4, counts = $5, created = $8, destroyed = $9 WHERE deployment = $6 AND name = $7 AND `+where,
		instance.PlanDigest, texts[0], instance.Summary, instance.Destructive, string(counts), deployment, instance.Name, texts[1], texts[2])
}

// Applying writes down the intent to apply an instance, before it is done. One that failed is tried again where the
// process ended before it could write down that the deployment failed with it. From now until it is applied nobody
// knows what runs there: it equals no digest, so it is planned again whatever comes next, also where that is a revert.
// But its state is from now on where this deployment has it, also if it is the first and fails.
func (tx *Tx) Applying(deployment int64, name string) error {
	err := tx.exec(`INSERT INTO instances (repository, environment, name, digest, sha, deployment, applied_at, whereabouts)
		SELECT d.repository, d.environment, i.name, '', d.to_sha, d.id, $3, i.whereabouts
		FROM deployments d JOIN deployment_instances i ON i.deployment = d.id WHERE d.id = $1 AND i.name = $2
		ON CONFLICT (repository, environment, name) DO UPDATE SET digest = '', whereabouts = excluded.whereabouts`,
		deployment, name, millis(tx.now))
	if err := errOr(err, tx.touches(deployment)); err != nil {
		return err
	}
	return tx.transition(`UPDATE deployment_instances SET phase = 'applying' WHERE deployment = $1 AND name = $2
		AND phase IN ('planned', 'applying', 'failed')`, deployment, name)
}

// Creates writes down what an instance is about to have besides what was planned.
func (tx *Tx) Creates(deployment int64, name string, addresses []string) error {
	var text string
	var created []string
	_, err := tx.one([]any{&text}, `SELECT created FROM deployment_instances WHERE deployment = $1 AND name = $2`, deployment, name)
	if err := errOr(err, json.Unmarshal([]byte(text), &created)); err != nil {
		return err
	}
	created = append(created, addresses...)
	slices.Sort(created)
	all, err := json.Marshal(append([]string{}, slices.Compact(created)...))
	if err != nil {
		return err
	}
	return tx.exec(`UPDATE deployment_instances SET created = $1 WHERE deployment = $2 AND name = $3`, string(all), deployment, name)
}

// touches writes down that something of a deployment is applied.
func (tx *Tx) touches(deployment int64) error {
	return tx.exec(`UPDATE deployments SET touched = TRUE WHERE id = $1 AND NOT touched`, deployment)
}

// Applied writes down that an instance is at its digest: the environment runs it from now on. Where that changed something,
// nobody knows of those that depend on it whether they are still as they would be planned: they equal no digest until they
// are looked at, in this deployment or, should it stop, in the next.
func (tx *Tx) Applied(id int64, name string, dependents ...string) error {
	deployment, repository, err := tx.Deployment(id)
	if err != nil {
		return err
	}
	err = tx.transition(`UPDATE deployment_instances SET phase = 'applied' WHERE deployment = $1 AND name = $2
		AND phase IN ('planned', 'applying', 'failed')`, id, name)
	if err != nil {
		return err
	}
	runs := run{name: name, sha: deployment.To, deployment: id}
	_, found := tx.one([]any{&runs.digest, &runs.whereabouts}, `SELECT digest, whereabouts FROM deployment_instances
		WHERE deployment = $1 AND name = $2`, id, name)
	err = errOr(err, errOr(found, tx.setInstance(repository, deployment.Environment, runs)))
	for _, dependent := range dependents {
		err = errOr(err, tx.exec(`UPDATE instances SET digest = '' WHERE repository = $1 AND environment = $2 AND name = $3`,
			repository, deployment.Environment, dependent))
	}
	return errOr(err, tx.Record(Record{Repository: repository, Actor: deployment.By, Kind: "applied",
		Environment: deployment.Environment, SHA: deployment.To, Reason: name}))
}

// InstanceFailed writes down that an instance could not be planned or applied.
func (tx *Tx) InstanceFailed(deployment int64, name string) error {
	return tx.transition(`UPDATE deployment_instances SET phase = 'failed' WHERE deployment = $1 AND name = $2
		AND phase IN ('waiting', 'planned', 'applying', 'failed')`, deployment, name)
}
