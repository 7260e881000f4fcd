package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/trunkline/trunkline/promote"
)

// releaseStatus is how many users have what an environment runs.
type releaseStatus struct {
	// Percent of users that have it, as far as is known, and Asked how many were to have it last.
	Percent int `json:"percent"`
	Asked   int `json:"asked"`
	// Phase of that step.
	Phase string    `json:"phase"`
	By    string    `json:"by,omitempty"`
	Since time.Time `json:"since"`
	Text  string    `json:"text,omitempty"`
	Next  string    `json:"next,omitempty"`
}

// releaseOf is how an environment's release stands; nil: it has none.
func releaseOf(state promote.State, name string) *releaseStatus {
	facts := state.Environments[name]
	r := facts.Release
	if r == nil {
		return nil
	}
	rules, _ := state.Rules.Environment(name)
	s := &releaseStatus{Asked: r.Percent, Phase: string(r.Phase), By: r.By.Login, Since: r.Since, Text: r.Text, Next: promote.NextRelease(rules, facts)}
	if facts.Released != nil {
		s.Percent = facts.Released.Percent
	}
	if r.Phase == promote.ReleaseWatching {
		s.Percent = r.Percent
	}
	return s
}

// print is the release in a line.
func (r releaseStatus) print(out io.Writer) {
	text := fmt.Sprintf("released to %d%% of users, %s", r.Percent, r.Phase)
	switch promote.ReleasePhase(r.Phase) {
	case promote.ReleaseFailed:
		text = fmt.Sprintf("unknown, asked %d%%: failed", r.Asked)
	case promote.ReleaseDone:
		text = fmt.Sprintf("released to %d%% of users", r.Percent)
	case promote.ReleaseWaiting, promote.ReleaseRunning:
		text = fmt.Sprintf("released to %d%% of users, %d%% %s", r.Percent, r.Asked, r.Phase)
	}
	if r.Text != "" {
		text += ": " + strings.TrimRight(r.Text, ".\n ")
	}
	if r.Next != "" {
		text += "; next " + r.Next
	}
	fmt.Fprintf(out, "  %s\n", plain(text))
}
