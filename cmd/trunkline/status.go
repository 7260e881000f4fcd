package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/trunkline/trunkline/promote"
)

// statusCommand prints what runs where.
func statusCommand() *cobra.Command {
	var where looking
	var asJSON bool
	command := &cobra.Command{
		Use:   "status",
		Short: "Print what each environment runs, since when, and what its next step waits for",
		Long: `Print what each environment runs, since when, how far it is behind trunk, and what its next step waits for, from the
server's database, which may be at work.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			opened, err := where.open(command)
			if err != nil {
				return err
			}
			defer opened.Close()
			looked, err := opened.Look(command.Context(), where.repository)
			if err != nil {
				return wrongSetting{err}
			}
			status := statusOf(looked.Repository.Owner+"/"+looked.Repository.Name, looked.State)
			if asJSON {
				encoder := json.NewEncoder(command.OutOrStdout())
				encoder.SetEscapeHTML(false)
				encoder.SetIndent("", "  ")
				return encoder.Encode(status)
			}
			return status.print(command)
		},
	}
	where.flags(command)
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command
}

// status is one repository at a glance.
type status struct {
	Repository string `json:"repository"`
	// Trunk is the tip.
	Trunk        string              `json:"trunk"`
	Problems     []string            `json:"problems,omitempty"`
	Environments []environmentStatus `json:"environments"`
}

type environmentStatus struct {
	Name string `json:"name"`
	Runs string `json:"runs"`
	// Pull request that the commit came from; 0: it was pushed, or was there before.
	Pull int `json:"pull,omitempty"`
	// Since is when it succeeded there; absent for what was there before.
	Since *time.Time `json:"since,omitempty"`
	// Behind is how many commits of trunk it lacks.
	Behind int `json:"behind"`
	// To is the commit of the next step, or of the deployment under way.
	To    string       `json:"to,omitempty"`
	Phase string       `json:"phase"`
	Gates []gateStatus `json:"gates,omitempty"`
	// Overdue says by what, where it is.
	Overdue string   `json:"overdue,omitempty"`
	LeftOut []string `json:"left_out,omitempty"`
	// Release is how many users have what it runs, where that is not all with the deployment.
	Release *releaseStatus `json:"release,omitempty"`
}

type gateStatus struct {
	Gate    string     `json:"gate"`
	Open    bool       `json:"open"`
	Text    string     `json:"text"`
	OpensAt *time.Time `json:"opens_at,omitempty"`
	Command string     `json:"command,omitempty"`
	Who     string     `json:"who,omitempty"`
}

func statusOf(repository string, state promote.State) status {
	s := status{Repository: repository, Environments: []environmentStatus{}}
	if len(state.Trunk) > 0 {
		s.Trunk = state.Trunk[len(state.Trunk)-1].SHA
	}
	for _, problem := range state.Problems {
		s.Problems = append(s.Problems, problem.Error())
	}
	for _, decision := range promote.Decide(state) {
		s.Environments = append(s.Environments, environmentOf(state, decision))
	}
	return s
}

func environmentOf(state promote.State, decision promote.Decision) environmentStatus {
	facts := state.Environments[decision.Environment]
	e := environmentStatus{Name: decision.Environment, Runs: facts.Runs, Phase: "converged"}
	for i, commit := range state.Trunk {
		if commit.SHA == facts.Runs {
			e.Pull, e.Behind = commit.Pull, len(state.Trunk)-1-i
		}
	}
	if !facts.Since.IsZero() {
		e.Since = &facts.Since
	}
	switch last := facts.Last; {
	case last != nil && last.Phase.Live():
		e.Phase, e.To = string(last.Phase), last.To
	case decision.Promotion != nil:
		e.Phase, e.To = "waiting", decision.Promotion.To.SHA
	case e.Behind > 0:
		e.Phase = "waiting"
	}
	for _, gate := range decision.Gates {
		one := gateStatus{Gate: gate.Name, Open: gate.Open, Text: gate.Text, Command: gate.Command, Who: gate.Who}
		if !gate.OpensAt.IsZero() {
			one.OpensAt = &gate.OpensAt
		}
		e.Gates = append(e.Gates, one)
	}
	e.Release = releaseOf(state, decision.Environment)
	if decision.Overdue != nil {
		e.Overdue = decision.Overdue.Text(decision.Environment, state.Now.UTC())
	}
	for _, left := range facts.LeftOut {
		e.LeftOut = append(e.LeftOut, left.Component)
	}
	return e
}

func (s status) print(command *cobra.Command) error {
	out := command.OutOrStdout()
	fmt.Fprintf(out, "%s, trunk at %s\n\n", s.Repository, orDash(promote.Short(s.Trunk)))
	for _, problem := range s.Problems {
		fmt.Fprintf(out, "nothing moves: %s\n", plain(problem))
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ENVIRONMENT\tRUNS\tSINCE\tBEHIND\tNEXT")
	for _, e := range s.Environments {
		since := "–"
		if e.Since != nil {
			since = e.Since.UTC().Format("2006-01-02 15:04Z")
		}
		runs := promote.Short(e.Runs)
		if e.Pull != 0 {
			runs += fmt.Sprintf(" #%d", e.Pull)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\n", e.Name, runs, since, e.Behind, e.next())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, e := range s.Environments {
		e.detail(command)
	}
	return nil
}

// next is what happens next, in a few words.
func (e environmentStatus) next() string {
	to := ""
	if e.To != "" {
		to = promote.Short(e.To) + " "
	}
	closed := 0
	for _, gate := range e.Gates {
		if !gate.Open {
			closed++
		}
	}
	switch {
	case e.Phase == "converged":
		return "–"
	case e.Phase != "waiting":
		return to + e.Phase
	case closed == 1:
		return to + "waits for 1 gate"
	}
	return fmt.Sprintf("%swaits for %d gates", to, closed)
}

// detail tells of an environment what the table has no room for.
func (e environmentStatus) detail(command *cobra.Command) {
	out := command.OutOrStdout()
	if len(e.Gates) == 0 && e.Overdue == "" && len(e.LeftOut) == 0 && e.Release == nil {
		return
	}
	fmt.Fprintf(out, "\n%s\n", e.Name)
	if e.Overdue != "" {
		fmt.Fprintf(out, "  ! %s\n", plain(e.Overdue))
	}
	if len(e.LeftOut) > 0 {
		fmt.Fprintf(out, "  ! stays as it is: %s\n", plain(strings.Join(e.LeftOut, ", ")))
	}
	if e.Release != nil {
		e.Release.print(out)
	}
	for _, gate := range e.Gates {
		mark, more := "open  ", ""
		if !gate.Open {
			mark = "closed"
			if gate.OpensAt != nil {
				more += ", asked again " + gate.OpensAt.UTC().Format("2006-01-02 15:04Z")
			}
			if gate.Command != "" {
				more += ": " + gate.Command
			}
		}
		fmt.Fprintf(out, "  %s  %s%s\n", mark, plain(gate.Text), more)
	}
}

// plain is text of other people without what would move a terminal's cursor.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}
