package bot

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-github/v60/github"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// askForPeople finds out who wrote and merged the commits that nobody was asked about yet, where the rules exclude any of
// them from approving. Where GitHub does not answer, trunk is read later: without the answer, someone could approve their
// own work.
func (b *Bot) askForPeople(ctx context.Context, repository store.Repository, rules config.Repository, a *store.Advance) error {
	var state promote.State
	var before []promote.Commit
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		if state, err = tx.State(repository.ID); err == nil {
			before, err = tx.CommitsWithoutPeople(repository.ID)
		}
		return err
	})
	if err != nil || !somebodyApproves(rules, state, a) {
		return err
	}
	for _, commit := range before {
		if commit, err = b.withAuthors(ctx, repository, commit); err != nil {
			return err
		}
		if err := b.store.Write(ctx, func(tx *store.Tx) error { return tx.SaveAuthors(repository.ID, commit) }); err != nil {
			return err
		}
	}
	// What lies far back is asked about as far as there is an end to it.
	for i := max(0, len(a.Older)-mostAskedAbout); i < len(a.Older); i++ {
		if a.Older[i], err = b.withAuthors(ctx, repository, a.Older[i]); err != nil {
			return err
		}
	}
	for i, commit := range a.Commits {
		if i == 0 && repository.Tip == "" {
			continue // what ran before is in no range
		}
		if a.Commits[i], err = b.withAuthors(ctx, repository, commit); err != nil {
			return err
		}
	}
	a.PeopleKnown = true
	return nil
}

// somebodyApproves tells whether some environment has rules for approving, by the rules that come or by former ones.
func somebodyApproves(rules config.Repository, state promote.State, a *store.Advance) bool {
	versions := []config.Repository{rules}
	for _, former := range state.Former {
		versions = append(versions, former.Rules)
	}
	for _, text := range a.Former {
		if former, err := config.Parse(config.Path, []byte(text)); err == nil {
			versions = append(versions, former)
		}
	}
	return slices.ContainsFunc(versions, func(version config.Repository) bool {
		return slices.ContainsFunc(version.Environments, func(e config.Environment) bool { return len(e.Approve) > 0 })
	})
}

// withAuthors is a commit with all who wrote a part of it, and who merged it, as GitHub knows them.
func (b *Bot) withAuthors(ctx context.Context, repository store.Repository, commit promote.Commit) (promote.Commit, error) {
	git := b.mirrors.of(repository)
	w := writers{addresses: map[string]promote.Person{}, names: map[string]promote.Person{}}
	if err := b.askAuthors(ctx, repository, &commit, &w); err != nil {
		return commit, fmt.Errorf("find out who wrote %s: %w", commit.SHA, err)
	}
	parents, err := git.Parents(ctx, commit.SHA)
	if err != nil {
		return commit, err
	}
	before := ""
	if len(parents) > 0 {
		before = parents[0]
	}
	brought, err := git.Brought(ctx, before, commit.SHA)
	if err != nil {
		return commit, err
	}
	for _, one := range brought {
		// To merge is not to write: the merger is somebody else in the rules. A merge commit names the merger as its author, and
		// commits that are put on trunk anew name the merger as their committer.
		if commit.Pull == 0 || one.SHA != commit.SHA || len(parents) < 2 {
			w.signed(one.Author, nil)
		}
		if commit.Pull == 0 {
			w.signed(one.Committer, nil)
		}
		w.trailers(one.Message)
	}
	commit.CoAuthors = w.except(commit.Author)
	return commit, nil
}

// askAuthors asks GitHub about the commits of the pull request, or about the commit itself where there is none.
func (b *Bot) askAuthors(ctx context.Context, repository store.Repository, commit *promote.Commit, w *writers) error {
	if commit.Pull == 0 {
		return b.askAuthor(ctx, repository, commit, w)
	}
	client, err := b.clients.forRepository(ctx, repository, talking)
	if err != nil {
		return err
	}
	owner, name := repository.Owner, repository.Name
	var known store.PullRequest
	err = b.store.Read(ctx, func(tx *store.Tx) (err error) {
		known, _, err = tx.FindPull(repository.ID, commit.Pull)
		return err
	})
	if err != nil {
		return err
	}
	// What a commit says of its author is not checked by anybody; who pushed it is.
	w.people = append(w.people, known.Pusher)
	if known.Merger.ID != 0 {
		commit.Merger = known.Merger // a delivery has told
	} else if err := b.askMerger(ctx, repository, commit); err != nil {
		return err
	}
	options := &github.ListOptions{PerPage: 100}
	for {
		commits, response, err := client.PullRequests.ListCommits(ctx, owner, name, commit.Pull, options)
		if missing(err) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, one := range commits {
			w.commit(one)
		}
		if options.Page = response.NextPage; options.Page == 0 {
			return nil
		}
	}
}

