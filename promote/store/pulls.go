package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/promote"
)

// PullPhase is how far a pull request is.
type PullPhase string

const (
	// PullOpen: open for review.
	PullOpen PullPhase = "open"
	// PullClosed without being merged.
	PullClosed PullPhase = "closed"
	// PullMerged into its base.
	PullMerged PullPhase = "merged"
)

// PullRequest is what is known of a pull request.
type PullRequest struct {
	Repository int64
	Number     int
	Title      string
	Author     promote.Person
	// Pusher of the head; the Author where it was never pushed to since it was opened.
	Pusher promote.Person
	// Head is the commit that would be merged, Base the branch it would be merged into.
	Head, Base string
	// Fork: the head lies in another repository.
	Fork  bool
	Draft bool
	Phase PullPhase
	// MergeCommit on the base, once merged, and who did it; zero: that is not known.
	MergeCommit string
	Merger      promote.Person
	// Updated is GitHub's time of the last change: what is older says nothing new.
	Updated time.Time
	// Action is GitHub's word for what just happened, such as "opened"; it is not stored.
	Action string
	// AllowedHead is the head that someone with write access allowed to run although its author may not.
	AllowedHead string
	// Wanted counts the /plan commands; a preview that has seen fewer is out of date.
	Wanted int64
	// Drafted is what Wanted was when it became a draft; 0 where it was opened as one.
	Drafted int64
	// WantedIn are the environments that the last /plan named; empty: all.
	WantedIn []string
	// Preview is the newest preview, made for PreviewHead and PreviewWanted.
	Preview       planner.Preview
	PreviewPhase  PreviewPhase
	PreviewHead   string
	PreviewWanted int64
}

// Asked tells whether a draft is to be planned: it was asked for, and that was not carried out yet for this head.
func (p PullRequest) Asked() bool {
	underWay := p.PreviewPhase == PreviewPlanning && p.PreviewHead == p.Head && p.Wanted > p.Drafted
	return p.Wanted > p.PreviewWanted || underWay
}

// PreviewPhase is how far a pull request's newest preview is.
type PreviewPhase string

const (
	// PreviewNone: there is none yet.
	PreviewNone PreviewPhase = ""
	// PreviewPlanning: instances are being planned.
	PreviewPlanning PreviewPhase = "planning"
	// PreviewDone: nothing is waited for.
	PreviewDone PreviewPhase = "done"
	// PreviewCancelled by a close, or because it is a draft now, or goes into another branch.
	PreviewCancelled PreviewPhase = "cancelled"
)

// SavePull adds a pull request or updates it, unless what is known is newer. changed tells whether anything
// that a preview depends on is new.
func (tx *Tx) SavePull(p PullRequest) (changed bool, err error) {
	before, known, err := tx.FindPull(p.Repository, p.Number)
	if err != nil || known && before.Updated.After(p.Updated) {
		return false, err
	}
	// GitHub's times are whole seconds. Of the same second, "opened" is older than all that is known, and only
	// "reopened" opens again what was closed.
	stale := p.Action == "opened" || before.Phase == PullClosed && p.Phase == PullOpen && p.Action != "reopened"
	if known && stale && !p.Updated.After(before.Updated) {
		return false, nil
	}
	// A merged pull request stays merged: deliveries of the same second may come in any order.
	if known && before.Phase == PullMerged && p.Phase != PullMerged {
		return false, nil
	}
	if known && before.Head == p.Head {
		p.Pusher = before.Pusher
	}
	// One that was closed and is open again is looked at afresh: trunk has gone on meanwhile. So is one whose preview was
	// stopped, when it is ready or goes into trunk again.
	reopened := before.Phase == PullClosed && p.Phase == PullOpen
	resumed := before.PreviewPhase == PreviewCancelled && (before.Draft || before.Base != p.Base)
	if known && (reopened || resumed) && !p.Draft {
		if err := tx.exec(`UPDATE pulls SET wanted = wanted + 1, wanted_in = '' WHERE repository = $1 AND number = $2`, p.Repository, p.Number); err != nil {
			return false, err
		}
	}
	if known && p.Draft && !before.Draft {
		if err := tx.exec(`UPDATE pulls SET drafted = wanted WHERE repository = $1 AND number = $2`, p.Repository, p.Number); err != nil {
			return false, err
		}
	}
	err = tx.exec(`INSERT INTO pulls (repository, number, title, author, author_login, pusher, pusher_login, head, base, fork, draft,
			phase, merge_commit, updated_at, merger, merger_login) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
		ON CONFLICT (repository, number) DO UPDATE SET title = excluded.title, author = excluded.author,
			author_login = excluded.author_login, pusher = excluded.pusher, pusher_login = excluded.pusher_login,
			head = excluded.head, base = excluded.base, fork = excluded.fork, draft = excluded.draft, phase = excluded.phase,
			merge_commit = excluded.merge_commit, updated_at = excluded.updated_at,
			merger = CASE WHEN excluded.merger = 0 THEN pulls.merger ELSE excluded.merger END,
			merger_login = CASE WHEN excluded.merger = 0 THEN pulls.merger_login ELSE excluded.merger_login END`,
		p.Repository, p.Number, p.Title, p.Author.ID, p.Author.Login, p.Pusher.ID, p.Pusher.Login, p.Head, p.Base, p.Fork,
		p.Draft, p.Phase, p.MergeCommit, millis(p.Updated), p.Merger.ID, p.Merger.Login)
	if err == nil && (p.Phase != before.Phase || p.Base != before.Base) {
		err = tx.nudgeEphemeralOf(p)
	}
	return !known || before.Head != p.Head || before.Phase != p.Phase || before.Draft != p.Draft || before.Base != p.Base, err
}

