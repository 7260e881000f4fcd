package mirror

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Reverting is what a commit takes back, and how it says so.
type Reverting struct {
	// Tip is the commit that it is put on.
	Tip string
	// From and To are the range: everything that came after From, up to and with To, is taken back.
	From, To string
	Message  string
	// At is the date of the commit: the same range on the same tip gives the same SHA always.
	At time.Time
}

// Revert makes a commit that takes a range back on a tip, and returns its SHA, which no ref names. Where what came later
// does not go together with that, the error is a [*Conflict]. It returns the tip itself where nothing is left to take back.
func (m *Mirror) Revert(ctx context.Context, r Reverting) (string, error) {
	for _, sha := range []string{r.Tip, r.From, r.To} {
		if err := validSHA(sha); err != nil {
			return "", err
		}
	}
	if err := m.prepare(ctx); err != nil {
		return "", err
	}
	// A merge whose base is the newest commit of the range: one side is the tip, the other what was before the range. Git takes
	// the base from the history, so both sides become children of it.
	var sides [2]string
	for i, sha := range []string{r.Tip, r.From} {
		side, err := m.commitTree(ctx, sha+"^{tree}", "side", []string{r.To}, mergeIdentity)
		if err != nil {
			return "", fmt.Errorf("take %s back: %w", r.To, err)
		}
		sides[i] = side
	}
	output, err := m.run(ctx, invocation{args: []string{
		"merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", "--end-of-options", sides[0], sides[1],
	}})
	fields := strings.Split(strings.TrimRight(output, "\x00"), "\x00")
	if code(err) == 1 && len(fields) > 1 {
		return "", &Conflict{Files: fields[1:]}
	}
	if err != nil {
		return "", fmt.Errorf("take %s back: %w", r.To, err)
	}
	tree := strings.TrimSpace(fields[0])
	if err := validSHA(tree); err != nil {
		return "", fmt.Errorf("take %s back: %w", r.To, err)
	}
	same, err := m.run(ctx, invocation{args: []string{"rev-parse", "--verify", "--end-of-options", r.Tip + "^{tree}"}})
	if err != nil {
		return "", fmt.Errorf("take %s back: %w", r.To, err)
	}
	if strings.TrimSpace(same) == tree {
		return r.Tip, nil
	}
	date := fmt.Sprintf("%d +0000", r.At.Unix())
	return m.commitTree(ctx, tree, r.Message, []string{r.Tip}, append([]string{"GIT_AUTHOR_DATE=" + date, "GIT_COMMITTER_DATE=" + date},
		"GIT_AUTHOR_NAME=Trunkline", "GIT_AUTHOR_EMAIL=trunkline@localhost", "GIT_COMMITTER_NAME=Trunkline", "GIT_COMMITTER_EMAIL=trunkline@localhost"))
}

// commitTree makes a commit of a tree without moving any ref.
func (m *Mirror) commitTree(ctx context.Context, tree, message string, parents, identity []string) (string, error) {
	named, err := m.run(ctx, invocation{args: []string{"rev-parse", "--verify", "--end-of-options", tree}})
	if err != nil {
		return "", err
	}
	args := []string{"commit-tree", "-F", "-"}
	for _, parent := range parents {
		args = append(args, "-p", parent)
	}
	commit, err := m.run(ctx, invocation{args: append(args, strings.TrimSpace(named)), env: identity, stdin: strings.NewReader(message)})
	return strings.TrimSpace(commit), err
}

// Rejected says that the remote did not take a push, for good: it is protected, or not permitted.
type Rejected struct{ Said string }

// Error is what the remote said.
func (r *Rejected) Error() string { return r.Said }

// Push puts a commit on a branch of the remote, whatever is there, with a credential of its own: that for fetching cannot
// write. Where the remote does not take it, the error is a [*Rejected].
func (m *Mirror) Push(ctx context.Context, sha, branch string, credential func(context.Context) (string, error)) error {
	if err := validSHA(sha); err != nil {
		return err
	}
	ref := "refs/heads/" + branch
	if err := validRef(ref); err != nil {
		return err
	}
	if err := m.prepare(ctx); err != nil {
		return err
	}
	pushing := Mirror{dir: m.dir, remote: m.remote, credential: credential}
	settings, err := pushing.authorization(ctx)
	if err != nil {
		return err
	}
	_, err = m.run(ctx, invocation{args: []string{"push", "--quiet", "--force", "--no-verify", "--", m.remote, sha + ":" + ref}, settings: settings, timeout: fetchTimeout})
	if said := fmt.Sprint(err); code(err) == 1 && strings.Contains(said, "rejected") {
		return &Rejected{Said: lastLines(said, 3)}
	}
	if err != nil {
		return fmt.Errorf("push %s: %w", branch, err)
	}
	return nil
}

func lastLines(text string, most int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(len(lines)-most, 0):], "; ")
}
