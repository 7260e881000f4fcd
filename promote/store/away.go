package store

// Why the App may not work on a repository: nothing is done there, nothing is applied and nothing is asked, until it may.
const (
	// Suspended: the owner has suspended the App.
	Suspended = "suspended"
	// Removed: the App is not installed on the repository any more.
	Removed = "removed"
	// Archived: the repository is read-only.
	Archived = "archived"
)

// Leave writes down that the App may not work on a repository, unless another installation has it by now; left tells.
func (tx *Tx) Leave(r Repository, why string) (left bool, err error) {
	count, err := tx.changed(`UPDATE repositories SET away = $1 WHERE id = $2 AND installation = $3`, why, r.ID, r.Installation)
	return count > 0, err
}

// Return writes down that the App may work on a repository.
func (tx *Tx) Return(repository int64) error {
	return tx.exec(`UPDATE repositories SET away = '' WHERE id = $1`, repository)
}

// Installed returns the repositories of an installation, those on which the App may not work among them.
func (tx *Tx) Installed(installation int64) (installed []Repository, err error) {
	all, err := tx.Repositories()
	for _, repository := range all {
		if repository.Installation == installation {
			installed = append(installed, repository)
		}
	}
	return installed, err
}
