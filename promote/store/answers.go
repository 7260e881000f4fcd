package store

import (
	"database/sql"

	"github.com/trunkline/trunkline/promote"
)

// Answer is the outcome of one command of one comment.
type Answer struct {
	Repository int64
	Pull       int
	// Comment and Line say which command of which comment: each is carried out once.
	Comment int64
	Line    int
	promote.Answer
	// Reply: said in a comment of its own instead of the status comment.
	Reply bool
}

// Answered tells whether a command was carried out already.
func (tx *Tx) Answered(repository, comment int64, line int) (bool, error) {
	var one int
	return tx.one([]any{&one}, `SELECT 1 FROM answers WHERE repository = $1 AND comment = $2 AND line = $3`, repository, comment, line)
}

// Answer writes down the outcome of a command.
func (tx *Tx) Answer(a Answer) error {
	return tx.exec(`INSERT INTO answers (repository, pull, comment, line, login, command, refused, text, reply, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, a.Repository, a.Pull, a.Comment, a.Line, a.By.Login, a.Command,
		a.Refused, a.Text, a.Reply, millis(tx.now))
}

// Answers returns the outcomes of a pull request's commands, oldest first.
func (tx *Tx) Answers(repository int64, pull int) (answers []Answer, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		a := Answer{Repository: repository, Pull: pull}
		err := rows.Scan(&a.Comment, &a.Line, &a.By.Login, &a.Command, &a.Refused, &a.Text, &a.Reply)
		answers = append(answers, a)
		return err
	}, `SELECT comment, line, login, command, refused, text, reply FROM answers WHERE repository = $1 AND pull = $2 ORDER BY at, comment, line`,
		repository, pull)
	return answers, err
}
