package bot

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/trunkline/trunkline/bot/githubsim"
)

var update = flag.Bool("update", false, "rewrite what Trunkline says in the conversations")

// TestConversations plays the pull requests in testdata/conversations. A line at the margin is something that people
// do; the indented lines below it are what Trunkline did then, and what runs.
func TestConversations(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../testdata/conversations/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	for i, file := range files {
		if testing.Short() && i%10 != 0 {
			continue // the short suite plays some of them, with the race detector; make test plays all without it
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c := newConversation(t, archive)
			said := c.play(archive.Files[c.script].Data)
			if *update && !t.Failed() {
				archive.Files[c.script].Data = []byte(said)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(archive.Files[c.script].Data), said); diff != "" {
				t.Errorf("the conversation went otherwise (-want +got):\n%s", diff)
			}
		})
	}
}

// conversation is one script being played.
type conversation struct {
	*world
	// jobStates are how jobs of environments stood after the step before, and jobSaid how often Trunkline had said something of
	// each.
	jobStates map[int64]string
	jobSaid   map[int64]int
	// runsSeen are the runs of workflows that were there at the last step; stood is how one stands that was asked for.
	runsSeen int
	stood    string
	script   int
	// changes are the files of each change by its name, from the sections "name: path".
	changes map[string]map[string]*string
	// names replace what differs from run to run, such as commits.
	names map[string]string
	order []string
	seen  int
	login string
	// said is what each comment said after the step before, by its id.
	said map[int64]string
	// annotated is how many annotations each check run had, by its id.
	annotated map[int64]int
	// running is what ran after the step before.
	running string
	// watched are commits whose check runs are shown in full, such as the heads of groups of the merge queue.
	watched map[string]bool
	// log is what somebody read of one in this step.
	log string
	// brief: of comments only the news are shown.
	brief bool
	// disturb is called after each step, before what follows from it has ended; nil: nothing disturbs.
	disturb func()
}

func newConversation(t *testing.T, archive *txtar.Archive) *conversation {
	c := &conversation{changes: map[string]map[string]*string{}, names: map[string]string{}, said: map[int64]string{}, annotated: map[int64]int{}, script: -1,
		jobStates: map[int64]string{}, jobSaid: map[int64]int{}}
	trunk := map[string]string{}
	var operator string
	for i, file := range archive.Files {
		change, path, _ := strings.Cut(file.Name, ": ")
		switch {
		case file.Name == "conversation":
			c.script = i
		case file.Name == "operator":
			operator = string(file.Data)
		case change == "trunk":
			trunk[path] = string(file.Data)
		default:
			if c.changes[change] == nil {
				c.changes[change] = map[string]*string{}
			}
			text := string(file.Data)
			c.changes[change][path] = &text
			if strings.TrimSpace(text) == "(deleted)" {
				c.changes[change][path] = nil
			}
		}
	}
	if strings.Contains(string(trunk[".github/trunkline.yml"]), "engine: terraform") {
		if _, err := exec.LookPath("terraform"); err != nil {
			t.Skip("terraform is not on the PATH; this conversation needs the real one")
		}
	}
	c.world = newWorldOf(t, githubsim.RepositoryOptions{Files: trunk, Private: true}, setup{operator: operated(operator)})
	c.login = c.gh.BotLogin()
	c.name("base", c.tip())
	c.seen = len(c.gh.Events())
	return c
}

func (c *conversation) tip() string {
	repository, err := c.gh.Repository(project)
	if err != nil {
		c.t.Fatal(err)
	}
	return repository.Branches["main"]
}

// name gives a commit seven characters that say what it is, for reading and for comparing.
func (c *conversation) name(name, sha string) {
	if _, known := c.names[sha]; !known {
		c.names[sha] = (name + "-------")[:7]
		c.order = append(c.order, sha)
	}
}

var step = regexp.MustCompile(`^(\w+) (pushes|opens|comments on|merges|squashes|rebases|closes|reopens|reviews|readies|reruns|presses)(?: (\w+))?(?: as draft| from a fork| into \w+)? ?(?:to |on )?(#\d+)?(?:: (.*))?$`)

