-- +goose Up

-- Jobs of the repositories' own workflows that deploy to environments: what GitHub told of each, and what it is told.
CREATE TABLE jobs (
    id          INTEGER PRIMARY KEY,
    repository  BIGINT NOT NULL,
    -- What tells it from others: GitHub's number of its deployment, or where it has none its run and environment.
    key         TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    github_deployment BIGINT NOT NULL DEFAULT 0,
    run         BIGINT NOT NULL DEFAULT 0,
    number      BIGINT NOT NULL DEFAULT 0,
    attempt     BIGINT NOT NULL DEFAULT 0,
    sha         TEXT   NOT NULL,
    -- Trunk was looked at since, and the commit is not on it.
    elsewhere   BOOLEAN NOT NULL DEFAULT FALSE,
    phase       TEXT   NOT NULL CHECK (phase IN ('waiting', 'running', 'passed', 'failed')),
    -- It was seen past the gates of its environment.
    went        BOOLEAN NOT NULL DEFAULT FALSE,
    heard_at    BIGINT NOT NULL,
    -- When it asked whether it may go; 0: it did not.
    asked_at    BIGINT NOT NULL DEFAULT 0,
    -- What it is to be told, why, and when GitHub was told; 0: not yet.
    answer      TEXT   NOT NULL DEFAULT '' CHECK (answer IN ('', 'approved', 'rejected')),
    text        TEXT   NOT NULL DEFAULT '',
    told_at     BIGINT NOT NULL DEFAULT 0,
    -- The deployment for which it was let go; 0: none.
    let_go_for  BIGINT NOT NULL DEFAULT 0,
    -- The last deployment in its environment when it ended; 0: there was none.
    ended_after BIGINT NOT NULL DEFAULT 0,
    -- What people were told last while it waited, when, and how often they were; and when it is to be looked at again, 0: something
    -- else leads to it.
    report      TEXT   NOT NULL DEFAULT '',
    reported_at BIGINT NOT NULL DEFAULT 0,
    reports     BIGINT NOT NULL DEFAULT 0,
    again_at    BIGINT NOT NULL DEFAULT 0,
    -- It went on although it was not let go; who said so is looked for when recorded is false.
    bypassed    BOOLEAN NOT NULL DEFAULT FALSE,
    recorded    BOOLEAN NOT NULL DEFAULT FALSE,
    bypassed_by BIGINT NOT NULL DEFAULT 0,
    login       TEXT   NOT NULL DEFAULT '',
    why         TEXT   NOT NULL DEFAULT '',
    ended_at    BIGINT NOT NULL DEFAULT 0,
    UNIQUE (repository, key)
);
CREATE INDEX jobs_that_wait ON jobs (repository) WHERE phase = 'waiting';
CREATE INDEX jobs_by_environment ON jobs (repository, environment, sha);
CREATE INDEX jobs_by_run ON jobs (repository, run);
