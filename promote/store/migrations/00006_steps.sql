-- +goose Up

-- What the plan counts, as a promote.PlannedInstance in JSON; empty: it is not planned.
ALTER TABLE deployment_instances ADD COLUMN counts TEXT NOT NULL DEFAULT '';
-- It is at its digest, and here only because one that it depends on changes.
ALTER TABLE deployment_instances ADD COLUMN downstream BOOLEAN NOT NULL DEFAULT FALSE;

-- Hooks, checks and pauses of a deployment, with how each ended.
CREATE TABLE deployment_steps (
    deployment BIGINT NOT NULL REFERENCES deployments (id),
    -- In the order in which they began.
    position   BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    -- Empty: it belongs to no wave.
    wave       TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    phase      TEXT   NOT NULL CHECK (phase IN ('running', 'passed', 'failed', 'skipped')),
    message    TEXT   NOT NULL DEFAULT '',
    started_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (deployment, kind, wave, name)
);

-- When a deployment that waits in its midst is to be brought on; 0: it does not wait.
ALTER TABLE deployments ADD COLUMN again_at BIGINT NOT NULL DEFAULT 0;