// play does each step and returns the script with what happened.
func (c *conversation) play(script []byte) string {
	var out strings.Builder
	defer func() {
		if c.t.Failed() {
			c.t.Logf("so far:\n%s", out.String())
		}
	}()
	for _, line := range strings.Split(strings.TrimRight(string(script), "\n"), "\n") {
		if strings.HasPrefix(line, "  ") {
			continue
		}
		fmt.Fprintln(&out, line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		c.do(line)
		if c.disturb != nil {
			c.disturb()
		}
		c.settle()
		out.WriteString(c.happened())
	}
	return out.String()
}

func (c *conversation) do(line string) {
	c.t.Helper()
	switch line {
	case "trunkline stops":
		c.restart()
		return
	}
	if c.doOperator(line) || c.doActions(line) || c.doJobs(line) || c.doMore(line) || c.doPeople(line) || c.doTime(line) || c.doLogs(line) || c.doEnvironments(line) || c.doBranches(line) {
		return
	}
	match := step.FindStringSubmatch(line)
	if match == nil {
		c.t.Fatalf("not a step: %q", line)
	}
	person, verb, name, text := c.gh.As(match[1]), match[2], match[3], match[5]
	number, _ := strconv.Atoi(strings.TrimPrefix(match[4], "#"))
	var err error
	switch verb {
	case "pushes":
		c.push(person, name, number, text)
	case "opens":
		c.open(person, name, line, text)
	case "comments on":
		_, err = person.Comment(project, number, strings.ReplaceAll(c.unnamed(text), " ⏎ ", "\n"))
	case "merges", "squashes", "rebases":
		var sha string
		sha, err = person.Merge(project, number, map[string]string{"merges": "merge", "squashes": "squash", "rebases": "rebase"}[verb])
		c.name(fmt.Sprintf("merge%d", number), sha)
	case "closes":
		err = person.Close(project, number)
	case "reopens":
		err = person.Reopen(project, number)
	case "readies":
		err = person.Ready(project, number)
	case "reviews":
		err = person.Review(project, number, name, text)
	case "reruns", "presses":
		var pull githubsim.PullView
		if pull, err = c.gh.Pull(project, number); err == nil && verb == "reruns" {
			err = person.RerequestCheck(project, pull.Checks[0].ID)
		} else if err == nil {
			err = person.RequestAction(project, pull.Checks[0].ID, pull.Checks[0].Actions[0].Identifier)
		}
	}
	if err != nil {
		c.t.Fatalf("%s: %v", line, err)
	}
}

// push pushes a change: to the branch of a pull request, or else to trunk.
func (c *conversation) push(person *githubsim.Person, change string, number int, message string) {
	repository, branch := project, "main"
	if number != 0 {
		pull, err := c.gh.Pull(project, number)
		if err != nil {
			c.t.Fatal(err)
		}
		owner, head, _ := strings.Cut(pull.HeadLabel, ":")
		repository, branch = owner+"/infrastructure", head
	}
	sha, err := person.Push(repository, branch, firstOf(message, change), c.files(change))
	if err != nil {
		c.t.Fatal(err)
	}
	c.name(change, sha)
}

func (c *conversation) open(person *githubsim.Person, change, line, title string) {
	repository, open := project, person.OpenPull
	if strings.Contains(line, " from a fork") {
		fork, err := person.Fork(project)
		if err != nil {
			c.t.Fatal(err)
		}
		repository, open = fork, person.OpenPullFromFork
	}
	sha, err := person.Push(repository, change, firstOf(title, change), c.files(change))
	if err != nil {
		c.t.Fatal(err)
	}
	c.name(change, sha)
	if _, err := open(project, change, firstOf(title, change), "", githubsim.OpenOptions{Draft: strings.Contains(line, " as draft"), Base: baseIn(line)}); err != nil {
		c.t.Fatal(err)
	}
}

var into = regexp.MustCompile(`^\w+ opens \w+ into (\w+)`)

// baseIn is the branch that a line opens a pull request into; empty: trunk.
func baseIn(line string) string {
	if match := into.FindStringSubmatch(line); match != nil {
		return match[1]
	}
	return ""
}

func (c *conversation) files(change string) map[string]*string {
	files, ok := c.changes[change]
	if !ok {
		c.t.Fatalf("there is no change %q", change)
	}
	placed := map[string]*string{}
	for path, text := range files {
		if text != nil {
			here := c.placed(*text)
			text = &here
		}
		placed[path] = text
	}
	return placed
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// happened is what Trunkline did since the last step: reactions, check runs, deployments, and the comments that
// changed, each as it is now; and what runs.
func (c *conversation) happened() string {
	var out strings.Builder
	changed := map[int]bool{}
	events := c.gh.Events()
	states := map[string]string{}
	var keys []string
	note := func(key, state string) {
		if _, known := states[key]; !known {
			keys = append(keys, key)
		}
		states[key] = state
	}
	for _, event := range events[c.seen:] {
		if event.Actor != c.login {
			continue
		}
		switch event.Kind {
		case "reaction":
			note("reacts: "+event.State, "")
		case "check":
			note("check "+event.SHA, event.State)
		case "deployment":
			note("deployment "+event.Environment+" "+event.SHA, "created")
		case "deployment_status":
			key := "deployment " + event.Environment + " " + event.SHA
			switch _, known := states[key]; {
			case event.State != "in_progress":
				note(key, strings.TrimSuffix(event.State+", "+event.Body, ", "))
			case known: // how far it is when, and so how often that is told, differs from run to run
				note(key, event.State)
			}
		case "pull":
			c.name(fmt.Sprintf("pull%d", event.Pull), event.SHA)
			note(fmt.Sprintf("pull #%d %s", event.Pull, event.State), event.Body)
		case "comment", "comment_edited", "issue":
			changed[event.Pull] = true
		}
	}
	out.WriteString(c.dispatched())
	out.WriteString(c.jobs())
	out.WriteString(c.queued(events[c.seen:]))
	// What goes on in several environments at once has no order.
	slices.SortStableFunc(keys, func(a, b string) int { return strings.Compare(firstWords(a), firstWords(b)) })
	for _, key := range keys {
		fmt.Fprintf(&out, "  %s\n", strings.TrimSuffix(key+": "+states[key], ": "))
	}
	for number := range 100 {
		if issue, err := c.gh.Issue(project, number); changed[number] && err == nil {
			out.WriteString(c.issue(issue))
			out.WriteString(c.commentsIn(number, issue.Comments(c.login)))
		} else if changed[number] {
			out.WriteString(c.annotations(number))
			out.WriteString(c.comments(number))
		}
	}
	if running := c.runs(); running != c.running {
		out.WriteString(running)
		c.running = running
	}
	c.seen = len(events)
	out.WriteString(c.log)
	c.log = ""
	return c.readable(out.String())
}

// firstWords are what kind of thing happened, and of a deployment where.
func firstWords(text string) string {
	words := strings.SplitN(text, " ", 3)
	if words[0] != "deployment" {
		return text[:5]
	}
	return words[0] + " " + words[1]
}

// annotations are those of check runs that were not there before.
func (c *conversation) annotations(number int) string {
	pull, err := c.gh.Pull(project, number)
	if err != nil {
		c.t.Fatal(err)
	}
	var out strings.Builder
	for _, run := range pull.Checks {
		for _, one := range run.Annotations[c.annotated[run.ID]:] {
			fmt.Fprintf(&out, "  annotates %s:%d with a %s: %s\n", one.Path, one.Start, one.Level, strings.ReplaceAll(one.Message, "\n", "; "))
		}
		c.annotated[run.ID] = len(run.Annotations)
	}
	return out.String()
}

// comments are those of Trunkline that say something else than before.
func (c *conversation) comments(number int) string {
	pull, err := c.gh.Pull(project, number)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.commentsIn(number, pull.Comments(c.login))
}

func (c *conversation) commentsIn(number int, all []githubsim.Entry) string {
	var out strings.Builder
	// What is new was said by several at once, in no order.
	known := func(entry githubsim.Entry) string {
		if _, before := c.said[entry.ID]; before {
			return ""
		}
		return "new " + c.readable(entry.Body)
	}
	slices.SortStableFunc(all, func(a, b githubsim.Entry) int { return strings.Compare(known(a), known(b)) })
	for _, entry := range all {
		if c.said[entry.ID] == entry.Body {
			continue
		}
		before := c.said[entry.ID]
		c.said[entry.ID] = entry.Body
		if c.brief {
			out.WriteString(news(number, before, entry.Body))
			continue
		}
		fmt.Fprintf(&out, "  says on #%d:\n", number)
		for _, line := range strings.Split(strings.TrimRight(entry.Body, "\n"), "\n") {
			fmt.Fprintf(&out, "    %s\n", strings.TrimRight("| "+line, " "))
		}
	}
	return out.String()
}

// runs is what is deployed, one line for each file.
func (c *conversation) runs() string {
	var out strings.Builder
	files, err := filepath.Glob(filepath.Join(c.deployed, "*"))
	if err != nil {
		c.t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			c.t.Fatal(err)
		}
		fmt.Fprintf(&out, "  runs %s: %s\n", filepath.Base(file), strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", "; "))
	}
	return out.String()
}

var replyMarker = regexp.MustCompile(`reply \d+/\d+`)

var checkAddress = regexp.MustCompile(`/runs/\d+`)

var nearlySHA = regexp.MustCompile(`\b[0-9a-f]{7,40}\b`)

// readable replaces what differs from run to run.
func (c *conversation) readable(text string) string {
	text = strings.ReplaceAll(text, c.deployed, "$DEPLOYED")
	text = checkAddress.ReplaceAllString(strings.ReplaceAll(text, c.gh.URL(), "https://github.example"), "/runs/…")
	text = logToken.ReplaceAllString(text, "$1…")
	text = replyMarker.ReplaceAllString(text, "reply …")
	return nearlySHA.ReplaceAllStringFunc(text, func(found string) string {
		for _, sha := range c.order {
			if strings.HasPrefix(sha, found) {
				return c.names[sha]
			}
		}
		return found
	})
}

// unnamed puts commits back where a person types one by its name.
func (c *conversation) unnamed(text string) string {
	for _, sha := range c.order {
		text = strings.ReplaceAll(text, c.names[sha], sha)
	}
	return text
}
