package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/promote"
)

// EphemeralWish is what somebody asks for.
type EphemeralWish struct {
	Repository int64
	Pull       int
	// Head of the pull request that is to be deployed, by the rules that trunk has now.
	Head string
	By   promote.Person
	TTL  time.Duration
}

// WantEphemeral makes an environment for a pull request, or brings the one that there is to another commit. One
// that is being destroyed comes back only where that has failed.
func (tx *Tx) WantEphemeral(w EphemeralWish) error {
	e, known, err := tx.Ephemeral(w.Repository, w.Pull)
	if err != nil {
		return err
	}
	if !known || e.Phase == EphemeralGone {
		_, err = tx.one([]any{&e.ID}, `INSERT INTO ephemerals (repository, pull, phase, asked_by, login, created_at, expires_at)
			VALUES ($1, $2, 'creating', $3, $4, $5, $5) RETURNING id`, w.Repository, w.Pull, w.By.ID, w.By.Login, millis(tx.now))
		if err != nil {
			return err
		}
	}
	var source int64
	_, err = tx.one([]any{&source}, `INSERT INTO ephemeral_sources (ephemeral, sha, configuration, at)
		SELECT $1, $2, configuration, $3 FROM repositories WHERE id = $4 RETURNING id`, e.ID, w.Head, millis(tx.now), w.Repository)
	if err != nil {
		return err
	}
	err = tx.transition(`UPDATE ephemerals SET phase = 'creating', source = $1, asked_by = $2, login = $3, expires_at = $4, failure = '', again_at = $4,
			why = '', tries = 0 WHERE id = $5 AND (phase IN ('creating', 'ready', 'failed') OR phase = 'destroying' AND tries > 0)`, source, w.By.ID, w.By.Login, millis(tx.now.Add(w.TTL)), e.ID)
	return errOr(err, tx.ephemeralChanged(Ephemeral{ID: e.ID, Repository: w.Repository, Pull: w.Pull}, Record{Kind: "preview asked", SHA: w.Head, Actor: w.By}))
}

// EndEphemeral has the environment of a pull request destroyed, if there is one. By is the zero Person where nobody asked.
func (tx *Tx) EndEphemeral(repository int64, pull int, why string, by promote.Person) error {
	e, known, err := tx.Ephemeral(repository, pull)
	if err != nil || !known || e.Phase == EphemeralGone {
		return err
	}
	if e.Phase == EphemeralDestroying { // tried again at once
		return errOr(tx.exec(`UPDATE ephemerals SET again_at = 0 WHERE id = $1`, e.ID), tx.nudgeEphemeral(e))
	}
	err = tx.transition(`UPDATE ephemerals SET phase = 'destroying', why = $1, failure = '', tries = 0, again_at = 0
		WHERE id = $2 AND phase IN ('creating', 'ready', 'failed')`, why, e.ID)
	return errOr(err, tx.ephemeralChanged(e, Record{Kind: "preview ends", SHA: e.Source.SHA, Reason: why, Actor: by}))
}

// ErrNotWanted is returned where an environment is not to be brought any further: it or its
// pull request is over, or somebody wants another commit in it.
var ErrNotWanted = errors.New("the environment of the pull request is not wanted so any more")

// wanted fails with [ErrNotWanted] unless the environment is still to be brought to the source.
func (tx *Tx) wanted(e Ephemeral) error {
	now, _, err := tx.Ephemeral(e.Repository, e.Pull)
	if err == nil && (now.ID != e.ID || now.Phase != EphemeralCreating || now.Source.ID != e.Source.ID || !tx.now.Before(now.Expires)) {
		err = ErrNotWanted
	}
	if err != nil {
		return err
	}
	pull, known, err := tx.FindPull(e.Repository, e.Pull)
	if err == nil && known && pull.Phase != PullOpen {
		err = ErrNotWanted
	}
	return err
}

// ClaimEphemeral writes down where the instances of an environment will have their state, unless something else has it
// there: then the error is a [*planner.NotApart]. Permanent is what trunk has.
func (tx *Tx) ClaimEphemeral(e Ephemeral, has planner.Ephemeral, permanent []planner.Taken) error {
	if err := tx.wanted(e); err != nil {
		return err
	}
	taken, err := tx.TakenPlaces(e.Repository, e.ID)
	if err != nil {
		return err
	}
	if err := has.ApartFrom(slices.Concat(permanent, taken)); err != nil {
		return err
	}
	for name, instance := range has.Instances {
		text, err := json.Marshal(instance.State)
		if err != nil {
			return err
		}
		err = tx.exec(`INSERT INTO ephemeral_instances (ephemeral, name, place, source, whereabouts, phase) VALUES ($1, $2, $3, $4, $5, 'claimed')
			ON CONFLICT (ephemeral, name, place) DO UPDATE SET phase = 'claimed', source = excluded.source, whereabouts = excluded.whereabouts
			WHERE ephemeral_instances.phase = 'destroyed'`, e.ID, name, instance.State.Address.String(), e.Source.ID, string(text))
		if err != nil {
			return err
		}
	}
	return nil
}

