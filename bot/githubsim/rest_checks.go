package githubsim

import (
	"net/http"
	"slices"
	"time"
)

// createCheck answers checks/create.
func createCheck(c *call) (reply, error) {
	var request checkRequest
	if err := c.decode(&request); err != nil {
		return reply{}, err
	}
	if request.Name == nil || *request.Name == "" || request.HeadSHA == nil {
		return reply{}, &Problem{Status: http.StatusUnprocessableEntity, Message: `Invalid request.` + "\n\n" + `"name", "head_sha" weren't supplied.`}
	}
	if err := request.problem(); err != nil {
		return reply{}, err
	}
	if !c.repo.git.has(*request.HeadSHA) {
		return reply{}, &Problem{Status: http.StatusUnprocessableEntity, Message: "No commit found for SHA: " + *request.HeadSHA}
	}
	run := &checkRun{
		id: c.gh.id(), app: c.gh.app, suite: c.gh.suite(c.repo, *request.HeadSHA, c.gh.app), sha: *request.HeadSHA, status: "queued",
		started: c.gh.now(), detailsURL: c.gh.app.externalURL,
	}
	c.repo.runs = append(c.repo.runs, run)
	c.gh.changeRun(run, request)
	c.gh.tellRun(c.repo, run, "created")
	if run.status == "completed" {
		c.gh.tellRun(c.repo, run, "completed")
	}
	if err := c.gh.advanceAt(c.repo, run.sha); err != nil {
		return reply{}, err
	}
	return created(c.gh.runShape(c.repo, run))
}

// updateCheck answers checks/update.
func updateCheck(c *call) (reply, error) {
	run, err := c.run()
	if err != nil {
		return reply{}, err
	}
	if run.app != c.gh.app {
		return reply{}, forbidden("Invalid app_id `" + decimal(c.gh.app.id) + "` - check run can only be modified by the GitHub App that created it.")
	}
	var request checkRequest
	if err := c.decode(&request); err != nil {
		return reply{}, err
	}
	if err := request.problem(); err != nil {
		return reply{}, err
	}
	before := run.status
	c.gh.changeRun(run, request)
	if run.status == "completed" && before != "completed" {
		c.gh.tellRun(c.repo, run, "completed")
	} else {
		c.gh.recordRun(c.repo, run)
	}
	if err := c.gh.advanceAt(c.repo, run.sha); err != nil {
		return reply{}, err
	}
	return ok(c.gh.runShape(c.repo, run))
}

// changeRun applies a request that has been found good.
func (gh *GitHub) changeRun(run *checkRun, r checkRequest) {
	set := func(field *string, value *string) {
		if value != nil {
			*field = *value
		}
	}
	set(&run.name, r.Name)
	set(&run.detailsURL, r.DetailsURL)
	set(&run.externalID, r.ExternalID)
	if r.Status != nil {
		if run.status = *r.Status; run.status != "completed" {
			run.conclusion, run.completed = "", time.Time{}
		}
	}
	if r.Started != nil {
		run.started = r.Started.UTC()
	}
	if r.Conclusion != nil {
		run.status, run.conclusion, run.completed = "completed", *r.Conclusion, gh.now()
		if r.Completed != nil {
			run.completed = r.Completed.UTC()
		}
	}
	if r.Output != nil {
		set(&run.title, r.Output.Title)
		set(&run.summary, r.Output.Summary)
		set(&run.text, r.Output.Text)
		run.annotations = append(run.annotations, r.Output.Annotations...)
	}
	if r.Actions != nil {
		run.actions = r.Actions
	}
}

// suite finds or makes an App's suite on a commit.
func (gh *GitHub) suite(repo *repository, sha string, of *app) *checkSuite {
	for _, found := range repo.suites {
		if found.sha == sha && found.app == of {
			return found
		}
	}
	made := &checkSuite{id: gh.id(), app: of, sha: sha, created: gh.now()}
	for _, held := range repo.pulls() {
		if held.headSHA == sha {
			made.branch = held.head
		}
	}
	for _, queue := range repo.queues {
		for _, entry := range queue.entries {
			if entry.group != nil && entry.group.head == sha {
				made.branch = entry.group.branch
			}
		}
	}
	repo.suites = append(repo.suites, made)
	return made
}

