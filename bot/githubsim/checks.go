package githubsim

import (
	"fmt"
	"slices"
	"time"
)

// checkSuite gathers an App's check runs on one commit.
type checkSuite struct {
	id      int64
	app     *app
	sha     string
	branch  string
	created time.Time
}

// checkRun is a check run of the App, or of another one.
type checkRun struct {
	id          int64
	app         *app
	suite       *checkSuite
	sha         string
	name        string
	detailsURL  string
	externalID  string
	status      string
	conclusion  string
	started     time.Time
	completed   time.Time
	title       string
	summary     string
	text        string
	annotations []annotation
	actions     []checkAction
	// recorded is the state that the history has last.
	recorded string
}

type annotation struct {
	Path        string `json:"path"`
	StartLine   int    `json:"start_line"`
	EndLine     int    `json:"end_line"`
	StartColumn *int   `json:"start_column"`
	EndColumn   *int   `json:"end_column"`
	Level       string `json:"annotation_level"`
	Message     string `json:"message"`
	Title       string `json:"title"`
	RawDetails  string `json:"raw_details"`
}

type checkAction struct {
	Label       string `json:"label"`
	Description string `json:"description"`
	Identifier  string `json:"identifier"`
}

// checkRequest is what checks/create and checks/update take. What is nil is left
// as it is.
type checkRequest struct {
	Name       *string    `json:"name"`
	HeadSHA    *string    `json:"head_sha"`
	DetailsURL *string    `json:"details_url"`
	ExternalID *string    `json:"external_id"`
	Status     *string    `json:"status"`
	Conclusion *string    `json:"conclusion"`
	Started    *time.Time `json:"started_at"`
	Completed  *time.Time `json:"completed_at"`
	Output     *struct {
		Title       *string      `json:"title"`
		Summary     *string      `json:"summary"`
		Text        *string      `json:"text"`
		Annotations []annotation `json:"annotations"`
	} `json:"output"`
	Actions []checkAction `json:"actions"`
}

const (
	outputLimit     = 65535
	annotationLimit = 50
	actionLimit     = 3
)

var (
	checkStatuses    = []string{"queued", "in_progress", "completed"}
	checkConclusions = []string{"success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required"}
	annotationLevels = []string{"notice", "warning", "failure"}
)

// problem says what GitHub would refuse the request for.
func (r *checkRequest) problem() error {
	if r.Status != nil && !slices.Contains(checkStatuses, *r.Status) {
		return invalidCheck("status", fmt.Sprintf("%s is not a member of %v", *r.Status, checkStatuses))
	}
	if r.Conclusion != nil && !slices.Contains(checkConclusions, *r.Conclusion) {
		return invalidCheck("conclusion", fmt.Sprintf("%s is not a member of %v", *r.Conclusion, checkConclusions))
	}
	if r.Conclusion == nil && (r.Completed != nil || r.Status != nil && *r.Status == "completed") {
		return invalidCheck("conclusion", "conclusion is required when the check run is completed")
	}
	if err := r.outputProblem(); err != nil {
		return err
	}
	return r.actionProblem()
}

func (r *checkRequest) outputProblem() error {
	out := r.Output
	switch {
	case out == nil:
		return nil
	case out.Summary == nil:
		return invalidCheck("output", "summary wasn't supplied")
	case len(*out.Summary) > outputLimit:
		return invalidCheck("summary", "summary exceeds a maximum bytesize of 65535")
	case out.Text != nil && len(*out.Text) > outputLimit:
		return invalidCheck("text", "text exceeds a maximum bytesize of 65535")
	case len(out.Annotations) > annotationLimit:
		return invalidCheck("annotations", fmt.Sprintf("No more than 50 items are allowed; %d were supplied", len(out.Annotations)))
	}
	for _, one := range out.Annotations {
		switch {
		case one.Path == "" || one.Message == "" || one.StartLine < 1 || one.EndLine < one.StartLine:
			return invalidCheck("annotations", "path, start_line, end_line and message are required")
		case !slices.Contains(annotationLevels, one.Level):
			return invalidCheck("annotation_level", one.Level+" is not a level")
		case one.StartLine != one.EndLine && (one.StartColumn != nil || one.EndColumn != nil):
			return invalidCheck("annotations", "columns are allowed only on a single line")
		}
	}
	return nil
}

func (r *checkRequest) actionProblem() error {
	if len(r.Actions) > actionLimit {
		return invalidCheck("actions", "No more than 3 items are allowed")
	}
	for _, one := range r.Actions {
		if one.Label == "" || len(one.Label) > 20 || len(one.Description) > 40 || one.Identifier == "" || len(one.Identifier) > 20 {
			return invalidCheck("actions", "label and identifier have 20 characters at most, description 40")
		}
	}
	return nil
}

func invalidCheck(field, message string) *Problem {
	return invalid("CheckRun", field, "invalid", message)
}
