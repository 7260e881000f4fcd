-- +goose Up

ALTER TABLE commits ADD COLUMN co_authors TEXT NOT NULL DEFAULT '[]';
ALTER TABLE commits ADD COLUMN merger BIGINT NOT NULL DEFAULT 0;
ALTER TABLE commits ADD COLUMN merger_login TEXT NOT NULL DEFAULT '';
-- What the commit changes against its first parent; JSON.
ALTER TABLE commits ADD COLUMN paths TEXT NOT NULL DEFAULT '[]';

-- When the repository is to be decided about although nothing happens; 0: time alone changes nothing.
ALTER TABLE repositories ADD COLUMN next_at BIGINT NOT NULL DEFAULT 0;

-- Configurations that a commit of trunk changed, until all environments run that commit.
CREATE TABLE former_rules (
    repository    BIGINT NOT NULL,
    sha           TEXT   NOT NULL,
    configuration TEXT   NOT NULL,
    PRIMARY KEY (repository, sha)
);

-- The person named the commit, so no newer one takes its place.
ALTER TABLE requests ADD COLUMN exact BOOLEAN NOT NULL DEFAULT FALSE;

-- Components that stay as they are, and gates that an override passed; JSON.
ALTER TABLE deployments ADD COLUMN without TEXT NOT NULL DEFAULT '[]';
ALTER TABLE deployments ADD COLUMN passed TEXT NOT NULL DEFAULT '[]';
ALTER TABLE deployments ADD COLUMN reason TEXT NOT NULL DEFAULT '';
-- How one ended that failed for no error: aborted, void.
ALTER TABLE deployments ADD COLUMN ending TEXT NOT NULL DEFAULT '' CHECK (ending IN ('', 'aborted', 'void'));
-- Who wants it to stop; empty: nobody.
ALTER TABLE deployments ADD COLUMN abort_by BIGINT NOT NULL DEFAULT 0;
ALTER TABLE deployments ADD COLUMN abort_login TEXT NOT NULL DEFAULT '';

-- What gates ask of the plan: a promote.Plan as JSON; empty: it is not made yet.
ALTER TABLE impacts ADD COLUMN plan TEXT NOT NULL DEFAULT '';

CREATE TABLE approvals (
    id           INTEGER PRIMARY KEY,
    repository   BIGINT NOT NULL,
    environment  TEXT   NOT NULL,
    from_sha     TEXT   NOT NULL,
    to_sha       TEXT   NOT NULL,
    plan_digest  TEXT   NOT NULL,
    rules_digest TEXT   NOT NULL,
    person       BIGINT NOT NULL,
    login        TEXT   NOT NULL,
    app          BOOLEAN NOT NULL,
    at           BIGINT NOT NULL,
    -- Why it does not count, as it was told last; empty: it does, or nobody looked.
    void         TEXT   NOT NULL DEFAULT ''
);
CREATE INDEX approvals_by_environment ON approvals (repository, environment);

CREATE TABLE holds (
    id           INTEGER PRIMARY KEY,
    repository   BIGINT NOT NULL,
    environment  TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    -- Names and patterns, JSON; empty: the whole environment.
    components   TEXT   NOT NULL,
    owner        BIGINT NOT NULL,
    owner_login  TEXT   NOT NULL,
    reason       TEXT   NOT NULL,
    begins       BIGINT NOT NULL,
    until        BIGINT NOT NULL,
    -- The pull request on which it was put on.
    pull         BIGINT NOT NULL,
    lifted_at    BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE overrides (
    id           INTEGER PRIMARY KEY,
    repository   BIGINT NOT NULL,
    environment  TEXT   NOT NULL,
    from_sha     TEXT   NOT NULL,
    to_sha       TEXT   NOT NULL,
    person       BIGINT NOT NULL,
    login        TEXT   NOT NULL,
    reason       TEXT   NOT NULL,
    at           BIGINT NOT NULL,
    phase        TEXT   NOT NULL CHECK (phase IN ('waiting', 'used', 'dropped'))
);

-- Components that do not run what their environment runs.
CREATE TABLE left_out (
    repository  BIGINT NOT NULL,
    environment TEXT   NOT NULL,
    component   TEXT   NOT NULL,
    since       BIGINT NOT NULL,
    PRIMARY KEY (repository, environment, component)
);

-- Runs of an environment's checks by their schedule.
CREATE TABLE scheduled_runs (
    id          INTEGER PRIMARY KEY,
    repository  BIGINT NOT NULL,
    environment TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    sha         TEXT   NOT NULL,
    passed      BOOLEAN NOT NULL,
    message     TEXT   NOT NULL,
    started_at  BIGINT NOT NULL,
    ended_at    BIGINT NOT NULL
);
CREATE INDEX scheduled_runs_by_environment ON scheduled_runs (repository, environment, id);

-- The newest result of each of GitHub's checks and statuses on a commit.
CREATE TABLE reports (
    repository BIGINT NOT NULL,
    sha        TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    source     TEXT   NOT NULL,
    done       BOOLEAN NOT NULL,
    passed     BOOLEAN NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (repository, sha, name, source)
);

-- What GitHub says of users, teams and writers that rules ask for.
CREATE TABLE people (
    repository BIGINT NOT NULL,
    kind       TEXT   NOT NULL CHECK (kind IN ('user', 'team', 'writers')),
    name       TEXT   NOT NULL,
    -- JSON.
    ids        TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (repository, kind, name)
);

-- What people were told, or are to be told, once.
CREATE TABLE notices (
    id          INTEGER PRIMARY KEY,
    repository  BIGINT NOT NULL,
    kind        TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    subject     TEXT   NOT NULL,
    owner       TEXT   NOT NULL,
    text        TEXT   NOT NULL,
    issue       BOOLEAN NOT NULL,
    at          BIGINT NOT NULL,
    shown       BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX notices_by_repository ON notices (repository, id);

-- The digest of the plan or of the rules that a record is about.
ALTER TABLE records ADD COLUMN digest TEXT NOT NULL DEFAULT '';
