package promote

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/trunkline/trunkline/config"
)

var update = flag.Bool("update", false, "rewrite what is decided in testdata/decisions")

// TestConversations plays the histories in testdata/decisions. A line at the margin is something that happens, with the
// time before it where the clock goes on; the indented lines below it are what is decided then, where that changed.
func TestConversations(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/decisions/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			script := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "conversation" })
			c := newConversation(t, archive)
			said := c.play(string(archive.Files[script].Data))
			if *update && !t.Failed() {
				archive.Files[script].Data = []byte(said)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(archive.Files[script].Data), said); diff != "" {
				t.Errorf("it was decided otherwise (-want +got):\n%s", diff)
			}
		})
	}
}

// conversation is one history being played.
type conversation struct {
	*world
	t     *testing.T
	files map[string]string
	// ids of people by login.
	ids map[string]int64
	// said of each environment last, what is said now, and what starts.
	said   map[string]string
	now    []string
	starts []string
	// told are notices that are not said yet.
	told []string
}

func newConversation(t *testing.T, archive *txtar.Archive) *conversation {
	c := &conversation{t: t, files: map[string]string{}, ids: map[string]int64{}, said: map[string]string{}}
	for _, file := range archive.Files {
		c.files[file.Name] = string(file.Data)
	}
	c.world = newWorld(c.rules("rules"))
	c.state.People = People{Users: map[string]int64{}, Teams: map[string][]int64{}}
	base := &c.state.Trunk[0]
	base.SHA = sha("base")
	for name := range c.state.Environments {
		c.change(name, func(e *Environment) { e.Runs = base.SHA })
	}
	for line := range strings.Lines(c.files["people"]) {
		group, logins, _ := strings.Cut(strings.TrimSpace(line), ":")
		for _, login := range strings.Fields(logins) {
			id := c.person(login).ID
			if group == "writers" {
				c.state.People.Writers = append(c.state.People.Writers, id)
				continue
			}
			c.state.People.Teams[group] = append(c.state.People.Teams[group], id)
		}
	}
	c.onStart = func(d Decision) {
		line := fmt.Sprintf("  %s starts: %s to %s", d.Environment, short(d.Start.From.SHA), short(d.Start.To.SHA))
		if d.By.Login != "" {
			line += ", by " + d.By.Login
		}
		for _, gate := range d.Passed {
			line += "\n    passes " + gate.Name + ": " + gate.Text
		}
		if len(d.Without) > 0 {
			line += "\n    without " + strings.Join(d.Without, ", ")
		}
		c.starts = append(c.starts, line)
	}
	return c
}

// sha has a beginning that says which commit it is.
func sha(name string) string { return beginning(name) + strings.Repeat("0", 33) }

// beginning is what Short makes of a commit of that name; the padding is not shown.
func beginning(name string) string { return (name + strings.Repeat(padding, 7))[:7] }

const padding = "~"

func short(sha string) string { return strings.TrimRight(Short(sha), padding) }

func (c *conversation) person(login string) Person {
	if c.ids[login] == 0 {
		c.ids[login] = int64(len(c.ids) + 1)
		c.state.People.Users[login] = c.ids[login]
	}
	return Person{ID: c.ids[login], Login: login}
}

func (c *conversation) rules(name string) config.Repository {
	text := "version: 1\nstacks: {layout: folders, path: \"{environment}/{component}\"}\n" + c.files[name]
	rules, err := config.Parse(name, []byte(text))
	if err != nil {
		c.t.Fatal(err)
	}
	return rules
}

var clockAtMargin = regexp.MustCompile(`^(\d{4}-\d\d-\d\d \d\d:\d\d|\d\d:\d\d) ?`)

func (c *conversation) play(script string) string {
	var out strings.Builder
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			out.WriteString(line + "\n")
			continue
		}
		if strings.HasPrefix(line, " ") {
			continue
		}
		out.WriteString(line + "\n")
		c.now, c.starts = nil, nil
		rest := line
		if clock := clockAtMargin.FindString(line); clock != "" {
			c.moveTo(strings.TrimSpace(clock))
			rest = strings.TrimPrefix(line, clock)
		}
		c.happens(rest)
		c.step()
		for _, text := range append(append(c.now, c.starts...), c.decided()...) {
			out.WriteString(strings.ReplaceAll(text, padding, "") + "\n")
		}
	}
	return out.String()
}

