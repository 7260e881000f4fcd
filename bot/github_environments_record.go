package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/bot/environments"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote/store"
)

// intend writes down what is about to be done, so that it is done to its end, and told, whatever happens meanwhile.
func (k *keeping) intend(ctx context.Context, wanted environments.Wanted, row store.GitHubEnvironment, findings []environments.Finding) error {
	return k.bot.store.Write(ctx, func(tx *store.Tx) error {
		if k.byHand(wanted, row) {
			if what := k.lines(findings, environments.Changed, environments.Made); len(what) > 0 {
				return tx.BeginEnvironmentChange(store.EnvironmentChange{Repository: row.Repository, Name: row.Name, Environment: wanted.For, What: what})
			}
		}
		if !isNew(row, k.found[row.Name]) {
			return nil
		}
		row.Phase = store.EnvironmentMaking
		return tx.SaveGitHubEnvironment(row)
	})
}

// byHand tells whether what is put back was changed by somebody, because the environment had all of this before.
func (k *keeping) byHand(wanted environments.Wanted, row store.GitHubEnvironment) bool {
	return k.rules.GitHubEnvironments == config.Enforce && row.Kept != "" && row.Kept == keptDigest(wanted)
}

func keptDigest(wanted environments.Wanted) string {
	text, err := json.Marshal(wanted.Environment)
	if err != nil {
		return "" // a bug: nothing in it cannot be written
	}
	return digestOf(string(text))
}

// lines are what findings of some fates say, without secrets that we know.
func (k *keeping) lines(findings []environments.Finding, fates ...environments.Fate) (all []string) {
	for _, one := range findings {
		if slices.Contains(fates, one.Fate) {
			all = append(all, k.bot.redactor.Redact(one.String()))
		}
	}
	return all
}

// settled writes down that nothing is to be done in an environment.
func (k *keeping) settled(ctx context.Context, wanted environments.Wanted, row store.GitHubEnvironment, same bool) error {
	phase, kept := row.Phase, row.Kept
	if found := k.found[row.Name]; row.Phase == store.EnvironmentWanted && found != nil && !isNew(row, found) {
		row.Phase = store.EnvironmentFound
	}
	if row.Phase == store.EnvironmentMaking && same {
		row.Phase = store.EnvironmentMade // all steps were taken before a crash
	}
	if same {
		row.Kept = keptDigest(wanted)
	}
	return k.bot.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.EndEnvironmentChange(row.Repository, row.Name); err != nil || phase == row.Phase && kept == row.Kept {
			return err
		}
		return tx.SaveGitHubEnvironment(row)
	})
}

// did writes down what was done in an environment.
func (k *keeping) did(ctx context.Context, wanted environments.Wanted, row store.GitHubEnvironment, findings []environments.Finding) error {
	record := store.Record{Repository: row.Repository, Environment: wanted.For, Kind: "environment changed"}
	switch {
	case isNew(row, k.found[row.Name]):
		row.Phase, record.Kind = store.EnvironmentMade, "environment made"
	case row.Phase == store.EnvironmentWanted:
		row.Phase = store.EnvironmentFound
	}
	loud := k.byHand(wanted, row)
	row.Kept = ""
	if len(environments.Remaining(findings, "")) == 0 || allUnpaid(findings) {
		row.Kept = keptDigest(wanted)
	}
	what := k.lines(findings, environments.Made, environments.Changed)
	record.Reason = fmt.Sprintf("%s on GitHub: %s", wanted.Name, strings.Join(what, "; "))
	return k.bot.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.SaveGitHubEnvironment(row); err != nil {
			return err
		}
		if loud {
			return tx.EndEnvironmentChange(row.Repository, row.Name)
		}
		if len(what) == 0 {
			return nil
		}
		zerolog.Ctx(ctx).Info().Str("environment", wanted.For).Strs("what", what).Msg(record.Kind)
		return tx.Record(record)
	})
}

// allUnpaid tells whether what is left is what the plan lacks: everything else is as it is to be.
func allUnpaid(findings []environments.Finding) bool {
	for _, one := range environments.Remaining(findings, "") {
		if one.Fate != environments.Unpaid {
			return false
		}
	}
	return true
}
