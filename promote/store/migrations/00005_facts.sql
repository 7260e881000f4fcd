-- +goose Up

-- Who merged a pull request; 0: nobody, or it was not heard of.
ALTER TABLE pulls ADD COLUMN merger BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pulls ADD COLUMN merger_login TEXT NOT NULL DEFAULT '';

-- GitHub was asked who wrote and merged the commit, which only matters where somebody approves.
ALTER TABLE commits ADD COLUMN people_known BOOLEAN NOT NULL DEFAULT FALSE;

-- Who pushed commits to trunk that were not read yet.
CREATE TABLE pushes (
    repository BIGINT NOT NULL,
    sha        TEXT   NOT NULL,
    pusher     BIGINT NOT NULL,
    login      TEXT   NOT NULL,
    PRIMARY KEY (repository, sha)
);

-- When GitHub was last asked for the reports on a commit that waits for some; 0: never.
ALTER TABLE commits ADD COLUMN reports_at BIGINT NOT NULL DEFAULT 0;

-- The gates that it passed, with what they said; JSON.
ALTER TABLE overrides ADD COLUMN passed TEXT NOT NULL DEFAULT '[]';
