// Package scan reads what scanners report, in SARIF 2.1.0, the format that most of them share.
//
// It takes what a reviewer needs: level, message, rule, and the place in the repository. Levels follow the format's own
// rules: the result's, else that of the rule that it names, else warning. An error denies, a warning warns, a note is a
// note; what was suppressed, or is no failure at all, is left out.
//
// A report comes from a program that ran over code of a pull request, so nothing in it is believed: a place outside of
// the repository is no place, and whatever is not SARIF is an error, not an empty report.
package scan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/trunkline/trunkline/planner"
)

// MaxReport is the largest report that is read, in bytes.
const MaxReport = 32 << 20

// log is a SARIF log, as far as it is used.
type log struct {
	Version string `json:"version"`
	Runs    []run  `json:"runs"`
}

type run struct {
	Tool struct {
		Driver     component   `json:"driver"`
		Extensions []component `json:"extensions"`
	} `json:"tool"`
	Bases       map[string]artifactLocation `json:"originalUriBaseIds"`
	Artifacts   []artifact                  `json:"artifacts"`
	Invocations []invocation                `json:"invocations"`
	Results     []result                    `json:"results"`
}

type component struct {
	Name  string `json:"name"`
	Rules []rule `json:"rules"`
	// Messages are shared by rules.
	Messages map[string]message `json:"globalMessageStrings"`
}

type rule struct {
	ID       string             `json:"id"`
	Short    message            `json:"shortDescription"`
	Messages map[string]message `json:"messageStrings"`
	Default  struct {
		Level string `json:"level"`
	} `json:"defaultConfiguration"`
}

type message struct {
	Text      string   `json:"text"`
	ID        string   `json:"id"`
	Arguments []string `json:"arguments"`
}

type artifact struct {
	Location artifactLocation `json:"location"`
}

type artifactLocation struct {
	URI    string `json:"uri"`
	BaseID string `json:"uriBaseId"`
	Index  *int   `json:"index"`
}

type invocation struct {
	Successful    *bool `json:"executionSuccessful"`
	Notifications []struct {
		Level   string  `json:"level"`
		Message message `json:"message"`
	} `json:"toolExecutionNotifications"`
}

type result struct {
	RuleID    string         `json:"ruleId"`
	RuleIndex *int           `json:"ruleIndex"`
	Rule      *ruleReference `json:"rule"`
	Kind      string         `json:"kind"`
	Level     string         `json:"level"`
	Message   message        `json:"message"`
	Locations []struct {
		Physical struct {
			Artifact artifactLocation `json:"artifactLocation"`
			Region   struct {
				StartLine int `json:"startLine"`
				EndLine   int `json:"endLine"`
			} `json:"region"`
		} `json:"physicalLocation"`
	} `json:"locations"`
	Suppressions []struct {
		Status string `json:"status"`
	} `json:"suppressions"`
	Baseline string `json:"baselineState"`
}

type ruleReference struct {
	ID        string `json:"id"`
	Index     *int   `json:"index"`
	Component *struct {
		Index *int `json:"index"`
	} `json:"toolComponent"`
}

// Read reads a report about the files under the roots, which are absolute names of one directory.
func Read(from io.Reader, roots ...string) ([]planner.Finding, error) {
	text, err := io.ReadAll(io.LimitReader(from, MaxReport+1))
	if err != nil {
		return nil, err
	}
	if len(text) > MaxReport {
		return nil, fmt.Errorf("the report has more than %d MiB", MaxReport>>20)
	}
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	if len(text) == 0 {
		return nil, errors.New("there is no report")
	}
	var report log
	if err := json.Unmarshal(text, &report); err != nil {
		return nil, fmt.Errorf("the report is not SARIF: %w", err)
	}
	if !strings.HasPrefix(report.Version, "2.1") {
		return nil, fmt.Errorf("the report is not SARIF 2.1.0: its version is %q", report.Version)
	}
	if report.Runs == nil {
		return nil, errors.New("the report is not SARIF: it has no runs")
	}
	var findings []planner.Finding
	for _, run := range report.Runs {
		for _, result := range run.Results {
			if finding, shown := run.finding(result, roots); shown {
				findings = append(findings, finding)
			}
		}
		findings = append(findings, run.failures()...)
	}
	return findings, nil
}

