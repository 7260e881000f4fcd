package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/trunkline/trunkline/bot/environments"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote/store"
)

const (
	// enforceEvery is how often changes by hand are looked for where they are put back, surveyEvery where they are only told.
	// No webhook tells of them.
	enforceEvery = time.Hour
	surveyEvery  = 24 * time.Hour
	// unpaidFor is how long GitHub is not asked again for what the plan lacks.
	unpaidFor = 7 * 24 * time.Hour
)

// keepEnvironments makes the environments of GitHub that are missing, puts back what was changed by hand where that is asked
// for, and tells how the others differ.
func (b *Bot) keepEnvironments(ctx context.Context, nudge store.Nudge) error {
	turn := store.Turn{Subject: fmt.Sprintf("environments/%d", nudge.Repository)}
	return b.store.Exclusive(ctx, turn, func(ctx context.Context) error {
		k, known, err := b.keeping(ctx, nudge.Repository)
		if err != nil || !known || k.repository.Away != "" {
			return err // who comes back is looked at then
		}
		if k.rules.GitHubEnvironments == config.Off {
			return k.end(ctx, environments.Report{Keeping: config.Off})
		}
		if k.survey, err = b.survey(ctx, k.repository, k.rules); err != nil || k.gone {
			return err
		}
		if k.none {
			if b.absent.note("environments") {
				zerolog.Ctx(ctx).Warn().Msg("this GitHub has no environments: those of the configuration are not kept there")
			}
			return k.end(ctx, environments.Report{Keeping: k.rules.GitHubEnvironments})
		}
		if k.blind != "" {
			return k.end(ctx, environments.Report{Keeping: k.rules.GitHubEnvironments, Blind: k.blind})
		}
		return k.keep(ctx)
	})
}

// keeping is one pass over the environments of GitHub of a repository.
type keeping struct {
	survey
	bot   *Bot
	rules config.Repository
	known store.EnvironmentKeeping
	// now is when the pass began.
	now time.Time
	// rows by the names of the environments in lower case.
	rows map[string]store.GitHubEnvironment
}

// keeping reads what a pass has to know; known is false where trunk has no rules that can be read.
func (b *Bot) keeping(ctx context.Context, id int64) (k *keeping, known bool, err error) {
	k = &keeping{bot: b}
	err = b.store.Write(ctx, func(tx *store.Tx) (err error) {
		if k.repository, err = tx.Repository(id); err != nil {
			return err
		}
		rules, problems, configured, err := tx.Configuration(id)
		if err != nil || !configured || len(problems) > 0 {
			return err
		}
		k.rules, k.now, known = rules, tx.Now(), true
		if err := tx.NameGitHubEnvironments(id, rules); err != nil {
			return err
		}
		if k.known, err = tx.EnvironmentKeeping(id); err == nil {
			k.rows, err = tx.GitHubEnvironments(id)
		}
		return err
	})
	return k, known, err
}

// keep brings each environment to what it is to have, as far as that is asked for and possible, and tells what is left.
func (k *keeping) keep(ctx context.Context) error {
	k.tryAgain()
	k.recall()
	report := k.report()
	for _, wanted := range k.wanted {
		findings, err := k.keepOne(ctx, wanted)
		if err != nil {
			return fmt.Errorf("keep the environment %s of %s/%s: %w", wanted.Name, k.repository.Owner, k.repository.Name, err)
		}
		report.Findings = append(report.Findings, findings...)
	}
	if err := k.forget(ctx); err != nil {
		return err
	}
	return k.end(ctx, report)
}

// tryAgain forgets what the plan lacked where something else is wished for now, or after a while.
func (k *keeping) tryAgain() {
	wishes := digestOf(fmt.Sprintf("%+v", k.wanted))
	if k.known.Wishes != wishes || k.now.Sub(k.known.UnpaidAt) >= unpaidFor {
		k.known.Unpaid = nil
	}
	k.known.Wishes = wishes
}

// recall takes what is known of the plan from earlier passes, as long as the repository is as private as it was.
func (k *keeping) recall() {
	if k.known.Private != k.repository.Private {
		k.known.Private, k.known.Proven, k.known.Unpaid = k.repository.Private, false, nil
	}
	k.means.Unproven = k.repository.Private && !k.known.Proven
	k.means.Unpaid = map[environments.Feature]string{}
	for feature, words := range k.known.Unpaid {
		k.means.Unpaid[environments.Feature(feature)] = words
	}
	for feature, words := range k.lost {
		k.means.Unpaid[feature] = words
	}
}

