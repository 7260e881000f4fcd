package store

import (
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestViewKnowsTheNewestMigration(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no migrations: %v", err)
	}
	number, _, _ := strings.Cut(filepath.Base(files[len(files)-1]), "_")
	if newest, err := strconv.Atoi(number); err != nil || newest != newestMigration {
		t.Errorf("the newest migration is %d (%v), and View wants %d", newest, err, newestMigration)
	}
}

func TestViewBesideAServer(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "trunkline.db")
	server, err := Open(t.Context(), file, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	view, err := View(t.Context(), file, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	save := func(tx *Tx) error {
		return tx.SaveRepository(Repository{ID: 7, Owner: "acme", Name: "infrastructure", Trunk: "main"})
	}
	if err := server.Write(t.Context(), save); err != nil {
		t.Fatal(err)
	}
	if looked, err := view.Look(t.Context(), "acme/infrastructure"); err != nil || looked.Repository.ID != 7 {
		t.Errorf("it sees %+v, %v", looked.Repository, err)
	}
	if err := view.Write(t.Context(), save); err == nil {
		t.Error("it writes")
	}
}
