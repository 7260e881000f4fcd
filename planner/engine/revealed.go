package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/trunkline/trunkline/planner/process"
)

// Revealer is an engine that can tell sensitive values which only an apply has made, see [Plan.Reveals].
type Revealer interface {
	// Revealed returns the values of outputs that are sensitive, of an instance that was applied.
	Revealed(ctx context.Context, work Work) ([]string, error)
}

// Revealed reads the outputs. The file in between holds them, so it goes at once.
func (t *terraform) Revealed(ctx context.Context, work Work) ([]string, error) {
	ctx, cancel := work.within(ctx)
	defer cancel()
	output := work.scratch("outputs.json")
	defer func() {
		if err := os.Remove(output); err != nil && !errors.Is(err, fs.ErrNotExist) {
			_ = os.Truncate(output, 0)
		}
	}()
	run := t.command(work, "output", "output", "-json", "-no-color")
	run.Output, run.Copy = output, nil
	result, err := process.Run(ctx, run)
	if err != nil {
		return nil, t.settings.stopped(ctx, "output", err, result, work)
	}
	if result.ExitCode != 0 {
		return nil, t.settings.failure("output", result.Log, work)
	}
	text, err := os.ReadFile(output)
	if err != nil {
		return nil, fmt.Errorf("read the outputs of %s: %w", work.Instance.Name(), err)
	}
	var outputs map[string]struct {
		Sensitive bool `json:"sensitive"`
		Value     any  `json:"value"`
	}
	if err := decodeExactly(text, &outputs); err != nil {
		return nil, fmt.Errorf("read the outputs of %s: %w", work.Instance.Name(), err)
	}
	var plan Plan
	reader := planReader{plan: &plan}
	for _, output := range outputs {
		if output.Sensitive {
			reader.secret(output.Value)
		}
	}
	return plan.Secrets, nil
}
