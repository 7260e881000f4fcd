package store

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/trunkline/trunkline/promote"
)

// wantImpacts writes down which impacts are to be shown, and has those planned that are new.
func (tx *Tx) wantImpacts(repository int64, state promote.State) error {
	for _, impact := range promote.Impacts(state) {
		count, err := tx.changed(`INSERT INTO impacts (repository, environment, from_sha, to_sha, after_deployment, done, preview)
			VALUES ($1, $2, $3, $4, $5, FALSE, '{}') ON CONFLICT (repository, environment) DO UPDATE SET
				from_sha = excluded.from_sha, to_sha = excluded.to_sha, after_deployment = excluded.after_deployment,
				done = FALSE, preview = '{}', plan = ''
			WHERE impacts.from_sha <> excluded.from_sha OR impacts.to_sha <> excluded.to_sha
				OR impacts.after_deployment <> excluded.after_deployment`,
			repository, impact.Environment, impact.From, impact.To, impact.After)
		if err != nil {
			return err
		}
		if count == 0 {
			continue
		}
		if err := tx.Nudge(Nudge{Topic: Impact, Repository: repository, Subject: impact.Environment}); err != nil {
			return err
		}
	}
	return nil
}

// plannedImpacts returns the nudges for impacts that are still to be planned.
func (tx *Tx) plannedImpacts() (nudges []Nudge, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		nudge := Nudge{Topic: Impact}
		err := rows.Scan(&nudge.Repository, &nudge.Subject)
		nudges = append(nudges, nudge)
		return err
	}, `SELECT repository, environment FROM impacts WHERE NOT done ORDER BY repository, environment`)
	return nudges, err
}

// Impact returns what is known of an environment's impact; known is false where none was wanted yet.
func (tx *Tx) Impact(repository int64, environment string) (impact promote.PlannedImpact, known bool, err error) {
	impact.Environment = environment
	var preview string
	known, err = tx.one([]any{&impact.From, &impact.To, &impact.After, &impact.Done, &preview}, `SELECT from_sha, to_sha,
		after_deployment, done, preview FROM impacts WHERE repository = $1 AND environment = $2`, repository, environment)
	if err != nil || !known {
		return impact, known, err
	}
	if err := json.Unmarshal([]byte(preview), &impact.Preview); err != nil {
		return impact, true, fmt.Errorf("read the impact on %s: %w", environment, err)
	}
	return impact, true, nil
}

// PlanImpact writes down the plans of an impact, unless another is wanted by now.
func (tx *Tx) PlanImpact(repository int64, impact promote.PlannedImpact) error {
	preview, err := json.Marshal(impact.Preview)
	if err != nil {
		return fmt.Errorf("write the impact on %s: %w", impact.Environment, err)
	}
	impact.Done = true
	plan, err := json.Marshal(promote.PlanOf(impact))
	if err != nil {
		return fmt.Errorf("write the plan of %s: %w", impact.Environment, err)
	}
	count, err := tx.changed(`UPDATE impacts SET preview = $1, plan = $2, done = TRUE WHERE repository = $3 AND environment = $4
		AND from_sha = $5 AND to_sha = $6 AND after_deployment = $7`, string(preview), string(plan), repository, impact.Environment,
		impact.From, impact.To, impact.After)
	if err != nil || count == 0 {
		return err
	}
	// Gates may have waited for it.
	return tx.Step(repository)
}
