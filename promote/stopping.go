package promote

import (
	"fmt"
	"strings"
)

// Retried is the commit of the last deployment in an environment, if that failed or was stopped and is not in place by now; or
// why there is nothing to try again.
func Retried(state State, name string) (to string, refusal *Refusal) {
	environment := state.Environments[name]
	last := environment.Last
	rule := "What failed or was stopped is tried again."
	switch {
	case last == nil:
		return "", &Refusal{rule, fmt.Sprintf("Nothing was deployed in %s yet.", name), "`/promote " + name + "`"}
	case last.Phase.Live():
		return "", &Refusal{rule, fmt.Sprintf("%s is being brought to %s right now.", name, code(last.To)), "`/status`"}
	case environment.Rollback != nil:
		return "", &Refusal{rule, fmt.Sprintf("%s is to go back to %s, which waits.", name, code(environment.Rollback.To)), "`/status`"}
	case last.Phase != Failed && last.Phase != Aborted:
		return "", &Refusal{rule, fmt.Sprintf("The last deployment in %s, of %s, neither failed nor was stopped.", name, code(last.To)), "`/promote " + name + "`"}
	}
	return last.To, nil
}

// Stoppable is what a person may stop in an environment: the deployment under way, or the request that waits. Both are nil
// with the reason why there is neither. A rollback that waits is taken back like a request.
func Stoppable(state State, name string) (live *Deployment, waits *Request, refusal *Refusal) {
	environment := state.Environments[name]
	if last := environment.Last; last != nil && last.Phase.Live() {
		return last, environment.Request, nil
	}
	if environment.Request != nil {
		return nil, environment.Request, nil
	}
	if back := environment.Rollback; back != nil {
		return nil, &Request{Environment: name, To: back.To, By: back.By, At: back.At}, nil
	}
	return nil, nil, &Refusal{"What is under way is stopped, and what somebody asked for is taken back.", fmt.Sprintf("In %s there is neither.", name),
		fmt.Sprintf("To keep %s as it is, `/hold %s because <reason>`.", name, name)}
}

// Outlook is what an environment still waits for, in a sentence for a person who has just changed something; empty: for
// nothing.
func Outlook(decision Decision) string {
	name := decision.Environment
	if decision.Start != nil || len(decision.Waits) == 0 {
		return ""
	}
	reasons := make([]string, len(decision.Waits))
	for i, reason := range decision.Waits {
		reasons[i] = reason.Text
	}
	return fmt.Sprintf("%s waits: %s.", name, strings.Join(reasons, "; "))
}

// ShownOn is the pull request whose comment tells of a range: the newest that is in it. 0: there is none.
func ShownOn(state State, from, to string) (pull int) {
	state = state.indexed()
	first, _ := state.commit(from)
	last, _ := state.commit(to)
	if last.Position < first.Position {
		first, last = last, first // a rollback
	}
	for _, commit := range state.between(first, last).Commits {
		if commit.Pull != 0 {
			pull = commit.Pull
		}
	}
	return pull
}
