package store

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/trunkline/trunkline/promote"
)

// Step decides what should happen next in a repository and writes down what starts, with the jobs that do it.
// Whoever adds a fact calls it in the same transaction.
func (tx *Tx) Step(repository int64) error {
	state, err := tx.State(repository)
	if err != nil {
		return fmt.Errorf("load the state: %w", err)
	}
	for _, notice := range promote.NoticesDue(state) {
		if err := tx.give(repository, notice); err != nil {
			return fmt.Errorf("give a notice: %w", err)
		}
	}
	for _, decision := range promote.Decide(state) {
		if err := tx.carryOut(repository, state.Environments[decision.Environment], decision); err != nil {
			return fmt.Errorf("carry out what was decided for %s: %w", decision.Environment, err)
		}
	}
	// What starts just now has no impact to be shown any more.
	if state, err = tx.State(repository); err != nil {
		return fmt.Errorf("load the state: %w", err)
	}
	if err := tx.startReleases(repository, state); err != nil {
		return fmt.Errorf("start what is to be released: %w", err)
	}
	if err := tx.wantImpacts(repository, state); err != nil {
		return err
	}
	if err := tx.lookAgain(repository, state); err != nil {
		return err
	}
	if err := tx.nudgeJobs(repository); err != nil {
		return err
	}
	return tx.Nudge(Nudge{Topic: Rollout, Repository: repository})
}

// carryOut writes down what was decided for one environment.
func (tx *Tx) carryOut(repository int64, environment promote.Environment, decision promote.Decision) error {
	if err := tx.supersede(repository, decision); err != nil {
		return err
	}
	if err := tx.noteVoid(repository, decision.Environment, decision.Approvals); err != nil {
		return err
	}
	if dropped := decision.Dropped; dropped != nil {
		if err := tx.exec(`UPDATE requests SET phase = 'dropped' WHERE id = $1 AND phase = 'waiting'`, dropped.ID); err != nil {
			return err
		}
	}
	if decision.Unsafe != "" {
		if err := tx.refuseUnsafe(repository, environment.Rollback, decision.Unsafe); err != nil {
			return err
		}
	}
	if decision.Start == nil {
		return nil
	}
	return tx.start(repository, environment, decision)
}

// supersede has requests go on for what takes the place of what they were for, and records it.
func (tx *Tx) supersede(repository int64, decision promote.Decision) error {
	for _, superseded := range decision.Superseded {
		request := superseded.Request
		if request == nil || request.To == superseded.By.SHA {
			continue
		}
		if err := tx.exec(`UPDATE requests SET target = $1 WHERE id = $2 AND phase = 'waiting'`, superseded.By.SHA, request.ID); err != nil {
			return err
		}
		err := tx.Record(Record{Repository: repository, Actor: request.By, Kind: "superseded", Environment: decision.Environment,
			SHA: superseded.To.SHA, Reason: "rides with " + superseded.By.SHA})
		if err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) start(repository int64, environment promote.Environment, decision promote.Decision) error {
	if promotion := decision.Promotion; promotion != nil && promotion.Request != nil {
		if err := tx.exec(`UPDATE requests SET phase = 'taken' WHERE id = $1 AND phase = 'waiting'`, promotion.Request.ID); err != nil {
			return err
		}
	}
	if err := tx.interruptRelease(repository, decision.Environment); err != nil {
		return err
	}
	var passed []string
	for _, gate := range decision.Passed {
		passed = append(passed, gate.Name)
	}
	reason := ""
	if override := environment.Override; override != nil && decision.Promotion != nil && decision.Promotion.Override != nil {
		reason = override.Reason
		if err := tx.useOverride(repository, decision, *override); err != nil {
			return err
		}
	}
	without, err := json.Marshal(append([]string{}, decision.Without...))
	if err != nil {
		return err
	}
	names, err := json.Marshal(append([]string{}, passed...))
	if err != nil {
		return err
	}
	why := ""
	if decision.Rollback != nil {
		why = decision.Rollback.Reason
	}
	var id int64
	_, err = tx.one([]any{&id}, `INSERT INTO deployments (repository, environment, from_sha, to_sha, phase, asked_by, login, without, passed, reason,
			rollback, why, started_at)
		VALUES ($1, $2, $3, $4, 'planning', $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id`, repository, decision.Environment,
		decision.Start.From.SHA, decision.Start.To.SHA, decision.By.ID, decision.By.Login, string(without), string(names), reason,
		decision.Rollback != nil, why, millis(tx.now))
	if err != nil {
		return err
	}
	if err := tx.Record(started(repository, decision)); err != nil {
		return err
	}
	if decision.Rollback != nil {
		if err := tx.goesBack(repository, id, decision); err != nil {
			return err
		}
	}
	return tx.Nudge(Nudge{Topic: Deploy, Repository: repository, Subject: fmt.Sprint(id)})
}

// started is the record of a start: what the range is, and by which gates it went.
func started(repository int64, decision promote.Decision) Record {
	record := Record{Repository: repository, Actor: decision.By, Kind: "started", Environment: decision.Environment,
		SHA: decision.Start.To.SHA, Reason: fmt.Sprintf("%d commits after %s", len(decision.Start.Commits), decision.Start.From.SHA)}
	if decision.Rollback != nil {
		record.Kind = "rollback started"
		record.Reason = because(fmt.Sprintf("back from %s, which takes back %d commits", decision.Start.From.SHA, len(decision.Start.Commits)), decision.Rollback.Reason)
	}
	for _, gate := range decision.Gates {
		if gate.Open {
			record.Reason += "; " + gate.Name + ": " + gate.Text
		}
	}
	if decision.Promotion != nil && decision.Promotion.Plan != nil {
		record.Digest = decision.Promotion.Plan.Digest()
	}
	return record
}

// useOverride records an emergency loudly: who passed which gates, and why. People get an issue to follow it up.
func (tx *Tx) useOverride(repository int64, decision promote.Decision, override promote.Override) error {
	var gates []string
	passed := []PassedGate{}
	for _, gate := range decision.Passed {
		gates = append(gates, gate.Name+" ("+gate.Text+")")
		passed = append(passed, PassedGate{gate.Name, gate.Text})
	}
	names, err := json.Marshal(passed)
	if err != nil {
		return err
	}
	count, err := tx.changed(`UPDATE overrides SET phase = 'used', passed = $1 WHERE id = $2 AND phase = 'waiting'`, string(names), override.ID)
	if err != nil || count == 0 {
		return err
	}
	text := fmt.Sprintf("%s passed gates of %s for %s: %s. Reason: %s", override.By.Login, decision.Environment,
		promote.Short(decision.Start.To.SHA), strings.Join(gates, "; "), override.Reason)
	err = tx.Record(Record{Repository: repository, Actor: override.By, Kind: "overridden", Environment: decision.Environment,
		SHA: decision.Start.To.SHA, Reason: text})
	return errOr(err, tx.give(repository, promote.Notice{Kind: promote.NoticeOverride, Environment: decision.Environment,
		Subject: fmt.Sprint(override.ID), Owner: override.By.Login, Text: text, Issue: true}))
}