// askMerger asks GitHub who merged the pull request of a commit.
func (b *Bot) askMerger(ctx context.Context, repository store.Repository, commit *promote.Commit) error {
	client, err := b.clients.forRepository(ctx, repository, looking)
	if err != nil {
		return err
	}
	pull, _, err := client.PullRequests.Get(ctx, repository.Owner, repository.Name, commit.Pull)
	if missing(err) {
		return nil
	}
	if by := pull.GetMergedBy(); err == nil && by.GetID() != 0 {
		commit.Merger = person(by)
	}
	return err
}

// askAuthor asks GitHub about a commit that came from no pull request.
func (b *Bot) askAuthor(ctx context.Context, repository store.Repository, commit *promote.Commit, w *writers) error {
	client, err := b.clients.forRepository(ctx, repository, looking)
	if err != nil {
		return err
	}
	found, _, err := client.Repositories.GetCommit(ctx, repository.Owner, repository.Name, commit.SHA, nil)
	if missing(err) || final(err) {
		return nil
	}
	if err != nil {
		return err
	}
	w.commit(found)
	if by := found.GetAuthor(); by.GetID() != 0 {
		commit.Author = person(by)
	}
	if by := found.GetCommitter(); commit.Merger.ID == 0 && by.GetID() != 0 {
		commit.Merger = person(by)
	}
	return nil
}

// writers are the people who wrote a part of something.
type writers struct {
	people []promote.Person
	// identities are how commits name people.
	identities []mirror.Identity
	// addresses and names that stand for people whom GitHub knows.
	addresses, names map[string]promote.Person
}

// commit adds those whom GitHub names for a commit.
func (w *writers) commit(c *github.RepositoryCommit) {
	w.signed(identity(c.GetCommit().GetAuthor()), c.GetAuthor())
	w.signed(identity(c.GetCommit().GetCommitter()), c.GetCommitter())
	w.trailers(c.GetCommit().GetMessage())
}

func identity(a *github.CommitAuthor) mirror.Identity {
	return mirror.Identity{Name: a.GetName(), Email: a.GetEmail()}
}

// webFlow is GitHub itself, which commits what people do on its pages.
const webFlow = "noreply@github.com"

// signed adds somebody as a commit names them; known is who that is, where GitHub says so.
func (w *writers) signed(as mirror.Identity, known *github.User) {
	if strings.EqualFold(as.Email, webFlow) {
		return
	}
	if known.GetID() != 0 {
		w.people = append(w.people, person(known))
		w.addresses[strings.ToLower(as.Email)], w.names[strings.ToLower(as.Name)] = person(known), person(known)
	}
	w.identities = append(w.identities, as)
}

var coAuthor = regexp.MustCompile(`(?mi)^co-authored-by:[ \t]*([^<\n]*?)[ \t]*<([^>\n]*)>`)

// trailers adds those whom a message names as authors.
func (w *writers) trailers(message string) {
	for _, match := range coAuthor.FindAllStringSubmatch(message, -1) {
		w.identities = append(w.identities, mirror.Identity{Name: match[1], Email: strings.TrimSpace(match[2])})
	}
}

// private is an address that GitHub gives to people: by their number and their login, or of old by the login alone.
var private = regexp.MustCompile(`(?i)^(?:(\d+)\+)?([a-z\d](?:[a-z\d-]*[a-z\d])?(?:\[bot\])?)@users\.noreply\.[a-z\d.-]+$`)

// who a name and an address stand for. Of somebody whom GitHub does not know only the name is left; it is compared with
// logins.
func (w *writers) who(as mirror.Identity) promote.Person {
	if known, ok := w.addresses[strings.ToLower(as.Email)]; ok && as.Email != "" {
		return known
	}
	if match := private.FindStringSubmatch(as.Email); match != nil {
		id, err := strconv.ParseInt(match[1], 10, 64)
		if err != nil {
			id = 0
		}
		return promote.Person{ID: id, Login: match[2]}
	}
	if known, ok := w.names[strings.ToLower(as.Name)]; ok && as.Name != "" {
		return known
	}
	return promote.Person{Login: as.Name}
}

// except are all but one, each once: by id where there is one, else by name.
func (w *writers) except(author promote.Person) (others []promote.Person) {
	all := slices.Clone(w.people)
	for _, as := range w.identities {
		all = append(all, w.who(as))
	}
	ids, logins := map[int64]bool{author.ID: author.ID != 0}, map[string]bool{"": true, strings.ToLower(author.Login): true}
	for _, one := range all {
		if one.ID != 0 && !ids[one.ID] {
			others = append(others, one)
			ids[one.ID] = true
			logins[strings.ToLower(one.Login)] = true
		}
	}
	for _, one := range all {
		if login := strings.ToLower(one.Login); one.ID == 0 && !logins[login] {
			others = append(others, one)
			logins[login] = true
		}
	}
	return others
}
