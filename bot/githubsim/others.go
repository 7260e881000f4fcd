package githubsim

import (
	"fmt"
	"slices"
	"strings"
)

// otherApp finds or makes another App on this GitHub, by its slug.
func (gh *GitHub) otherApp(slug string) *app {
	slug = strings.ToLower(slug)
	for _, found := range gh.others {
		if found.slug == slug {
			return found
		}
	}
	made := &app{
		id: gh.id(), slug: slug, name: slug, externalURL: gh.web("/apps/%s", slug), created: gh.now(),
		permissions: map[string]string{"checks": "write", "metadata": "read"}, events: []string{},
	}
	made.owner = gh.account(slug, "Organization")
	made.bot = gh.account(slug+"[bot]", "Bot")
	gh.others = append(gh.others, made)
	return made
}

// CheckReport is what another App says about a commit.
type CheckReport struct {
	App  string // its slug
	SHA  string
	Name string
	// State is queued or in_progress, or how it ended, such as success or failure.
	State string
}

// ReportCheck lets another App report on a commit. A check run that has ended is
// followed by another one.
func (gh *GitHub) ReportCheck(fullName string, report CheckReport) error {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	repo, err := gh.repo(fullName)
	if err != nil {
		return err
	}
	if !repo.git.has(report.SHA) {
		return invalidCheck("head_sha", "No commit found for SHA: "+report.SHA)
	}
	request := checkRequest{Name: &report.Name, HeadSHA: &report.SHA}
	if slices.Contains(checkStatuses, report.State) && report.State != "completed" {
		request.Status = &report.State
	} else {
		request.Conclusion = &report.State
	}
	if err := request.problem(); err != nil {
		return err
	}
	by := gh.otherApp(report.App)
	run := repo.newestRun(by, report.SHA, report.Name)
	if run == nil || run.status == "completed" {
		run = &checkRun{id: gh.id(), app: by, suite: gh.suite(repo, report.SHA, by), sha: report.SHA, status: "queued", started: gh.now()}
		repo.runs = append(repo.runs, run)
		gh.changeRun(run, request)
		gh.tellRun(repo, run, "created")
	} else {
		gh.changeRun(run, request)
	}
	if run.status == "completed" {
		gh.tellRun(repo, run, "completed")
	}
	return gh.advanceAt(repo, report.SHA)
}

func (r *repository) newestRun(by *app, sha, name string) *checkRun {
	for _, run := range slices.Backward(r.runs) {
		if run.app == by && run.sha == sha && run.name == name {
			return run
		}
	}
	return nil
}

// coAuthors are the trailers that GitHub puts under a commit into which those of
// several people are squashed.
func (d gitDir) coAuthors(base, head string, author *account) (string, error) {
	shas, err := d.list("--reverse", "--topo-order", base+".."+head)
	if err != nil {
		return "", err
	}
	trailers := ""
	for _, sha := range shas {
		info, err := d.info(sha)
		if err != nil {
			return "", err
		}
		line := fmt.Sprintf("Co-authored-by: %s <%s>\n", info.author.name, info.author.email)
		if info.author.email != author.email() && !strings.Contains(trailers, line) {
			trailers += line
		}
	}
	if trailers != "" {
		trailers = "\n" + trailers
	}
	return trailers, nil
}
