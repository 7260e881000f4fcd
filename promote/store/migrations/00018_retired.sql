-- +goose Up
-- Deployments that GitHub shows as inactive, because another one succeeded after them, say so themselves.
UPDATE projections SET detail = 'inactive' WHERE kind = 'deployment' AND digest = 'succeeded' AND EXISTS (
    SELECT 1 FROM deployments d JOIN deployments l ON l.repository = d.repository AND l.environment = d.environment AND l.id > d.id
    WHERE d.repository = projections.repository AND CAST(d.id AS TEXT) = projections.subject AND l.phase = 'succeeded');