// report without what differs.
func (k *keeping) report() environments.Report {
	r := environments.Report{Keeping: k.rules.GitHubEnvironments, Unseen: !k.see, Leftover: k.leftover()}
	if !k.means.Administer {
		r.Permission = "Administration: write"
	}
	return r
}

// keepOne brings one environment to what it is to have, and returns what is left to be told.
func (k *keeping) keepOne(ctx context.Context, wanted environments.Wanted) ([]environments.Finding, error) {
	name := strings.ToLower(wanted.Name)
	row, found := k.rows[name], k.found[name]
	row.Repository, row.Name = k.repository.ID, name
	situation := environments.Situation{Keeping: k.rules.GitHubEnvironments, Means: k.means, New: isNew(row, found)}
	findings := situation.Judge(environments.Compare(wanted, found, k.means))
	same := len(findings) == 0 && found != nil
	if !environments.Pending(findings) && !(same && k.means.Unproven) {
		return environments.Remaining(findings, ""), k.settled(ctx, wanted, row, len(findings) == 0)
	}
	if err := k.intend(ctx, wanted, row, findings); err != nil {
		return nil, err
	}
	refused, err := k.carryOut(ctx, wanted, found, func(steps []environments.Step) []environments.Step {
		if situation.May() || same {
			return steps
		}
		return environments.Guarding(steps) // nothing else may be changed here
	})
	if err != nil {
		return nil, err
	}
	// What the plan turned out to lack is told as that.
	situation.Means = k.means
	findings = situation.Judge(environments.Compare(wanted, found, k.means))
	left := environments.Remaining(findings, refused)
	return left, k.did(ctx, wanted, row, findings)
}

// isNew tells whether an environment is to be made: it is missing, or was begun; or GitHub made it by itself, without any
// rule, for a job or a deployment that named it when the configuration had named it already.
func isNew(row store.GitHubEnvironment, found *environments.Found) bool {
	switch {
	case found == nil || row.Phase == store.EnvironmentMaking:
		return true
	case row.Phase != store.EnvironmentWanted || row.Since.IsZero():
		return false
	}
	// GitHub counts in whole seconds.
	return found.Bare() && !found.Created.Before(row.Since.Truncate(time.Second))
}

// leftover are environments of GitHub that we made and that nothing here stands for any more.
func (k *keeping) leftover() (names []string) {
	for _, name := range k.unwanted() {
		row := k.rows[name]
		if there, exists := k.names[name]; exists && (row.Phase == store.EnvironmentMade || row.Phase == store.EnvironmentMaking) {
			names = append(names, there)
		}
	}
	return names
}

// unwanted are the environments that a former configuration named, in lower case.
func (k *keeping) unwanted() (names []string) {
	for _, name := range sortedNames(k.rows) {
		if !slices.ContainsFunc(k.wanted, func(w environments.Wanted) bool { return strings.EqualFold(w.Name, name) }) {
			names = append(names, name)
		}
	}
	return names
}

// forget those that are gone from GitHub too.
func (k *keeping) forget(ctx context.Context) error {
	return k.bot.store.Write(ctx, func(tx *store.Tx) error {
		for _, name := range k.unwanted() {
			if _, exists := k.names[name]; exists {
				continue
			}
			if err := tx.ForgetGitHubEnvironment(k.rows[name]); err != nil {
				return err
			}
		}
		return nil
	})
}

// end writes down what was found, tells people, and says when to look again.
func (k *keeping) end(ctx context.Context, report environments.Report) error {
	text, err := json.Marshal(report)
	if err != nil {
		return fmt.Errorf("write down how environments differ: %w", err)
	}
	k.known.Report, k.known.Again = string(text), k.again()
	k.known.Unpaid = map[string]string{}
	for feature, words := range k.means.Unpaid {
		// What is lost is seen at each look, without being asked for.
		if _, lost := k.lost[feature]; !lost {
			k.known.Unpaid[string(feature)] = words
		}
	}
	if err := k.bot.store.Write(ctx, func(tx *store.Tx) error { return tx.SaveEnvironmentKeeping(k.known) }); err != nil {
		return err
	}
	return k.tell(ctx, report)
}
