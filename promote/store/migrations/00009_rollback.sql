-- +goose Up

-- People's wishes to go back to an older commit.
CREATE TABLE rollbacks (
    id          INTEGER PRIMARY KEY,
    repository  BIGINT NOT NULL,
    environment TEXT   NOT NULL,
    from_sha    TEXT   NOT NULL,
    to_sha      TEXT   NOT NULL,
    asked_by    BIGINT NOT NULL,
    login       TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    revert      BOOLEAN NOT NULL,
    pull        BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    phase       TEXT   NOT NULL CHECK (phase IN ('waiting', 'taken', 'dropped', 'refused')),
    -- The deployment that carries it out; 0: none yet.
    deployment  BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX one_rollback_waits ON rollbacks (repository, environment) WHERE phase = 'waiting';

-- It goes back: from_sha is then what is taken back.
ALTER TABLE deployments ADD COLUMN rollback BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE deployments ADD COLUMN why TEXT NOT NULL DEFAULT '';
-- Something of it was applied, or begun to be.
ALTER TABLE deployments ADD COLUMN touched BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE deployments SET touched = TRUE WHERE EXISTS (SELECT 1 FROM deployment_instances i
    WHERE i.deployment = deployments.id AND i.phase IN ('applying', 'applied'))
    OR phase = 'failed' AND failure LIKE '{"step":"apply"%';

-- Addresses of resources that the plan creates, and of those that it destroys, forgets or replaces; JSON.
ALTER TABLE deployment_instances ADD COLUMN created TEXT NOT NULL DEFAULT '[]';
ALTER TABLE deployment_instances ADD COLUMN destroyed TEXT NOT NULL DEFAULT '[]';

-- Pull requests that take commits back on trunk.
CREATE TABLE reverts (
    id         INTEGER PRIMARY KEY,
    repository BIGINT NOT NULL,
    -- The commits after from_sha, up to and with to_sha.
    from_sha   TEXT   NOT NULL,
    to_sha     TEXT   NOT NULL,
    asked_by   BIGINT NOT NULL,
    login      TEXT   NOT NULL,
    -- Where it was asked for.
    asked_on   BIGINT NOT NULL,
    environment TEXT  NOT NULL,
    at         BIGINT NOT NULL,
    phase      TEXT   NOT NULL CHECK (phase IN ('wanted', 'opened', 'refused')),
    -- The commit that was pushed to its branch; empty: none yet.
    head       TEXT   NOT NULL DEFAULT '',
    -- The pull request; 0: none yet.
    pull       BIGINT NOT NULL DEFAULT 0,
    -- Why there is none.
    note       TEXT   NOT NULL DEFAULT ''
);
CREATE INDEX reverts_by_head ON reverts (repository, head);