func (c *conversation) moveTo(clock string) {
	layout, text := "2006-01-02 15:04", clock
	if len(clock) == 5 {
		text = c.state.Now.Format(time.DateOnly) + " " + clock
	}
	moment, err := time.Parse(layout, text)
	if err != nil || moment.Before(c.state.Now) {
		c.t.Fatalf("%s is no time after %s", clock, c.state.Now)
	}
	// Nothing is missed on the way: the state is decided about when it says so.
	for again := Again(c.state); !again.IsZero() && again.Before(moment); again = Again(c.state) {
		c.state.Now = again
		c.step()
		c.notices()
	}
	c.state.Now = moment
}

// happens is one line: "alice merges net: path, path", "net is checked: ci/build passes", "prod: succeeds", "prod: nightly
// passes", "prod: is planned, destroys 1", "carol: /promote prod", or "rules: name of a section".
func (c *conversation) happens(line string) {
	if line == "" {
		return
	}
	subject, rest, ok := strings.Cut(line, ": ")
	who, change, merges := strings.Cut(subject, " merges ")
	commit, checked := strings.CutSuffix(subject, " is checked")
	switch {
	case merges:
		c.merges(who, change, strings.Split(rest, ", "))
	case !ok:
		c.t.Fatalf("%q is nothing that happens", line)
	case checked:
		name, passes := strings.CutSuffix(rest, " passes")
		name = strings.TrimSuffix(name, " fails")
		c.report(sha(commit), name, true, passes)
	case subject == "rules":
		c.rule(c.rules(rest), sha(rest))
	case strings.HasPrefix(rest, "/"):
		c.command(c.person(subject), strings.Fields(rest))
	default:
		c.inEnvironment(subject, rest)
	}
}

func (c *conversation) merges(who, change string, paths []string) {
	// "alice and bob" are an author and a co-author; "alice for carol": carol merges.
	who, merger, _ := strings.Cut(who, " for ")
	author, coAuthor, both := strings.Cut(who, " and ")
	c.world.history.merge()
	commit := &c.state.Trunk[len(c.state.Trunk)-1]
	commit.SHA, commit.Author, commit.Merged, commit.Paths = sha(change), c.person(author), c.state.Now, paths
	if both {
		commit.CoAuthors = []Person{c.person(coAuthor)}
	}
	if merger != "" {
		commit.Merger = c.person(merger)
	}
}

func (c *conversation) inEnvironment(name, what string) {
	check, passes := strings.CutSuffix(what, " passes")
	failing, fails := strings.CutSuffix(what, " fails")
	destroys := 0
	_, _ = fmt.Sscanf(what, "is planned, destroys %d", &destroys)
	switch {
	case what == "succeeds":
		c.end(name, Succeeded)
	case what == "fails":
		c.end(name, Failed)
	case strings.HasPrefix(what, "is planned"):
		c.plans(name, what, destroys)
	case passes:
		c.check(name, check, true)
	case fails:
		c.check(name, failing, false)
	default:
		c.t.Fatalf("%s: %q is nothing that happens", name, what)
	}
}

// plans the step that the environment takes next, in other words where it is another plan.
func (c *conversation) plans(name, words string, destroys int) {
	for _, impact := range Impacts(c.state) {
		if impact.Environment == name {
			plan := Plan{From: impact.From, To: impact.To, After: impact.After, Done: true}
			for _, component := range []string{"network", "database"} {
				plan.Instances = append(plan.Instances, PlannedInstance{Name: name + "/" + component, Stack: name, Component: component, Digest: words, Destroys: destroys, Changes: 1})
			}
			c.change(name, func(e *Environment) { e.Plan = &plan })
			return
		}
	}
	c.t.Fatalf("nothing is to be planned in %s", name)
}

