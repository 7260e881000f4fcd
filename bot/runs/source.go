package runs

import (
	"compress/gzip"
	"context"
	"net/http"

	"github.com/rs/zerolog"
)

// archive writes the files of a task's commit, as a tar archive that is compressed. Where that fails the answer is broken
// off, so that nobody takes half of it for the whole.
func (h *Hub) archive(ctx context.Context, w http.ResponseWriter, e *entry) error {
	w.Header().Set("Content-Type", "application/gzip")
	compressed, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if err := h.Archive(ctx, e.Repository, e.SHA, compressed); err != nil {
		zerolog.Ctx(ctx).Warn().Err(err).Str("sha", e.SHA).Msg("cannot send the files of a commit")
		panic(http.ErrAbortHandler)
	}
	return compressed.Close()
}
