package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/trunkline/trunkline/bot/watch"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/deploy"
)

// observing looks at what the watches of a commit watch. What is given to an environment's runs is given to their commands,
// and to their headers.
func observing(target *deploy.Target, given map[string]string) func(context.Context, config.Environment, config.Watch) promote.Observation {
	return func(ctx context.Context, environment config.Environment, watched config.Watch) promote.Observation {
		if watched.Run != "" {
			return observeCommand(ctx, target, environment, watched)
		}
		return watch.Sources{}.Observe(ctx, filled(watched, environment, given), process.Command{})
	}
}

// filled is the watch with the environment's variables and secrets in its headers.
func filled(watched config.Watch, environment config.Environment, given map[string]string) config.Watch {
	values := map[string]string{}
	maps.Copy(values, environment.Variables)
	maps.Copy(values, given)
	headers := make([]config.Header, len(watched.Headers))
	for i, header := range watched.Headers {
		headers[i] = config.Header{Name: header.Name, Value: header.Fill(values), At: header.At}
	}
	watched.Headers = headers
	return watched
}

// observeCommand runs the command of a watch as a check is run, in a place of its own, since several watches are looked at
// side by side. One that outlives a killed Trunkline holds the lock until it ends.
func observeCommand(ctx context.Context, target *deploy.Target, environment config.Environment, watched config.Watch) promote.Observation {
	command := target.Check(environment, config.Check{Name: watched.Name, Run: watched.Run, Timeout: watched.Timeout, At: watched.At})
	sum := sha256.Sum256([]byte(watched.Name))
	name := hex.EncodeToString(sum[:8])
	command.Home = filepath.Join(command.Home, "watches", name)
	command.Log = filepath.Join(command.Home, "watch.log")
	limited, cancel := context.WithTimeout(ctx, watched.Timeout)
	defer cancel()
	lock, err := process.TakeLock(limited, filepath.Join(target.Planner.State, ".steps", environment.Name+"-watch-"+name+".lock"))
	if err != nil {
		return promote.Observation{Unreachable: fmt.Sprintf("an earlier run of it has not ended within %s", watched.Timeout)}
	}
	defer lock.Release()
	command.Locks = append(slices.Clone(command.Locks), lock)
	return watch.Sources{}.Observe(ctx, watched, command)
}