const pullColumns = `repository, number, title, author, author_login, pusher, pusher_login, head, base, fork, draft, phase,
	merge_commit, updated_at, allowed_head, wanted, preview, preview_phase, preview_head, preview_wanted, wanted_in, drafted, merger, merger_login`

// FindPull returns a pull request and whether it is known.
func (tx *Tx) FindPull(repository int64, number int) (p PullRequest, known bool, err error) {
	return tx.pull(`repository = $1 AND number = $2`, repository, number)
}

// PullOfMerge returns the pull request whose merge made a commit of trunk.
func (tx *Tx) PullOfMerge(repository int64, sha string) (p PullRequest, known bool, err error) {
	return tx.pull(`repository = $1 AND merge_commit = $2 AND phase = 'merged'`, repository, sha)
}

// PullMerging returns the pull request into base whose head is a commit that was just merged, also when its own
// merge was not heard of yet.
func (tx *Tx) PullMerging(repository int64, base, head string) (p PullRequest, known bool, err error) {
	return tx.pull(`repository = $1 AND base = $2 AND head = $3 AND phase <> 'closed' ORDER BY number DESC LIMIT 1`, repository, base, head)
}

// PullOfHead returns the number of the open pull request whose head is a commit; of several, one into trunk.
func (tx *Tx) PullOfHead(repository int64, head string) (number int, known bool, err error) {
	known, err = tx.one([]any{&number}, `SELECT number FROM pulls WHERE repository = $1 AND head = $2 AND phase = 'open'
		ORDER BY base = (SELECT trunk FROM repositories WHERE id = $1) DESC, number DESC LIMIT 1`, repository, head)
	return number, known, err
}

func (tx *Tx) pull(where string, args ...any) (p PullRequest, known bool, err error) {
	var updated int64
	var preview, wantedIn string
	known, err = tx.one([]any{&p.Repository, &p.Number, &p.Title, &p.Author.ID, &p.Author.Login, &p.Pusher.ID, &p.Pusher.Login,
		&p.Head, &p.Base, &p.Fork, &p.Draft, &p.Phase, &p.MergeCommit, &updated, &p.AllowedHead, &p.Wanted, &preview,
		&p.PreviewPhase, &p.PreviewHead, &p.PreviewWanted, &wantedIn, &p.Drafted, &p.Merger.ID, &p.Merger.Login}, `SELECT `+pullColumns+` FROM pulls WHERE `+where, args...)
	if err != nil || !known {
		return p, known, err
	}
	p.Updated, p.WantedIn = fromMillis(updated), strings.Fields(wantedIn)
	if preview != "" {
		if err := json.Unmarshal([]byte(preview), &p.Preview); err != nil {
			return p, true, fmt.Errorf("read the preview of #%d: %w", p.Number, err)
		}
	}
	return p, true, nil
}

// Wish is what someone wants of a new preview.
type Wish struct {
	// AllowedHead may run although its author may not run code. Empty: nothing new is allowed.
	AllowedHead string
	// Environments to plan again; what is known of the others is kept. Empty: all.
	Environments []string
}

// Want asks for a new preview of a pull request, also of a draft.
func (tx *Tx) Want(repository int64, number int, wish Wish) error {
	err := tx.exec(`UPDATE pulls SET wanted = wanted + 1, allowed_head = CASE WHEN $1 = '' THEN allowed_head ELSE $1 END,
		wanted_in = $2 WHERE repository = $3 AND number = $4`, wish.AllowedHead, strings.Join(wish.Environments, " "), repository, number)
	if err != nil {
		return err
	}
	return tx.Nudge(Nudge{Topic: Preview, Repository: repository, Subject: fmt.Sprint(number)})
}

// SavePreview writes down how far the preview of a pull request is, and has GitHub's view of it brought up to
// date. It is made for the pull request as it was read: its Head and Wanted.
func (tx *Tx) SavePreview(p PullRequest, phase PreviewPhase, preview planner.Preview) error {
	text, err := json.Marshal(preview)
	if err != nil {
		return fmt.Errorf("write the preview of #%d: %w", p.Number, err)
	}
	err = tx.exec(`UPDATE pulls SET preview = $1, preview_phase = $2, preview_head = $3, preview_wanted = $4,
			preview_began = CASE WHEN preview_phase = 'planning' AND preview_head = $3 AND preview_wanted = $4 THEN preview_began ELSE $5 END
		WHERE repository = $6 AND number = $7`, string(text), phase, p.Head, p.Wanted, millis(tx.now), p.Repository, p.Number)
	if err != nil {
		return err
	}
	return tx.Nudge(Nudge{Topic: Pull, Repository: p.Repository, Subject: fmt.Sprint(p.Number)})
}

// OpenPulls returns the numbers of a repository's open pull requests.
func (tx *Tx) OpenPulls(repository int64) (numbers []int, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var number int
		err := rows.Scan(&number)
		numbers = append(numbers, number)
		return err
	}, `SELECT number FROM pulls WHERE repository = $1 AND phase = 'open' ORDER BY number`, repository)
	return numbers, err
}
