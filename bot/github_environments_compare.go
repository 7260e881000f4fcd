package bot

import (
	"context"
	"fmt"
	"strings"

	"github.com/trunkline/trunkline/bot/environments"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote/store"
)

// CompareEnvironments asks GitHub how the environments of a repository differ from what the configuration on trunk has, and
// changes nothing. Its store may be one that is only looked at ([store.View]).
func (b *Bot) CompareEnvironments(ctx context.Context, repository store.Repository) (environments.Report, error) {
	var rules config.Repository
	err := b.store.Read(ctx, func(tx *store.Tx) error {
		read, problems, known, err := tx.Configuration(repository.ID)
		switch {
		case err != nil:
			return err
		case !known:
			return fmt.Errorf("there is no %s on trunk of %s/%s", config.Path, repository.Owner, repository.Name)
		case len(problems) > 0:
			return fmt.Errorf("the configuration on trunk has an error: %w", problems)
		}
		rules = read
		return nil
	})
	if err != nil || rules.GitHubEnvironments == config.Off {
		return environments.Report{Keeping: rules.GitHubEnvironments}, err
	}
	k, err := b.comparing(ctx, repository, rules)
	if err != nil {
		return environments.Report{}, err
	}
	if k.blind != "" {
		return environments.Report{Keeping: rules.GitHubEnvironments, Blind: k.blind}, nil
	}
	return k.compare(), nil
}

// comparing reads what is known, and asks GitHub, without changing anything.
func (b *Bot) comparing(ctx context.Context, repository store.Repository, rules config.Repository) (k *keeping, err error) {
	k = &keeping{bot: b, rules: rules}
	err = b.store.Read(ctx, func(tx *store.Tx) (err error) {
		k.now = tx.Now()
		if k.known, err = tx.EnvironmentKeeping(repository.ID); err == nil {
			k.rows, err = tx.GitHubEnvironments(repository.ID)
		}
		return err
	})
	if err == nil {
		k.survey, err = b.survey(ctx, repository, rules)
	}
	return k, err
}

// compare is what a pass would find, and do, without doing it.
func (k *keeping) compare() environments.Report {
	k.recall()
	report := k.report()
	for _, wanted := range k.wanted {
		name := strings.ToLower(wanted.Name)
		found := k.found[name]
		situation := environments.Situation{Keeping: k.rules.GitHubEnvironments, Means: k.means, New: isNew(k.rows[name], found)}
		report.Findings = append(report.Findings, situation.Judge(environments.Compare(wanted, found, k.means))...)
	}
	return report
}
