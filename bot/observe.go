package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"path/filepath"

	"github.com/trunkline/trunkline/bot/watch"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/deploy"
)

// observing looks at what the watches of a commit watch. Their commands are run as checks are, each in a place of its own,
// since several watches are looked at side by side; their headers get the environment's variables and secrets.
func observing(target *deploy.Target, given map[string]string) func(context.Context, config.Environment, config.Watch) promote.Observation {
	return func(ctx context.Context, environment config.Environment, watched config.Watch) promote.Observation {
		var command process.Command
		if watched.Run != "" {
			command = target.Check(environment, config.Check{Name: watched.Name, Run: watched.Run, Timeout: watched.Timeout, At: watched.At})
			name := sha256.Sum256([]byte(watched.Name))
			command.Home = filepath.Join(command.Home, "watches", hex.EncodeToString(name[:8]))
			command.Log = filepath.Join(command.Home, "watch.log")
		}
		return watch.Sources{}.Observe(ctx, filled(watched, environment, given), command)
	}
}

// filled is the watch with the environment's variables and secrets in its headers.
func filled(watched config.Watch, environment config.Environment, given map[string]string) config.Watch {
	values := maps.Clone(environment.Variables)
	if values == nil {
		values = map[string]string{}
	}
	maps.Copy(values, given)
	var headers []config.Header
	for _, header := range watched.Headers {
		headers = append(headers, config.Header{Name: header.Name, Value: header.Fill(values), At: header.At})
	}
	watched.Headers = headers
	return watched
}
