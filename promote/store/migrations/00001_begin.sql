-- +goose Up

-- Times are milliseconds since 1970 UTC; 0 means never. People are numeric ids; logins are for reading.

CREATE TABLE repositories (
    id            BIGINT PRIMARY KEY,
    installation  BIGINT NOT NULL,
    owner         TEXT   NOT NULL,
    name          TEXT   NOT NULL,
    private       BOOLEAN NOT NULL,
    trunk         TEXT   NOT NULL,
    tip           TEXT   NOT NULL DEFAULT '',
    remembered    TEXT   NOT NULL DEFAULT '',
    configuration TEXT   NOT NULL DEFAULT '',
    configured    BOOLEAN NOT NULL DEFAULT FALSE,
    -- Problems of the configuration with the commit, such as a path that does not exist; JSON.
    problems      TEXT   NOT NULL DEFAULT '[]'
);

-- Trunk in first-parent order, from the baseline on.
CREATE TABLE commits (
    repository   BIGINT NOT NULL REFERENCES repositories (id),
    position     BIGINT NOT NULL,
    sha          TEXT   NOT NULL,
    title        TEXT   NOT NULL,
    pull         BIGINT NOT NULL,
    author       BIGINT NOT NULL,
    author_login TEXT   NOT NULL,
    merged_at    BIGINT NOT NULL,
    PRIMARY KEY (repository, position),
    UNIQUE (repository, sha)
);

CREATE TABLE pulls (
    repository   BIGINT NOT NULL REFERENCES repositories (id),
    number       BIGINT NOT NULL,
    title        TEXT   NOT NULL,
    author       BIGINT NOT NULL,
    author_login TEXT   NOT NULL,
    pusher       BIGINT NOT NULL,
    pusher_login TEXT   NOT NULL,
    head         TEXT   NOT NULL,
    base         TEXT   NOT NULL,
    fork         BOOLEAN NOT NULL,
    draft        BOOLEAN NOT NULL,
    phase        TEXT   NOT NULL CHECK (phase IN ('open', 'closed', 'merged')),
    merge_commit TEXT   NOT NULL,
    updated_at   BIGINT NOT NULL,
    -- The head that someone with write access allowed to run although its author may not.
    allowed_head TEXT   NOT NULL DEFAULT '',
    -- Asked for by /plan, although it is a draft or was planned before.
    wanted       BIGINT NOT NULL DEFAULT 0,
    -- The environments that the last /plan named, separated by spaces; empty: all.
    wanted_in    TEXT   NOT NULL DEFAULT '',
    -- The newest preview: for which head, which wish, and its planner.Preview as JSON.
    preview_head   TEXT   NOT NULL DEFAULT '',
    preview_wanted BIGINT NOT NULL DEFAULT 0,
    preview_phase  TEXT   NOT NULL DEFAULT '' CHECK (preview_phase IN ('', 'planning', 'done', 'cancelled')),
    preview        TEXT   NOT NULL DEFAULT '',
    PRIMARY KEY (repository, number)
);
CREATE INDEX pulls_by_merge_commit ON pulls (repository, merge_commit);

CREATE TABLE environments (
    repository BIGINT NOT NULL REFERENCES repositories (id),
    name       TEXT   NOT NULL,
    runs       TEXT   NOT NULL,
    since      BIGINT NOT NULL,
    PRIMARY KEY (repository, name)
);

-- What runs: an environment is a map from instance to inputs digest.
CREATE TABLE instances (
    repository  BIGINT NOT NULL,
    environment TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    digest      TEXT   NOT NULL,
    sha         TEXT   NOT NULL,
    deployment  BIGINT NOT NULL,
    applied_at  BIGINT NOT NULL,
    PRIMARY KEY (repository, environment, name)
);

CREATE TABLE requests (
    id          INTEGER PRIMARY KEY,
    repository  BIGINT NOT NULL,
    environment TEXT   NOT NULL,
    target      TEXT   NOT NULL,
    asked_by    BIGINT NOT NULL,
    login       TEXT   NOT NULL,
    pull        BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    phase       TEXT   NOT NULL CHECK (phase IN ('waiting', 'taken', 'dropped'))
);
CREATE UNIQUE INDEX one_request_waits ON requests (repository, environment) WHERE phase = 'waiting';

