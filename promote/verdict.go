package promote

import (
	"fmt"
	"strings"
	"time"

	"github.com/trunkline/trunkline/config"
)

const (
	// jobPatience is how long GitHub lets a job wait before it fails it.
	jobPatience = 30 * 24 * time.Hour
	// jobWarning is how long before that people are told.
	jobWarning = 3 * 24 * time.Hour
)

// Verdicts are what jobs that wait are to be told now, by their ids. A job goes exactly when its environment is being brought
// to its commit, or was; it is refused where that cannot come any more, and waits otherwise.
func Verdicts(state State, jobs []Job) map[int64]Verdict {
	state = state.indexed()
	decisions := map[string]Decision{}
	for _, decision := range Decide(state) {
		decisions[decision.Environment] = decision
	}
	verdicts := map[int64]Verdict{}
	for _, job := range jobs {
		rules, _ := OnGitHub(state.Rules, job.Environment)
		verdict := refusedAnywhere(state, job, rules)
		if verdict == nil {
			waiting := jobQuestion{state: &state, job: job, rules: rules, environment: state.Environments[rules.Name], decision: decisions[rules.Name]}
			found := waiting.verdict()
			verdict = &found
		}
		verdicts[job.ID] = verdict.warned(state, job)
	}
	return verdicts
}

// OnGitHub is the environment that one of GitHub stands for; false: none of ours.
func OnGitHub(rules config.Repository, name string) (config.Environment, bool) {
	for _, environment := range rules.Environments {
		if strings.EqualFold(environment.GitHubName(), name) {
			return environment, true
		}
	}
	return config.Environment{}, false
}

// refusedAnywhere is the verdict on a job that the environment's own state says nothing about; nil: it is asked.
func refusedAnywhere(state State, job Job, rules config.Environment) *Verdict {
	name := rules.Name
	switch {
	case job.Ours:
		return &Verdict{JobApproved, 0, "Trunkline started this run itself."}
	case job.MaybeOurs && state.Rules.RunnerOf(name).Kind != config.RunnerJobs:
		return &Verdict{} // which is known in a moment
	case len(state.Problems) > 0:
		return &Verdict{JobWaits, 0, "The configuration on trunk has an error; nothing moves until it is mended."}
	case len(state.Environments) == 0:
		return &Verdict{JobWaits, 0, "Trunk is being read."}
	case name == "":
		return &Verdict{JobRejected, 0, fmt.Sprintf("%s is no environment in %s.", job.Environment, config.Path)}
	case state.Rules.RunnerOf(name).Kind != config.RunnerJobs:
		return &Verdict{JobRejected, 0, fmt.Sprintf("Trunkline deploys to %s by itself, and two would get in each other's way. "+
			"If jobs of your workflows are to do it, write `runner: jobs` for it in %s.", name, config.Path)}
	case job.Elsewhere:
		return &Verdict{JobRejected, 0, fmt.Sprintf("%s is not on trunk, and only commits of trunk go to %s.", Short(job.SHA), name)}
	case job.Position == 0:
		return &Verdict{JobWaits, 0, fmt.Sprintf("%s is looked for on trunk.", Short(job.SHA))}
	}
	return nil
}

// jobQuestion is a job with the environment that it waits for.
type jobQuestion struct {
	state       *State
	job         Job
	rules       config.Environment
	environment Environment
	decision    Decision
}

func (q jobQuestion) verdict() Verdict {
	last := q.environment.Last
	if last != nil && last.Phase.Live() {
		return q.whileDeploying(*last)
	}
	name, sha := q.rules.Name, Short(q.job.SHA)
	runs, _ := q.state.commit(q.environment.Runs)
	next := q.decision.Promotion
	switch {
	case last != nil && last.To == q.job.SHA && last.Phase == Aborted && !q.job.Heard.After(last.Finished):
		who := "somebody"
		if last.Failure != nil {
			who = strings.TrimSuffix(strings.SplitN(last.Failure.Message, " stopped", 2)[0], ".")
		}
		return Verdict{JobRejected, 0, fmt.Sprintf("%s stopped the deployment of %s to %s.", who, sha, name)}
	case q.environment.Runs == q.job.SHA && (last == nil || last.To == q.job.SHA || !last.Touched):
		return q.again()
	case next != nil && next.To.SHA == q.job.SHA:
		return q.waits()
	case q.environment.Rollback != nil && q.environment.Rollback.To == q.job.SHA:
		return q.waits()
	case q.job.Position < runs.Position:
		return Verdict{JobRejected, 0, fmt.Sprintf("%s runs %s, which is newer than %s. To go back: `/rollback %s to %s`.", name, Short(runs.SHA), sha, name, sha)}
	case next != nil && !next.Back && q.job.Position < next.To.Position:
		return q.superseded(next.To)
	}
	return q.waits()
}

