package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/go-github/v60/github"
	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// reported is what somebody reports about a commit.
type reported struct {
	sha string
	promote.Report
}

// report writes down what is reported on commits of trunk and required by some environment, and decides again where that is
// new. What was not read yet, or is not required, is not kept: it is asked for when it is.
func (b *Bot) report(ctx context.Context, repository int64, all ...reported) error {
	return b.store.Write(ctx, func(tx *store.Tx) error {
		var ours []reported
		for _, one := range all {
			known, err := tx.KnowsCommit(repository, one.sha)
			if err != nil {
				return err
			}
			if known {
				ours = append(ours, one)
			}
		}
		if len(ours) == 0 {
			return nil // most are about pull requests
		}
		state, err := tx.State(repository)
		if err != nil {
			return err
		}
		anything := false
		for _, one := range ours {
			if !requires(state, one.Name) {
				continue
			}
			changed, err := tx.Report(repository, one.sha, one.Report)
			if err != nil {
				return err
			}
			anything = anything || changed
		}
		if !anything {
			return nil
		}
		return tx.Step(repository)
	})
}

// requires tells whether some environment asks for reports of a name, by the rules of trunk or by former ones.
func requires(state promote.State, name string) bool {
	asks := func(rules config.Repository) bool {
		return slices.ContainsFunc(rules.Environments, func(e config.Environment) bool { return slices.Contains(e.Require, name) })
	}
	return asks(state.Rules) || slices.ContainsFunc(state.Former, func(f promote.FormerRules) bool { return asks(f.Rules) })
}

// onStatus takes a commit status for what it is.
func (b *Bot) onStatus(ctx context.Context, event any) error {
	e := event.(*github.StatusEvent)
	return b.report(ctx, e.GetRepo().GetID(),
		statusReport(e.GetSHA(), &github.RepoStatus{Context: e.Context, State: e.State, CreatedAt: e.CreatedAt, UpdatedAt: e.UpdatedAt}))
}

// statusReport is a commit status as a report. Statuses of one context take each other's place, whoever sets them.
func statusReport(sha string, status *github.RepoStatus) reported {
	return reported{sha, promote.Report{Name: status.GetContext(), Source: "status", Done: status.GetState() != "pending",
		Passed: status.GetState() == "success", At: latest(status.CreatedAt, status.UpdatedAt)}}
}

// checkReport is a check run as a report. GitHub counts what was skipped or is neutral as passed.
func checkReport(run *github.CheckRun) reported {
	done := run.GetStatus() == "completed"
	passed := done && slices.Contains([]string{"success", "neutral", "skipped"}, run.GetConclusion())
	return reported{run.GetHeadSHA(), promote.Report{Name: run.GetName(), Source: fmt.Sprintf("app %d", run.GetApp().GetID()),
		Done: done, Passed: passed, At: latest(run.StartedAt, run.CompletedAt)}}
}

func latest(times ...*github.Timestamp) (at time.Time) {
	for _, one := range times {
		if one != nil && one.After(at) {
			at = one.Time
		}
	}
	return at
}

// readReports asks GitHub for the reports on commits that wait for some: webhooks get lost, and come before we know the
// commit. It is asked again only after a while, also where it did not answer.
func (b *Bot) readReports(ctx context.Context, repository store.Repository) {
	var waiting []string
	err := b.store.Write(ctx, func(tx *store.Tx) error {
		state, err := tx.State(repository.ID)
		if err != nil {
			return err
		}
		for _, sha := range promote.WaitsForReports(state) {
			due, err := tx.ReadReports(repository.ID, sha)
			if err != nil {
				return err
			}
			if due {
				waiting = append(waiting, sha)
			}
		}
		return nil
	})
	for _, sha := range waiting {
		// The one does not wait for the other to work: an installation may not have accepted that statuses are read.
		checks, failed := b.checksOn(ctx, repository, sha)
		statuses, failedToo := b.statusesOn(ctx, repository, sha)
		err = errors.Join(err, failed, failedToo, b.report(ctx, repository.ID, append(checks, statuses...)...))
	}
	if err != nil && ctx.Err() == nil {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot read the checks and statuses that are required")
	}
}

// checksOn are the check runs on a commit, the newest of each name and App.
func (b *Bot) checksOn(ctx context.Context, repository store.Repository, sha string) (all []reported, err error) {
	client, err := b.clients.forRepository(ctx, repository, talking)
	if err != nil {
		return nil, err
	}
	options := &github.ListCheckRunsOptions{ListOptions: github.ListOptions{PerPage: 100}}
	for {
		page, response, err := client.Checks.ListCheckRunsForRef(ctx, repository.Owner, repository.Name, sha, options)
		if err != nil {
			return all, fmt.Errorf("list the check runs on %s: %w", sha, err)
		}
		for _, run := range page.CheckRuns {
			all = append(all, checkReport(run))
		}
		if options.Page = response.NextPage; options.Page == 0 {
			return all, nil
		}
	}
}

// statusesOn are the statuses of a commit, the newest of each context.
func (b *Bot) statusesOn(ctx context.Context, repository store.Repository, sha string) (all []reported, err error) {
	client, err := b.clients.forRepository(ctx, repository, reading)
	if err != nil {
		return nil, err
	}
	options := &github.ListOptions{PerPage: 100}
	for {
		page, response, err := client.Repositories.GetCombinedStatus(ctx, repository.Owner, repository.Name, sha, options)
		if err != nil {
			return all, fmt.Errorf("list the statuses of %s: %w", sha, err)
		}
		for _, status := range page.Statuses {
			all = append(all, statusReport(sha, status))
		}
		if options.Page = response.NextPage; options.Page == 0 {
			return all, nil
		}
	}
}
