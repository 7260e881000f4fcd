package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/rs/zerolog"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/planner/stack"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/deploy"
	"github.com/trunkline/trunkline/promote/store"
)

// built is a commit of trunk whose artifacts are wanted, by the rules that it has itself.
type built struct {
	repository store.Repository
	rules      config.Repository
	sha        string
	// since is when what wants them began: a workflow that failed before is dispatched again.
	since time.Time
	// begun: those that are resolved are not asked for again. back: where nobody answers, they are what they were.
	begun, back bool
}

// artifacts are what the artifacts of a commit are, by the variable that holds each. The first who needs one resolves it,
// in a worktree of that commit alone; everybody else gets what was written down then.
func (b *Bot) artifacts(ctx context.Context, of built) (map[string]string, error) {
	given := map[string]string{}
	known, err := b.knownArtifacts(ctx, of)
	if err != nil || len(of.rules.Artifacts) == 0 {
		return given, err
	}
	wanting := func(declared config.Artifact) bool {
		artifact, resolved := known[declared.Name]
		return !resolved || !of.begun && (declared.Recheck || artifact.Changed != "")
	}
	if slices.ContainsFunc(of.rules.Artifacts, wanting) {
		lock, err := process.TakeLock(ctx, filepath.Join(b.scratch(of.repository, "artifacts"), "lock"))
		if err != nil {
			return nil, fmt.Errorf("wait for other artifacts to be resolved: %w", err)
		}
		defer lock.Release()
		if known, err = b.knownArtifacts(ctx, of); err != nil {
			return nil, err
		}
	}
	var later error
	for _, declared := range of.rules.Artifacts {
		artifact := known[declared.Name]
		if wanting(declared) {
			artifact, err = b.resolve(ctx, of, declared)
			if was, resolved := known[declared.Name]; resolved && of.back && errors.As(err, new(*deploy.Stopped)) {
				zerolog.Ctx(ctx).Warn().Str("artifact", declared.Name).Str("sha", of.sha).Msg("nobody says what an artifact is; going back with what it was")
				artifact, err = was, nil
			}
			if deploy.IsLater(err) {
				later = err // the workflows of all of them run at a time
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		if artifact.Changed != "" && !of.begun {
			return nil, artifactFailed(declared, fmt.Sprintf("%s was %s when it was resolved for %s, and is %s now. Nothing is deployed with it. "+
				"Bring back what it was, or merge a commit that has its own.", declared.Name, artifact.Digest, promote.Short(of.sha), artifact.Changed))
		}
		given[declared.Variable] = artifact.Digest
	}
	return given, later
}

// knownArtifacts are those that are resolved, by name.
func (b *Bot) knownArtifacts(ctx context.Context, of built) (map[string]promote.Artifact, error) {
	known := map[string]promote.Artifact{}
	err := b.store.Read(ctx, func(tx *store.Tx) error {
		all, err := tx.Artifacts(of.repository.ID, of.sha)
		for _, artifact := range all {
			known[artifact.Name] = artifact
		}
		return err
	})
	return known, err
}

// resolve finds out what an artifact is, and writes it down.
func (b *Bot) resolve(ctx context.Context, of built, declared config.Artifact) (artifact promote.Artifact, err error) {
	artifact.Name = declared.Name
	if artifact.Inputs, err = b.artifactInputs(ctx, of, declared); err != nil {
		return artifact, err
	}
	if artifact.Inputs != "" && !declared.Recheck {
		err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
			artifact.Digest, err = tx.BuiltFrom(of.repository.ID, declared.Name, artifact.Inputs)
			return err
		})
		if err != nil {
			return artifact, err
		}
	}
	if artifact.Digest == "" {
		ask := b.askTwice
		if declared.Workflow.Declared() {
			ask = b.askWorkflow
		}
		if artifact.Digest, err = ask(ctx, of, declared); err != nil {
			return artifact, err
		}
	}
	err = b.store.Write(ctx, func(tx *store.Tx) (err error) {
		artifact, err = tx.Resolve(of.repository.ID, of.sha, artifact)
		return err
	})
	return artifact, err
}