// finding is what the result says, and whether it is to be shown.
func (r run) finding(result result, roots []string) (planner.Finding, bool) {
	rule := r.ruleOf(result)
	level := levelOf(result, rule)
	if level == "" || suppressed(result) || result.Baseline == "absent" {
		return planner.Finding{}, false
	}
	finding := planner.Finding{Level: level, Rule: rule.ID, Message: r.text(result.Message, rule)}
	if len(result.Locations) > 0 {
		place := result.Locations[0].Physical
		if finding.File = r.file(place.Artifact, roots); finding.File != "" && place.Region.StartLine > 0 {
			finding.Line = place.Region.StartLine
			finding.EndLine = max(place.Region.StartLine, place.Region.EndLine)
		}
	}
	return finding, true
}

// ruleOf finds the rule that the result names in one of three ways; one with no more than the name where the report
// does not describe it.
func (r run) ruleOf(result result) rule {
	tool, index, id := r.Tool.Driver, result.RuleIndex, result.RuleID
	if reference := result.Rule; reference != nil {
		if reference.Index != nil {
			index = reference.Index
		}
		if id == "" {
			id = reference.ID
		}
		if c := reference.Component; c != nil && c.Index != nil && *c.Index >= 0 && *c.Index < len(r.Tool.Extensions) {
			tool = r.Tool.Extensions[*c.Index]
		}
	}
	if index != nil && *index >= 0 && *index < len(tool.Rules) {
		found := tool.Rules[*index]
		if id != "" { // it may name a part of the rule: CA1000/1
			found.ID = id
		}
		return found
	}
	for _, candidate := range tool.Rules {
		if candidate.ID == id && id != "" {
			return candidate
		}
	}
	return rule{ID: id}
}

// levelOf is "" for what is no failure.
func levelOf(result result, rule rule) planner.Level {
	level := result.Level
	if level == "" {
		switch result.Kind {
		case "pass", "notApplicable":
			return ""
		case "informational", "open", "review":
			return planner.Note
		}
		level = rule.Default.Level
	}
	switch level {
	case "error":
		return planner.Deny
	case "note":
		return planner.Note
	case "none":
		return ""
	default:
		return planner.Warn
	}
}

// suppressed tells whether someone has said that it is all right.
func suppressed(result result) bool {
	for _, suppression := range result.Suppressions {
		if suppression.Status == "underReview" || suppression.Status == "rejected" {
			return false
		}
	}
	return len(result.Suppressions) > 0
}

// text is the message, which may stand with the rule or with the tool, with its arguments put in.
func (r run) text(said message, rule rule) string {
	text := said.Text
	for _, shared := range []map[string]message{rule.Messages, r.Tool.Driver.Messages} {
		if text == "" && said.ID != "" {
			text = shared[said.ID].Text
		}
	}
	for _, other := range []string{rule.Short.Text, rule.ID, "The scanner does not say what is wrong."} {
		if strings.TrimSpace(text) == "" {
			text = other
		}
	}
	if len(said.Arguments) == 0 {
		return strings.TrimSpace(text)
	}
	pairs := []string{"{{", "{", "}}", "}"}
	for i, argument := range said.Arguments[:min(len(said.Arguments), 100)] {
		pairs = append(pairs, fmt.Sprintf("{%d}", i), argument)
	}
	return strings.TrimSpace(strings.NewReplacer(pairs...).Replace(text))
}

// failures are of the scanner itself: where it says that it could not do its work, nothing found means nothing.
func (r run) failures() (findings []planner.Finding) {
	for _, invocation := range r.Invocations {
		if invocation.Successful == nil || *invocation.Successful {
			continue
		}
		said := strings.TrimSpace(r.Tool.Driver.Name + " did not end well")
		for _, notification := range invocation.Notifications {
			if notification.Level == "error" && notification.Message.Text != "" {
				said += ": " + notification.Message.Text
				break
			}
		}
		findings = append(findings, planner.Finding{Level: planner.Broken, Message: said})
	}
	return findings
}
