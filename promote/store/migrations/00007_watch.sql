-- +goose Up

-- What is watched after a deployment, or after a wave of it.
CREATE TABLE watches (
    deployment BIGINT NOT NULL REFERENCES deployments (id),
    -- Empty: the whole.
    wave       TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    started_at BIGINT NOT NULL,
    PRIMARY KEY (deployment, wave, name)
);

CREATE TABLE watch_samples (
    deployment BIGINT NOT NULL,
    wave       TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    outcome    TEXT   NOT NULL CHECK (outcome IN ('good', 'bad', 'no data', 'unreachable')),
    -- NULL: there is none.
    value      DOUBLE PRECISION,
    baseline   DOUBLE PRECISION,
    text       TEXT   NOT NULL,
    PRIMARY KEY (deployment, wave, name, at),
    FOREIGN KEY (deployment, wave, name) REFERENCES watches (deployment, wave, name)
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
