package mirror

import (
	"context"
	"fmt"
)

// Keep makes a ref of ours for a commit, so that the commit stays although nothing at the remote may name it any more.
// Making it again does nothing.
func (m *Mirror) Keep(ctx context.Context, ref, sha string) error {
	if err := validSHA(sha); err != nil {
		return err
	}
	return m.updateRef(ctx, ref, "update-ref", ref, sha)
}

// LetGo takes such a ref away. Where there is none it does nothing.
func (m *Mirror) LetGo(ctx context.Context, ref string) error {
	return m.updateRef(ctx, ref, "update-ref", "-d", ref)
}

func (m *Mirror) updateRef(ctx context.Context, ref string, arguments ...string) error {
	if err := validRef(ref); err != nil {
		return err
	}
	if err := m.prepare(ctx); err != nil {
		return err
	}
	lock, err := m.writing(ctx)
	if err != nil {
		return err
	}
	defer lock.Release()
	if _, err := m.run(ctx, invocation{args: arguments, lock: lock}); err != nil {
		return fmt.Errorf("write the ref %s: %w", ref, err)
	}
	return nil
}