// artifactInputs is a digest of what the artifact is built from; empty: it is of the commit as a whole.
func (b *Bot) artifactInputs(ctx context.Context, of built, declared config.Artifact) (string, error) {
	if len(declared.Paths) == 0 {
		return "", nil
	}
	tree, err := b.mirrors.of(of.repository).Tree(ctx, of.sha)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	fmt.Fprintf(hash, "%q\n", declared.Run+declared.Workflow.File)
	for _, entry := range tree.Entries() {
		matches := func(pattern string) bool {
			found, _ := doublestar.Match(pattern, entry.Path) // which was looked at when it was read
			return found || strings.HasPrefix(entry.Path, strings.TrimSuffix(pattern, "/")+"/")
		}
		if entry.Kind != mirror.Directory && slices.ContainsFunc(declared.Paths, matches) {
			fmt.Fprintf(hash, "%s %s %q\n", entry.Mode, entry.ID, entry.Path)
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// askTwice asks the command, and once more where it failed: registries have bad moments.
func (b *Bot) askTwice(ctx context.Context, of built, declared config.Artifact) (string, error) {
	worktree, err := b.mirrors.of(of.repository).Worktree(ctx, of.sha)
	if err != nil {
		return "", err
	}
	defer worktree.Release()
	digest, err := b.ask(ctx, worktree, of, declared)
	if stopped := (*deploy.Stopped)(nil); errors.As(err, &stopped) && ctx.Err() == nil {
		zerolog.Ctx(ctx).Warn().Str("artifact", declared.Name).Str("sha", of.sha).Msg("cannot resolve an artifact; trying once more")
		digest, err = b.ask(ctx, worktree, of, declared)
	}
	return digest, err
}

// printable is what an artifact may be: it goes into variables, comments and records.
var printable = regexp.MustCompile(`^[A-Za-z0-9._:/@+-]{1,300}$`)

// ask runs the command of an artifact and returns what it printed.
func (b *Bot) ask(ctx context.Context, worktree *mirror.Worktree, of built, declared config.Artifact) (string, error) {
	home := filepath.Join(b.scratch(of.repository, "artifacts"), stack.Instance{Component: declared.Name}.Folder())
	command := b.check(config.Check{Run: declared.Run, Timeout: declared.Timeout}, worktree, home, map[string]string{
		"TRUNKLINE_COMMIT": of.sha, "TRUNKLINE_ROOT": worktree.Dir, "TRUNKLINE_ARTIFACT": declared.Name})
	command.Output = filepath.Join(home, "printed")
	command.Limits.Output = 1 << 20
	result, err := process.Run(ctx, command)
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	said := strings.TrimSpace(b.redactor.Redact(result.Log))
	switch {
	case err != nil:
		return "", artifactFailed(declared, strings.TrimSpace(b.redactor.Redact(err.Error())+"\n"+said))
	case result.ExitCode != 0:
		return "", artifactFailed(declared, strings.TrimSpace(fmt.Sprintf("Its command ended with exit code %d.\n%s", result.ExitCode, said)))
	}
	text, _, err := process.ReadBack(command.Output, 4<<10)
	if err != nil {
		return "", fmt.Errorf("read what the artifact %s is: %w", declared.Name, err)
	}
	digest := strings.TrimSpace(text)
	switch {
	case digest == "":
		return "", artifactFailed(declared, "Its command printed nothing to standard output. It has to print what the artifact is, such as sha256:… of an image.")
	case !printable.MatchString(digest):
		return "", artifactFailed(declared, "Its command printed something else than one line of letters, digits and . _ : / @ + -, at most 300. "+
			"What is only for people to read belongs on standard error.")
	}
	return b.shownDigest(declared, digest)
}

// shownDigest is what an artifact is, if everybody may see it.
func (b *Bot) shownDigest(declared config.Artifact, digest string) (string, error) {
	if b.hides(digest) {
		return "", artifactFailed(declared, "It looks like a secret, and an artifact is shown to everybody.")
	}
	return digest, nil
}

func artifactFailed(declared config.Artifact, message string) error {
	return &deploy.Stopped{Failure: promote.Failure{Step: "artifacts", Subject: declared.Name, Message: message}}
}

// artifactsAgain asks for artifacts that were another one when they were asked for last: nothing is deployed with them
// until they are the same again.
func (b *Bot) artifactsAgain(ctx context.Context, repository store.Repository) {
	var changed []string
	err := b.store.Read(ctx, func(tx *store.Tx) error {
		state, err := tx.State(repository.ID)
		for sha, artifacts := range state.Artifacts {
			due := func(a promote.Artifact) bool {
				return a.Changed != "" && !tx.Now().Before(a.ChangedAt.Add(promote.ArtifactsAgainAfter))
			}
			if slices.ContainsFunc(artifacts, due) {
				changed = append(changed, sha)
			}
		}
		return err
	})
	for _, sha := range changed {
		if err == nil {
			err = b.artifactsAt(ctx, repository, sha)
		}
	}
	if err != nil && ctx.Err() == nil {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot ask for artifacts again")
	}
}

// artifactsAt resolves those of a commit by its own rules.
func (b *Bot) artifactsAt(ctx context.Context, repository store.Repository, sha string) error {
	text, err := b.mirrors.of(repository).ReadFile(ctx, sha, config.Path)
	if err != nil {
		return err
	}
	rules, err := config.Parse(config.Path, text)
	if err != nil {
		return err
	}
	_, err = b.artifacts(ctx, built{repository: repository, rules: rules, sha: sha})
	if errors.As(err, new(*deploy.Stopped)) {
		return nil // as before, which is written down
	}
	return err
}

// artifactsAsRun are those of a commit that runs somewhere, by its own rules, as they are written down.
func (b *Bot) artifactsAsRun(ctx context.Context, repository store.Repository, sha string) (map[string]string, error) {
	text, err := b.mirrors.of(repository).ReadFile(ctx, sha, config.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rules, err := config.Parse(config.Path, text)
	if err != nil {
		return nil, nil // it was deployed by other rules, which had none
	}
	return b.artifactsOf(ctx, built{repository: repository, rules: rules, sha: sha})
}

// artifactsOf are the artifacts that are written down for a commit, by the variables that its rules give them in.
func (b *Bot) artifactsOf(ctx context.Context, of built) (map[string]string, error) {
	given := map[string]string{}
	if len(of.rules.Artifacts) == 0 || of.sha == "" {
		return given, nil
	}
	known, err := b.knownArtifacts(ctx, of)
	for _, declared := range of.rules.Artifacts {
		if artifact, resolved := known[declared.Name]; resolved {
			given[declared.Variable] = artifact.Digest
		}
	}
	return given, err
}
