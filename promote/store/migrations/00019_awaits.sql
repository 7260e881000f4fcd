-- +goose Up

-- The instances whose outputs an instance reads that could not be planned before them, JSON: it is applied after these, also where
-- nobody has declared that it depends on them.
ALTER TABLE deployment_instances ADD COLUMN awaits TEXT NOT NULL DEFAULT '[]';