// BeginEphemeral writes down that an instance is about to be made or changed: from now on it has to be destroyed.
func (tx *Tx) BeginEphemeral(e Ephemeral, instance planner.Resolved) error {
	if err := tx.wanted(e); err != nil {
		return err
	}
	err := tx.transition(`UPDATE ephemeral_instances SET phase = 'begun', source = $1 WHERE ephemeral = $2 AND name = $3 AND place = $4
		AND phase <> 'destroyed'`, e.Source.ID, e.ID, instance.Instance.Name(), instance.State.Address.String())
	return errOr(err, tx.showsEphemeral(e))
}

// EphemeralApplied writes down that an instance is as its source says.
func (tx *Tx) EphemeralApplied(e Ephemeral, instance planner.Resolved) error {
	err := tx.transition(`UPDATE ephemeral_instances SET phase = 'applied' WHERE ephemeral = $1 AND name = $2 AND place = $3 AND phase = 'begun'`,
		e.ID, instance.Instance.Name(), instance.State.Address.String())
	return errOr(err, tx.showsEphemeral(e))
}

// EphemeralDestroyed writes down that nothing is left of an instance.
func (tx *Tx) EphemeralDestroyed(e Ephemeral, instance EphemeralInstance) error {
	err := tx.transition(`UPDATE ephemeral_instances SET phase = 'destroyed' WHERE ephemeral = $1 AND name = $2 AND place = $3`, e.ID, instance.Name, instance.Place)
	return errOr(err, tx.showsEphemeral(e))
}

// EphemeralReady writes down that an environment has its commit.
func (tx *Tx) EphemeralReady(e Ephemeral, address string) error {
	if err := tx.wanted(e); err != nil {
		return err
	}
	err := tx.transition(`UPDATE ephemerals SET phase = 'ready', address = $1, failure = '' WHERE id = $2 AND phase = 'creating'`, address, e.ID)
	return errOr(err, tx.ephemeralChanged(e, Record{Kind: "preview ready", SHA: e.Source.SHA, Actor: e.By}))
}

// EphemeralFailed writes down why an environment does not get its commit.
func (tx *Tx) EphemeralFailed(e Ephemeral, failure string) error {
	if err := tx.wanted(e); err != nil {
		return err
	}
	err := tx.transition(`UPDATE ephemerals SET phase = 'failed', failure = $1 WHERE id = $2 AND phase = 'creating'`, failure, e.ID)
	return errOr(err, tx.ephemeralChanged(e, Record{Kind: "preview failed", SHA: e.Source.SHA, Actor: e.By}))
}

// EphemeralStuck writes down why an environment could not be destroyed, and when that is tried again.
func (tx *Tx) EphemeralStuck(e Ephemeral, failure string, again time.Time) error {
	if still, err := tx.stillDestroying(e); err != nil || !still {
		return err
	}
	err := tx.transition(`UPDATE ephemerals SET failure = $1, tries = tries + 1, again_at = $2 WHERE id = $3 AND phase = 'destroying'`, failure, millis(again), e.ID)
	return errOr(err, tx.showEphemeral(e, Record{Kind: "preview not destroyed", SHA: e.Source.SHA}))
}

// EphemeralGone writes down that nothing is left of an environment.
func (tx *Tx) EphemeralGone(e Ephemeral) error {
	if still, err := tx.stillDestroying(e); err != nil || !still {
		return err
	}
	err := tx.transition(`UPDATE ephemerals SET phase = 'gone', failure = '', again_at = 0, ended_at = $1 WHERE id = $2 AND phase = 'destroying'
		AND NOT EXISTS (SELECT 1 FROM ephemeral_instances i WHERE i.ephemeral = $2 AND i.phase IN ('begun', 'applied'))`, millis(tx.now), e.ID)
	return errOr(err, tx.showEphemeral(e, Record{Kind: "preview destroyed", SHA: e.Source.SHA, Reason: e.Why}))
}

// stillDestroying tells whether nobody has asked for the environment again since it was to be destroyed.
func (tx *Tx) stillDestroying(e Ephemeral) (bool, error) {
	now, _, err := tx.Ephemeral(e.Repository, e.Pull)
	return now.ID == e.ID && now.Phase == EphemeralDestroying, err
}

// LookAtEphemeral has an environment looked at again at a time, and shown.
func (tx *Tx) LookAtEphemeral(e Ephemeral, at time.Time) error {
	err := tx.exec(`UPDATE ephemerals SET again_at = $1 WHERE id = $2 AND phase IN ('ready', 'failed')`, millis(at), e.ID)
	return errOr(err, tx.showsEphemeral(e))
}

// ephemeralChanged records a change, has it shown, and has whoever works on the environment see it.
func (tx *Tx) ephemeralChanged(e Ephemeral, record Record) error {
	return errOr(tx.showEphemeral(e, record), tx.nudgeEphemeral(e))
}

func (tx *Tx) showEphemeral(e Ephemeral, record Record) error {
	record.Repository, record.Environment = e.Repository, e.Environment()
	return errOr(tx.Record(record), tx.showsEphemeral(e))
}

// showsEphemeral has what GitHub shows of an environment brought up to date.
func (tx *Tx) showsEphemeral(e Ephemeral) error {
	return tx.Nudge(Nudge{Topic: Pull, Repository: e.Repository, Subject: fmt.Sprint(e.Pull)})
}

func (tx *Tx) nudgeEphemeral(e Ephemeral) error {
	return tx.Nudge(Nudge{Topic: Ephemerals, Repository: e.Repository, Subject: fmt.Sprint(e.Pull)})
}
