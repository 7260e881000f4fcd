package store

import (
	"path/filepath"
	"testing"
	"time"
)

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
