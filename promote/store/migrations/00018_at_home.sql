-- +goose Up
-- Deployments that GitHub shows as inactive, because another one succeeded after them, say so themselves.
UPDATE projections SET detail = 'inactive' WHERE kind = 'deployment' AND digest = 'succeeded' AND EXISTS (
    SELECT 1 FROM deployments d JOIN deployments l ON l.repository = d.repository AND l.environment = d.environment AND l.id > d.id
    WHERE d.repository = projections.repository AND CAST(d.id AS TEXT) = projections.subject AND l.phase = 'succeeded');

-- When GitHub last changed what it says of a repository, so that a late delivery does not bring back a former name.
ALTER TABLE repositories ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;
-- Why the App may not work on a repository: 'suspended', 'removed' or 'archived'; empty: it may.
ALTER TABLE repositories ADD COLUMN away TEXT NOT NULL DEFAULT '';
