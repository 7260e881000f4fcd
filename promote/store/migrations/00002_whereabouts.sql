-- +goose Up

-- Where the state of an instance is, as a planner.Whereabouts in JSON; empty: nobody knows.
ALTER TABLE instances ADD COLUMN whereabouts TEXT NOT NULL DEFAULT '';
ALTER TABLE deployment_instances ADD COLUMN whereabouts TEXT NOT NULL DEFAULT '';
