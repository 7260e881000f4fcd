-- +goose Up

-- Environments that pull requests have of their own for a while.
CREATE TABLE ephemerals (
    id         INTEGER PRIMARY KEY,
    repository BIGINT NOT NULL,
    pull       BIGINT NOT NULL,
    phase      TEXT   NOT NULL CHECK (phase IN ('creating', 'ready', 'failed', 'destroying', 'gone')),
    -- The ephemeral_sources that it is to have.
    source     BIGINT NOT NULL DEFAULT 0,
    asked_by   BIGINT NOT NULL,
    login      TEXT   NOT NULL,
    -- Where it can be looked at; empty: nowhere.
    address    TEXT   NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL DEFAULT 0,
    -- Why it is destroyed.
    why        TEXT   NOT NULL DEFAULT '',
    -- What went wrong last, and how often in a row destroying it did.
    failure    TEXT   NOT NULL DEFAULT '',
    tries      BIGINT NOT NULL DEFAULT 0,
    -- When it is to be looked at again; 0: something else sees to it.
    again_at   BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX one_ephemeral ON ephemerals (repository, pull) WHERE phase <> 'gone';

-- What was deployed: a commit, by the rules that trunk had when it was asked for. It is destroyed by the same.
CREATE TABLE ephemeral_sources (
    id            INTEGER PRIMARY KEY,
    ephemeral     BIGINT NOT NULL REFERENCES ephemerals (id),
    sha           TEXT   NOT NULL,
    configuration TEXT   NOT NULL,
    at            BIGINT NOT NULL
);

-- What may exist of it. Each is here before anything is made, and until it is destroyed.
CREATE TABLE ephemeral_instances (
    ephemeral   BIGINT NOT NULL REFERENCES ephemerals (id),
    name        TEXT   NOT NULL,
    -- The address of its state.
    place       TEXT   NOT NULL,
    -- The source that was last begun to be applied to it.
    source      BIGINT NOT NULL,
    -- A planner.Whereabouts in JSON.
    whereabouts TEXT   NOT NULL,
    phase       TEXT   NOT NULL CHECK (phase IN ('claimed', 'begun', 'applied', 'destroyed')),
    PRIMARY KEY (ephemeral, name, place)
);
