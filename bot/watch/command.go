package watch

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/promote"
)

// grace is how long a command that hangs has to end when it is asked to, and when it is told to.
const grace = 5 * time.Second

// run runs a command. Its value is the number that is its last line of output.
func run(ctx context.Context, watch config.Watch, command process.Command) promote.Observation {
	command.Limits.Timeout, command.Limits.Interrupt, command.Limits.Terminate = watch.Timeout, grace, grace
	result, err := process.Run(ctx, command)
	if err != nil {
		return promote.Observation{Unreachable: strings.TrimSpace(fmt.Sprintf("%v\n%s", err, end(result.Log)))}
	}
	seen := promote.Observation{Status: result.ExitCode, Readings: []promote.Reading{{Value: printed(result.Log)}}}
	if result.ExitCode != 0 || watch.FailIf != nil && math.IsNaN(seen.Readings[0].Value) {
		seen.Said = end(result.Log)
	}
	return seen
}

// printed is the number in the last line of a text; NaN: there is none.
func printed(text string) float64 {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	number, err := strconv.ParseFloat(strings.TrimSpace(lines[len(lines)-1]), 64)
	if err != nil {
		return math.NaN()
	}
	return number
}

// end is the end of what a command wrote.
func end(text string) string {
	text = strings.ToValidUTF8(strings.TrimSpace(text), "�")
	if letters := []rune(text); len(letters) > mostSaid {
		return "…" + string(letters[len(letters)-mostSaid:])
	}
	return text
}
