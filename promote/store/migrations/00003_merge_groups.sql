-- +goose Up

-- Groups of GitHub's merge queue: what trunk would be with a pull request and all that are queued before it.
CREATE TABLE merge_groups (
    repository BIGINT NOT NULL REFERENCES repositories (id),
    head       TEXT   NOT NULL,
    base       TEXT   NOT NULL DEFAULT '',
    ref        TEXT   NOT NULL DEFAULT '',
    -- The pull request that the group adds to its base; 0: its ref does not tell.
    pull       BIGINT NOT NULL DEFAULT 0,
    -- GitHub's word for how it left the queue; empty: it stands in it.
    ended      TEXT   NOT NULL DEFAULT '',
    seen_at    BIGINT NOT NULL,
    -- Asked for by the button of the check run, although it was planned before.
    wanted     BIGINT NOT NULL DEFAULT 0,
    -- The newest preview, as in the table pulls.
    preview_wanted BIGINT NOT NULL DEFAULT 0,
    preview_phase  TEXT   NOT NULL DEFAULT '' CHECK (preview_phase IN ('', 'planning', 'done', 'cancelled')),
    preview        TEXT   NOT NULL DEFAULT '',
    -- Pull requests of the groups between trunk and the base, oldest first; JSON.
    ahead          TEXT   NOT NULL DEFAULT '[]',
    -- The head of the pull request whose preview is this one's too, because it was made of the same files; empty: none.
    taken_from     TEXT   NOT NULL DEFAULT '',
    PRIMARY KEY (repository, head)
);

-- When something last told of a merge queue: then it is looked at now and then, whatever deliveries say.
ALTER TABLE repositories ADD COLUMN queued_at BIGINT NOT NULL DEFAULT 0;

-- What wanted was when it became a draft.
ALTER TABLE pulls ADD COLUMN drafted BIGINT NOT NULL DEFAULT 0;

-- When the newest preview was begun.
ALTER TABLE pulls ADD COLUMN preview_began BIGINT NOT NULL DEFAULT 0;
