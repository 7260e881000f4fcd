-- +goose Up

-- What is watched after a deployment, or after a part of it: the scope.
CREATE TABLE watches (
    deployment BIGINT NOT NULL REFERENCES deployments (id),
    scope      TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    started_at BIGINT NOT NULL,
    phase      TEXT   NOT NULL DEFAULT 'watching' CHECK (phase IN ('watching', 'passed', 'failed')),
    -- How it stands or why it failed, for people.
    text       TEXT   NOT NULL DEFAULT '',
    PRIMARY KEY (deployment, scope, name)
);

CREATE TABLE watch_samples (
    deployment BIGINT NOT NULL,
    scope      TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    outcome    TEXT   NOT NULL CHECK (outcome IN ('good', 'bad', 'no data', 'unreachable')),
    -- NULL: there is none.
    value      DOUBLE PRECISION,
    baseline   DOUBLE PRECISION,
    text       TEXT   NOT NULL,
    PRIMARY KEY (deployment, scope, name, at),
    FOREIGN KEY (deployment, scope, name) REFERENCES watches (deployment, scope, name)
);

-- What was measured before the deployment applied anything.
CREATE TABLE watch_baselines (
    deployment BIGINT NOT NULL REFERENCES deployments (id),
    -- A hash of what is measured.
    what       TEXT   NOT NULL,
    -- Values by series, JSON; empty: there were none.
    readings   TEXT   NOT NULL,
    PRIMARY KEY (deployment, what)
);
