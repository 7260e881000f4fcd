-- +goose Up

-- Runs of workflows that were dispatched to carry out tasks. A run is here before GitHub is asked for it.
CREATE TABLE runs (
    id          INTEGER PRIMARY KEY,
    repository  BIGINT NOT NULL,
    environment TEXT   NOT NULL,
    -- Plans run with other credentials than what changes something.
    purpose     TEXT   NOT NULL CHECK (purpose IN ('plan', 'apply')),
    sha         TEXT   NOT NULL,
    -- The workflow's file, and the GitHub environment that its jobs have to be in.
    workflow    TEXT   NOT NULL,
    place       TEXT   NOT NULL,
    -- By which it is found again, when nobody knows whether GitHub was asked.
    correlation TEXT   NOT NULL UNIQUE,
    shards      BIGINT NOT NULL,
    phase       TEXT   NOT NULL CHECK (phase IN ('wanted', 'dispatched', 'ended')),
    -- Its id at GitHub; 0: not known yet.
    run         BIGINT NOT NULL DEFAULT 0,
    why         TEXT   NOT NULL DEFAULT '',
    created_at  BIGINT NOT NULL,
    ended_at    BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX one_live_run ON runs (repository, environment, purpose, sha) WHERE phase <> 'ended';

-- Whoever carries out tasks, from when it came until it went.
CREATE TABLE run_sessions (
    id         INTEGER PRIMARY KEY,
    -- The SHA-256 of its token.
    token      TEXT   NOT NULL UNIQUE,
    name       TEXT   NOT NULL,
    -- A worker of the settings and the SHA-256 of that one's token, or a run; the others are empty and 0.
    worker     TEXT   NOT NULL,
    worker_key TEXT   NOT NULL,
    -- The labels that a worker works for now, with spaces between them; empty: all that it has.
    labels     TEXT   NOT NULL,
    run        BIGINT NOT NULL,
    began_at   BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL DEFAULT 0,
    why        TEXT   NOT NULL DEFAULT ''
);

-- What somebody else is to do for us. What it is given is not here, since that may be secret.
CREATE TABLE run_tasks (
    id          INTEGER PRIMARY KEY,
    kind        TEXT    NOT NULL,
    repository  BIGINT  NOT NULL,
    environment TEXT    NOT NULL,
    purpose     TEXT    NOT NULL CHECK (purpose IN ('plan', 'apply')),
    sha         TEXT    NOT NULL,
    -- What it works on: nothing else changes that meanwhile.
    subject     TEXT    NOT NULL,
    -- Who may take it: 'actions', or the labels of workers.
    pool        TEXT    NOT NULL,
    -- It changes something, so it is never begun twice.
    effects     BOOLEAN NOT NULL,
    -- The session that has what it needs already; 0: none.
    prefers     BIGINT  NOT NULL,
    -- The file for what it says where nobody listens; empty: none.
    log         TEXT    NOT NULL,
    phase       TEXT    NOT NULL CHECK (phase IN ('waiting', 'running', 'done', 'lost', 'withdrawn')),
    session     BIGINT  NOT NULL DEFAULT 0,
    tries       BIGINT  NOT NULL DEFAULT 0,
    why         TEXT    NOT NULL DEFAULT '',
    created_at  BIGINT  NOT NULL,
    taken_at    BIGINT  NOT NULL DEFAULT 0,
    ended_at    BIGINT  NOT NULL DEFAULT 0
);
CREATE INDEX unfinished_tasks ON run_tasks (repository, subject) WHERE phase IN ('waiting', 'running');

-- Tokens of jobs that were shown once, until they expire.
CREATE TABLE run_tokens (
    id    TEXT   PRIMARY KEY,
    until BIGINT NOT NULL
);