func (c *conversation) command(by Person, words []string) {
	words = append(words, "", "", "")
	name, because := words[1], ""
	if i := slices.Index(words, "because"); i > 0 {
		because = strings.TrimSpace(strings.Join(words[i+1:], " "))
	}
	actor := Actor{Person: by, Write: true, Admin: by.Login == "root"}
	refuse := func(r *Refusal) bool {
		if r != nil {
			c.now = append(c.now, "  refused: "+r.Text())
		}
		return r != nil
	}
	switch words[0] {
	case "/promote":
		if !refuse(May(c.state, actor, ActPromote, name)) {
			to := ""
			if words[2] == "to" {
				to = beginning(words[3])
			}
			refuse(c.ask(name, to, by, to != ""))
		}
	case "/approve":
		shown := ""
		if words[2] != "" {
			shown = beginning(words[2])
		}
		refuse(c.approve(name, by, shown))
	case "/hold":
		hold := Hold{ID: c.id(), Kind: Held, Owner: by, Reason: because, From: c.state.Now}
		if rest := words[2]; rest != "until" && rest != "because" && rest != "" {
			hold.Components = []string{rest}
		}
		if i := slices.Index(words, "until"); i > 0 {
			hold.Until, _ = time.Parse(time.DateOnly, words[i+1])
		}
		if !refuse(PutOn(c.state, actor, name, hold)) {
			c.change(name, func(e *Environment) { e.Holds = append(e.Holds, hold) })
		}
	case "/unhold":
		c.unhold(name, actor, because, refuse)
	case "/override":
		override, passed, r := Overriding(c.state, Emergency{Environment: name, By: actor, Reason: because})
		if !refuse(r) {
			c.now = append(c.now, fmt.Sprintf("  would pass %s", passed[0].Name))
			c.change(name, func(e *Environment) { e.Override = &override })
		}
	default:
		c.t.Fatalf("%s is no command", words[0])
	}
}

func (c *conversation) unhold(name string, actor Actor, because string, refuse func(*Refusal) bool) {
	lifted, r := Lift(c.state, actor, name, because)
	if refuse(r) {
		return
	}
	for _, hold := range lifted {
		c.now = append(c.now, "  lifts: "+hold.text(name, nil))
		c.change(name, func(e *Environment) {
			e.Holds = slices.DeleteFunc(slices.Clone(e.Holds), func(h Hold) bool { return h.ID == hold.ID })
		})
	}
}

// decided are the environments of which something else is to be said than before.
func (c *conversation) decided() (lines []string) {
	for _, decision := range Decide(c.state) {
		var text strings.Builder
		for _, gate := range decision.Gates {
			if gate.Open || gate.Name == GateDeploying {
				continue
			}
			fmt.Fprintf(&text, "\n    %s: %s", gate.Name, gate.Text)
			if gate.Command != "" {
				fmt.Fprintf(&text, " (%s)", gate.Command)
			}
		}
		for _, approval := range decision.Approvals {
			if !approval.Counts {
				fmt.Fprintf(&text, "\n    void: %s's approval of %s: %s", approval.By.Login, short(approval.To), approval.Void)
			}
		}
		for _, old := range decision.Superseded {
			fmt.Fprintf(&text, "\n    %s rides with %s", short(old.To.SHA), short(old.By.SHA))
		}
		if text.String() != c.said[decision.Environment] {
			c.said[decision.Environment] = text.String()
			if text.Len() > 0 {
				lines = append(lines, "  "+decision.Environment+" waits:"+text.String())
			}
		}
	}
	c.notices()
	return append(lines, c.take()...)
}

// notices are given, and said after what is decided.
func (c *conversation) notices() {
	for _, notice := range NoticesDue(c.state) {
		c.state.Notices = append(c.state.Notices, Given{Kind: notice.Kind, Environment: notice.Environment, Subject: notice.Subject, At: c.state.Now})
		line := fmt.Sprintf("  notice at %s: %s", c.state.Now.Format("2006-01-02 15:04"), notice.Text)
		if notice.Issue {
			line += "\n    as an issue for " + notice.Owner
		}
		c.told = append(c.told, line)
	}
}

func (c *conversation) take() []string {
	told := c.told
	c.told = nil
	return told
}
