package store

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/trunkline/trunkline/planner"
)

// Whereabouts returns where the state of each instance is that the environments of a repository run.
func (tx *Tx) Whereabouts(repository int64) (planner.Deployed, error) {
	all := planner.Deployed{}
	err := tx.each(func(rows *sql.Rows) error {
		var environment string
		err := rows.Scan(&environment)
		all[environment] = map[string]planner.Whereabouts{}
		return err
	}, `SELECT name FROM environments WHERE repository = $1`, repository)
	if err != nil {
		return nil, err
	}
	err = tx.each(func(rows *sql.Rows) error {
		var environment, name, text string
		if err := rows.Scan(&environment, &name, &text); err != nil {
			return err
		}
		var found planner.Whereabouts
		if text != "" {
			if err := json.Unmarshal([]byte(text), &found); err != nil {
				return fmt.Errorf("read where the state of %s is: %w", name, err)
			}
		}
		if all[environment] == nil {
			all[environment] = map[string]planner.Whereabouts{}
		}
		all[environment][name] = found
		return nil
	}, `SELECT environment, name, whereabouts FROM instances WHERE repository = $1`, repository)
	return all, err
}

func whereaboutsText(w planner.Whereabouts) (string, error) {
	if !w.Known() {
		return "", nil
	}
	text, err := json.Marshal(w)
	return string(text), err
}
