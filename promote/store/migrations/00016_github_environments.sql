-- +goose Up

-- Environments of GitHub that stand for environments here.
CREATE TABLE github_environments (
    repository  BIGINT NOT NULL,
    -- On GitHub, in lower case: it does not tell names apart by their case.
    name        TEXT   NOT NULL,
    -- Here; empty: runners plan in it.
    environment TEXT   NOT NULL,
    -- When the configuration first named it.
    since       BIGINT NOT NULL,
    -- wanted: nobody has looked yet. making: its steps are under way. made: by us. found: it was there before.
    phase       TEXT   NOT NULL CHECK (phase IN ('wanted', 'making', 'made', 'found')),
    -- Digest of what it had to have when it last had all of it; empty: never.
    kept        TEXT   NOT NULL DEFAULT '',
    PRIMARY KEY (repository, name)
);

-- What is known of all of them together.
CREATE TABLE github_environment_keeping (
    repository BIGINT  PRIMARY KEY,
    -- Whether the repository was private, and GitHub has taken all rules since.
    private    BOOLEAN NOT NULL DEFAULT FALSE,
    proven     BOOLEAN NOT NULL DEFAULT FALSE,
    -- Features that GitHub refused because of the plan, with what it said, in JSON; since when; and for which wishes.
    unpaid     TEXT    NOT NULL DEFAULT '{}',
    unpaid_at  BIGINT  NOT NULL DEFAULT 0,
    wishes     TEXT    NOT NULL DEFAULT '',
    -- What differs, in JSON, as it was found last.
    report     TEXT    NOT NULL DEFAULT '',
    -- Which issue about that is the newest; 0: there was none. Whether it is open.
    issue      BIGINT  NOT NULL DEFAULT 0,
    issue_open BOOLEAN NOT NULL DEFAULT FALSE,
    -- When to look again; 0: only when something happens.
    again_at   BIGINT  NOT NULL DEFAULT 0
);

-- What was put back after somebody had changed it by hand. Each is here before it is done.
CREATE TABLE github_environment_changes (
    id          INTEGER PRIMARY KEY,
    repository  BIGINT  NOT NULL,
    -- On GitHub, and here.
    name        TEXT    NOT NULL,
    environment TEXT    NOT NULL,
    -- One line for each thing, in JSON.
    what        TEXT    NOT NULL,
    at          BIGINT  NOT NULL,
    phase       TEXT    NOT NULL CHECK (phase IN ('doing', 'done', 'told'))
);
CREATE INDEX github_environment_changes_untold ON github_environment_changes (repository) WHERE phase <> 'told';
