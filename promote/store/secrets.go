package store

// SecretOwner returns the repository that was the first to be given secrets under a name, which is the given one if
// there was none so far.
func (tx *Tx) SecretOwner(name string, repository int64) (owner int64, err error) {
	err = tx.exec(`INSERT INTO secret_owners (name, repository) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, repository)
	if err != nil {
		return 0, err
	}
	_, err = tx.one([]any{&owner}, `SELECT repository FROM secret_owners WHERE name = $1`, name)
	return owner, err
}