CREATE TABLE deployments (
    id          INTEGER PRIMARY KEY,
    repository  BIGINT NOT NULL,
    environment TEXT   NOT NULL,
    from_sha    TEXT   NOT NULL,
    to_sha      TEXT   NOT NULL,
    phase       TEXT   NOT NULL CHECK (phase IN ('planning', 'applying', 'verifying', 'succeeded', 'failed')),
    asked_by    BIGINT NOT NULL,
    login       TEXT   NOT NULL,
    failure     TEXT   NOT NULL DEFAULT '',
    started_at  BIGINT NOT NULL,
    finished_at BIGINT NOT NULL DEFAULT 0,
    CHECK ((finished_at > 0) = (phase IN ('succeeded', 'failed'))),
    CHECK ((failure <> '') = (phase = 'failed'))
);
-- Not a mutex: two starts cannot both be written.
CREATE UNIQUE INDEX one_deployment_at_a_time ON deployments (repository, environment)
    WHERE phase IN ('planning', 'applying', 'verifying');

CREATE TABLE deployment_instances (
    deployment     BIGINT NOT NULL REFERENCES deployments (id),
    name           TEXT   NOT NULL,
    phase          TEXT   NOT NULL CHECK (phase IN ('waiting', 'planned', 'applying', 'applied', 'failed')),
    digest         TEXT   NOT NULL,
    plan_digest    TEXT   NOT NULL DEFAULT '',
    change_digests TEXT   NOT NULL DEFAULT '[]',
    summary        TEXT   NOT NULL DEFAULT '',
    destructive    BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (deployment, name)
);

-- What bringing an environment further would change: the newest that is to be shown.
CREATE TABLE impacts (
    repository       BIGINT NOT NULL,
    environment      TEXT   NOT NULL,
    from_sha         TEXT   NOT NULL,
    to_sha           TEXT   NOT NULL,
    after_deployment BIGINT NOT NULL,
    done             BOOLEAN NOT NULL,
    -- Its planner.Preview as JSON.
    preview          TEXT   NOT NULL,
    PRIMARY KEY (repository, environment)
);

-- Outcomes of commands. A comment is carried out once, however often its delivery comes.
CREATE TABLE answers (
    repository BIGINT NOT NULL,
    pull       BIGINT NOT NULL,
    comment    BIGINT NOT NULL,
    line       BIGINT NOT NULL,
    login      TEXT   NOT NULL,
    command    TEXT   NOT NULL,
    refused    BOOLEAN NOT NULL,
    text       TEXT   NOT NULL,
    -- reply: said in a comment of its own; otherwise in the status comment.
    reply      BOOLEAN NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (repository, comment, line)
);

-- Deliveries are stored before they are acknowledged.
CREATE TABLE deliveries (
    id           TEXT   PRIMARY KEY,
    event        TEXT   NOT NULL,
    payload      BLOB   NOT NULL,
    received_at  BIGINT NOT NULL,
    processed_at BIGINT NOT NULL DEFAULT 0
);

-- What GitHub shows of us. The intent is written before the object is made, so that it is made once.
CREATE TABLE projections (
    repository BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    github_id  BIGINT NOT NULL DEFAULT 0,
    digest     TEXT   NOT NULL DEFAULT '',
    detail     TEXT   NOT NULL DEFAULT '',
    PRIMARY KEY (repository, kind, subject)
);

-- History; only ever appended.
CREATE TABLE records (
    id          INTEGER PRIMARY KEY,
    repository  BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    actor       BIGINT NOT NULL,
    login       TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    sha         TEXT   NOT NULL,
    reason      TEXT   NOT NULL
);
CREATE INDEX records_by_repository ON records (repository, id);

-- Who works on what right now. again: something changed meanwhile, so another pass is due.
CREATE TABLE leases (
    subject TEXT   PRIMARY KEY,
    owner   TEXT   NOT NULL,
    until   BIGINT NOT NULL,
    again   BOOLEAN NOT NULL
);