// whileDeploying is the verdict while the environment is being brought to a commit.
func (q jobQuestion) whileDeploying(live Deployment) Verdict {
	name := q.rules.Name
	to, _ := q.state.commit(live.To)
	switch {
	case live.To == q.job.SHA && !live.letsGo():
		return Verdict{} // its gates are open, and what comes before the jobs is being done
	case live.To == q.job.SHA:
		return Verdict{JobApproved, live.ID, fmt.Sprintf("%s is brought to %s.", name, Short(q.job.SHA))}
	case live.Rollback:
		return Verdict{JobWaits, 0, fmt.Sprintf("%s goes back to %s.", name, Short(live.To))}
	case q.job.Position < to.Position:
		return q.superseded(to)
	}
	return Verdict{JobWaits, 0, fmt.Sprintf("%s is being brought to %s first.", name, Short(live.To))}
}

// letsGo tells whether the deployment has come to where jobs deploy.
func (d Deployment) letsGo() bool {
	_, begun := d.Step(StepJobs, "", JobsStep)
	return begun && (d.Phase == Applying || d.Phase == Verifying)
}

// again is the verdict on a job that deploys once more what the environment runs.
func (q jobQuestion) again() Verdict {
	for _, hold := range q.environment.Holds {
		if len(hold.Components) == 0 && hold.active(q.state.Now) {
			return Verdict{JobWaits, 0, fmt.Sprintf("%s. (`/unhold %s`)", hold.text(q.rules.Name, q.state.Rules.Zone), q.rules.Name)}
		}
	}
	return Verdict{JobApproved, 0, fmt.Sprintf("%s runs %s already.", q.rules.Name, Short(q.job.SHA))}
}

func (q jobQuestion) superseded(by Commit) Verdict {
	commit, _ := q.state.commit(q.job.SHA)
	if commit.SHA == "" {
		commit = Commit{SHA: q.job.SHA}
	}
	return Verdict{JobRejected, 0, fmt.Sprintf("%s rides with %s, whose own job deploys both to %s.", commit.named(), by.named(), q.rules.Name)}
}

// waits says what the environment waits for, and what would help.
func (q jobQuestion) waits() Verdict {
	reasons := q.decision.Waits
	commit, seen := q.state.commit(q.job.SHA)
	if next := q.decision.Promotion; seen && (next == nil || next.To.Position < commit.Position) {
		if upstream := upstream(*q.state, q.rules, commit); len(upstream) > 0 {
			reasons = upstream
		} else if next != nil {
			reasons = afterAnother(*q.state, commit, q.rules.Name, *next)
		}
	}
	text := fmt.Sprintf("%s waits for its turn in %s.", Short(q.job.SHA), q.rules.Name)
	if len(reasons) > 0 {
		text = fmt.Sprintf("%s may not go to %s yet:", Short(q.job.SHA), q.rules.Name)
	}
	for _, reason := range reasons {
		text += "\n- " + reason.Text
		if reason.Command != "" {
			text += fmt.Sprintf(" (`%s`)", reason.Command)
		}
	}
	return Verdict{JobWaits, 0, text}
}

// warned adds to the verdict on a job that waits when GitHub will fail it, before it does.
func (v Verdict) warned(state State, job Job) Verdict {
	ends := job.Asked.Add(jobPatience)
	if v.Text != "" && v.Answer == JobWaits && !job.Asked.IsZero() && !state.Now.Before(ends.Add(-jobWarning)) {
		v.Text += fmt.Sprintf("\nGitHub lets a job wait for 30 days: this one fails at %s. It can be run again then.", ends.UTC().Format("2006-01-02 15:04 UTC"))
	}
	return v
}

// WarnsAt is when a job that waits is to be told that its time runs out; zero: never.
func (j Job) WarnsAt() time.Time {
	if j.Asked.IsZero() || j.Phase != JobWaiting || j.Answer != JobWaits {
		return time.Time{}
	}
	return j.Asked.Add(jobPatience - jobWarning)
}