// tellRun records what happened to a run and sends the webhook about it.
func (gh *GitHub) tellRun(repo *repository, run *checkRun, action string) {
	if action == "created" || action == "completed" {
		gh.recordRun(repo, run)
	}
	gh.emitCheck(repo, run, happening{action: action, by: run.app.bot})
}

// recordRun adds the run's state to the history, unless it is there already.
func (gh *GitHub) recordRun(repo *repository, run *checkRun) {
	state := run.status
	if run.conclusion != "" {
		state = run.conclusion
	}
	body := run.name
	if run.title != "" {
		body += ": " + run.title
	}
	event := Event{
		Actor: run.app.bot.login, Kind: "check", Repository: repo.fullName(), Pull: gh.pullAt(repo, run.sha),
		SHA: run.sha, State: state, Body: body,
	}
	if recorded := state + " " + body; run.recorded != recorded {
		run.recorded = recorded
		gh.record(event)
	}
}

// pullAt is the number of the newest pull request with this head or merge
// commit, 0 for none.
func (gh *GitHub) pullAt(repo *repository, sha string) int {
	number := 0
	for _, held := range repo.pulls() {
		if held.headSHA == sha || held.mergeSHA == sha {
			number = held.issue.number
		}
	}
	return number
}

// run finds the check run of a call.
func (c *call) run() (*checkRun, error) {
	id, err := c.number("check_run_id")
	if err != nil {
		return nil, err
	}
	return c.repo.checkRun(id)
}

func (r *repository) checkRun(id int64) (*checkRun, error) {
	for _, found := range r.runs {
		if found.id == id {
			return found, nil
		}
	}
	return nil, notFound()
}

// getCheck answers checks/get.
func getCheck(c *call) (reply, error) {
	run, err := c.run()
	if err != nil {
		return reply{}, err
	}
	return ok(c.gh.runShape(c.repo, run))
}

// listAnnotations answers checks/list-annotations.
func listAnnotations(c *call) (reply, error) {
	run, err := c.run()
	if err != nil {
		return reply{}, err
	}
	return listed(c, run.annotations, func(one annotation) object {
		return object{
			"path": one.Path, "start_line": one.StartLine, "end_line": one.EndLine, "start_column": one.StartColumn,
			"end_column": one.EndColumn, "annotation_level": one.Level, "message": one.Message,
			"title": orNull(one.Title), "raw_details": orNull(one.RawDetails),
			"blob_href": c.gh.web("/%s/blob/%s/%s", c.repo.fullName(), run.sha, one.Path),
		}
	})
}

// listChecks answers checks/list-for-ref. Unless all are asked for it shows the
// newest run of each name and App.
func listChecks(c *call) (reply, error) {
	sha, found := c.repo.git.resolve(c.values["ref"])
	if !found {
		return reply{}, &Problem{Status: http.StatusUnprocessableEntity, Message: "No commit found for SHA: " + c.values["ref"]}
	}
	query := c.query()
	type source struct {
		app  *app
		name string
	}
	seen := map[source]bool{}
	var runs []*checkRun
	for _, run := range slices.Backward(c.repo.runs) {
		newer := seen[source{run.app, run.name}]
		switch {
		case run.sha != sha, query.Has("check_name") && query.Get("check_name") != run.name:
		case newer && query.Get("filter") != "all":
		case query.Has("app_id") && query.Get("app_id") != decimal(run.app.id):
		default:
			seen[source{run.app, run.name}] = true
			if !query.Has("status") || query.Get("status") == run.status {
				runs = append(runs, run)
			}
		}
	}
	return counted(c, runs, "check_runs", func(run *checkRun) object { return c.gh.runShape(c.repo, run) })
}
