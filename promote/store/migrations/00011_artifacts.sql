-- +goose Up

-- What the artifacts of commits of trunk are: resolved once, then the same for all environments. changed is what one was when
-- it was resolved again; empty: nothing else.
CREATE TABLE artifacts (
    repository  BIGINT NOT NULL,
    sha         TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    digest      TEXT   NOT NULL CHECK (digest <> ''),
    inputs      TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    changed     TEXT   NOT NULL DEFAULT '',
    changed_at  BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (repository, sha, name)
);
CREATE INDEX artifacts_by_inputs ON artifacts (repository, name, inputs, at);
