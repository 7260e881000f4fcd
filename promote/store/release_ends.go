package store

import (
	"fmt"
	"strings"

	"github.com/trunkline/trunkline/promote"
)

// ReleaseRan writes down that the command of a step has ended well. What more users got is watched, where something is.
func (tx *Tx) ReleaseRan(id int64, watched bool) error {
	r, repository, err := tx.Release(id)
	if err != nil {
		return err
	}
	if !watched {
		return errOr(tx.endRelease(repository, r, ended{phase: promote.ReleaseDone, by: r.By}), tx.Step(repository))
	}
	err = tx.transition(`UPDATE releases SET phase = 'watching', since = $1 WHERE id = $2 AND phase = 'running'`, millis(tx.now), id)
	err = errOr(err, tx.Record(Record{Repository: repository, Actor: r.By, Kind: "release watching", Environment: r.Environment, SHA: r.Commit, Reason: fmt.Sprintf("%d%%", r.Percent)}))
	return errOr(err, tx.showRelease(repository, r))
}

// ReleaseStands writes down how the watches of a step stand, and when they are to be looked at again.
func (tx *Tx) ReleaseStands(r promote.Release) error {
	count, err := tx.changed(`UPDATE releases SET text = $1, again_at = $2 WHERE id = $3 AND phase = 'watching'`, r.Text, millis(r.WaitsUntil), r.ID)
	if err != nil || count == 0 {
		return err
	}
	_, repository, err := tx.Release(r.ID)
	return errOr(err, tx.showRelease(repository, r))
}

// ReleasePassed ends a step whose watches have passed.
func (tx *Tx) ReleasePassed(id int64) error {
	r, repository, err := tx.Release(id)
	err = errOr(err, tx.endRelease(repository, r, ended{phase: promote.ReleaseDone, by: r.By}))
	return errOr(err, tx.Step(repository))
}

// ReleaseFailed ends a step whose command failed. Nobody knows then how many users have the commit, and people are told.
func (tx *Tx) ReleaseFailed(id int64, message string) error {
	r, repository, err := tx.Release(id)
	if err != nil {
		return err
	}
	if err := tx.endRelease(repository, r, ended{phase: promote.ReleaseFailed, by: r.By, text: message}); err != nil {
		return err
	}
	text := fmt.Sprintf("giving `%s` to %d%% of the users of %s failed, and nobody knows how many have it; before, %d%% had", promote.Short(r.Commit),
		r.Percent, r.Environment, r.From)
	if r.Back {
		text = fmt.Sprintf("bringing `%s` back to %d%% of the users of %s failed: nobody knows how many have it, and it is not tried again by itself",
			promote.Short(r.Commit), r.Percent, r.Environment)
	}
	return errOr(tx.giveRelease(repository, r, text), tx.Step(repository))
}

// ReleaseImpossible ends a step that was not begun, because what would be watched cannot be. Nothing has changed for users.
func (tx *Tx) ReleaseImpossible(id int64, why string) error {
	r, repository, err := tx.Release(id)
	if err != nil {
		return err
	}
	if err := tx.endRelease(repository, r, ended{phase: promote.ReleaseDropped, by: r.By, text: why}); err != nil {
		return err
	}
	text := fmt.Sprintf("`%s` was not given to %d%% of the users of %s: %s", promote.Short(r.Commit), r.Percent, r.Environment, why)
	return errOr(tx.giveRelease(repository, r, text), tx.Step(repository))
}

// ReleaseUnhealthy ends a step whose watch failed, and has what was good before brought back.
func (tx *Tx) ReleaseUnhealthy(id int64, why string) error {
	r, repository, err := tx.Release(id)
	if err != nil {
		return err
	}
	if err := tx.endRelease(repository, r, ended{phase: promote.ReleaseFailed, by: r.By, text: why}); err != nil {
		return err
	}
	back := promote.AfterWatch(r, why)
	err = tx.Record(Record{Repository: repository, Kind: "release taken back", Environment: r.Environment, SHA: r.Commit,
		Reason: fmt.Sprintf("from %d%% to %d%%: %s", r.Percent, back.Percent, why)})
	err = errOr(err, errOr(tx.addRelease(repository, back), tx.giveRelease(repository, r, fmt.Sprintf("`%s` is taken back from %d%% to %d%% of the users of %s: %s",
		promote.Short(r.Commit), r.Percent, back.Percent, r.Environment, why))))
	return errOr(err, tx.Step(repository))
}

func (tx *Tx) giveRelease(repository int64, r promote.Release, text string) error {
	return tx.give(repository, promote.Notice{Kind: promote.NoticeRelease, Environment: r.Environment, Subject: fmt.Sprint(r.ID), Owner: r.By.Login,
		Text: strings.TrimRight(text, ".\n ")})
}

// beginRelease writes down how many users have what a deployment has just brought: none, unless it goes back to what they had
// before. Then the command gives it to as many again.
func (tx *Tx) beginRelease(repository int64, d promote.Deployment) error {
	if err := tx.dropReleases(repository, d.Environment, "another deployment has succeeded"); err != nil {
		return err
	}
	r := promote.Release{Environment: d.Environment, Commit: d.To, Deployment: d.ID, Full: d.From, Phase: promote.ReleaseDone}
	before, err := tx.release(`phase IN ('done', 'failed') AND deployment = (SELECT MAX(id) FROM deployments
		WHERE repository = $1 AND environment = $2 AND phase = 'succeeded' AND id < $3) ORDER BY id DESC LIMIT 1`, repository, d.Environment, d.ID)
	switch {
	case err != nil:
		return err
	case d.Rollback:
		return tx.releaseBack(repository, d, r)
	case before != nil && before.Commit == d.To: // it brought what had been left out
		before.Deployment, before.Approvals = d.ID, nil
		return tx.addRelease(repository, *before)
	case before != nil && (before.Phase != promote.ReleaseDone || before.Percent < 100):
		r.Full = before.Full
	}
	return tx.addRelease(repository, r)
}

// releaseBack gives what an environment went back to to as many users as had it before it was replaced.
func (tx *Tx) releaseBack(repository int64, d promote.Deployment, r promote.Release) error {
	had, err := tx.release(`repository = $1 AND environment = $2 AND sha = $3 AND phase = 'done' ORDER BY id DESC LIMIT 1`, repository, d.Environment, d.To)
	if err != nil {
		return err
	}
	r.Full = d.To
	if had == nil {
		return tx.addRelease(repository, r)
	}
	r.Full = had.Full
	if err := tx.addRelease(repository, r); err != nil || had.Percent == 0 {
		return err
	}
	r.Percent, r.Back, r.Phase, r.By = had.Percent, true, promote.ReleaseRunning, d.By
	r.Text = fmt.Sprintf("%d%% had it before it was replaced, and the environment is back at it", had.Percent)
	return tx.addRelease(repository, r)
}
