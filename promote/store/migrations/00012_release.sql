-- +goose Up

-- Steps of giving to users what environments run. The newest that was not dropped is how it stands.
CREATE TABLE releases (
    id          INTEGER PRIMARY KEY,
    repository  BIGINT NOT NULL,
    environment TEXT   NOT NULL,
    -- The deployment that brought the commit.
    deployment  BIGINT NOT NULL REFERENCES deployments (id),
    sha         TEXT   NOT NULL,
    -- The last commit before it that all users had.
    full_sha    TEXT   NOT NULL,
    from_percent BIGINT NOT NULL CHECK (from_percent BETWEEN 0 AND 100),
    percent     BIGINT NOT NULL CHECK (percent BETWEEN 0 AND 100),
    -- The last percentage that was found to be healthy.
    good        BIGINT NOT NULL CHECK (good BETWEEN 0 AND 100),
    phase       TEXT   NOT NULL CHECK (phase IN ('waiting', 'running', 'watching', 'done', 'failed', 'dropped')),
    asked_by    BIGINT NOT NULL,
    login       TEXT   NOT NULL,
    pull        BIGINT NOT NULL,
    -- It brings an earlier percentage back, by itself.
    back        BOOLEAN NOT NULL DEFAULT FALSE,
    text        TEXT   NOT NULL DEFAULT '',
    asked_at    BIGINT NOT NULL,
    -- When its phase became what it is.
    since       BIGINT NOT NULL,
    -- When its watches are to be looked at again; 0: they are not waited for.
    again_at    BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX releases_by_environment ON releases (repository, environment, id);
CREATE UNIQUE INDEX one_release_moves ON releases (repository, environment) WHERE phase IN ('waiting', 'running', 'watching');

CREATE TABLE release_approvals (
    release BIGINT NOT NULL REFERENCES releases (id),
    person  BIGINT NOT NULL,
    login   TEXT   NOT NULL,
    app     BOOLEAN NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (release, person)
);
