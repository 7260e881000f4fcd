-- +goose Up

-- The address of the run of the workflow that a step is; empty: it is none, or has not begun.
ALTER TABLE deployment_steps ADD COLUMN url TEXT NOT NULL DEFAULT '';

-- Workflows of repositories that are dispatched where a command could run. The newest with a key counts.
CREATE TABLE workflows (
    id          INTEGER PRIMARY KEY,
    repository  BIGINT NOT NULL,
    key         TEXT   NOT NULL,
    -- What of it runs one at a time; empty: it need not wait.
    one_of      TEXT   NOT NULL,
    file        TEXT   NOT NULL,
    -- JSON.
    inputs      TEXT   NOT NULL,
    notice      TEXT   NOT NULL,
    timeout_ms  BIGINT NOT NULL,
    -- The nudge for who waits for its end; without a subject: whatever is under way in the repository.
    topic       TEXT   NOT NULL,
    subject     TEXT   NOT NULL,
    correlation TEXT   NOT NULL,
    phase       TEXT   NOT NULL CHECK (phase IN ('asked', 'running', 'passed', 'failed')),
    run         BIGINT NOT NULL DEFAULT 0,
    url         TEXT   NOT NULL DEFAULT '',
    message     TEXT   NOT NULL DEFAULT '',
    output      TEXT   NOT NULL DEFAULT '',
    stop        BOOLEAN NOT NULL DEFAULT FALSE,
    asked_at    BIGINT NOT NULL,
    dispatched_at BIGINT NOT NULL DEFAULT 0,
    ended_at    BIGINT NOT NULL DEFAULT 0,
    -- When it is to be looked at again; 0: something else leads to it.
    again_at    BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX workflows_by_key ON workflows (repository, key, id);
CREATE INDEX workflows_under_way ON workflows (again_at) WHERE phase IN ('asked', 'running');
CREATE INDEX workflows_by_run ON workflows (repository, run);
