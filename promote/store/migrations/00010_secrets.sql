-- +goose Up

-- Which repository was first given secrets under a name ("owner/name", in small letters). Whatever is called so later
-- does not get what was kept for it.
CREATE TABLE secret_owners (
    name       TEXT   PRIMARY KEY,
    repository BIGINT NOT NULL
);
