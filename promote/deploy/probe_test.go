package deploy

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
)

// answers makes the target's URLs answer these, one after the other, and then the last again.
func (s *scene) answers(all ...promote.Observation) *int {
	asked := new(int)
	s.target.Observe = func(context.Context, config.Environment, config.Watch) promote.Observation {
		*asked++
		return all[min(*asked, len(all))-1]
	}
	return asked
}

func TestProbes(t *testing.T) {
	t.Parallel()
	starting := promote.Observation{Unreachable: "connection refused"}
	for name, test := range map[string]struct {
		check   config.Check
		answers []promote.Observation
		// fails is what the failure says; empty: it passes.
		fails string
		asked int
	}{
		"well":                  {config.Check{}, []promote.Observation{{Status: 200}}, "", 1},
		"moved":                 {config.Check{}, []promote.Observation{{Status: 301}}, "", 1},
		"after a moment":        {config.Check{}, []promote.Observation{starting, {Status: 204}}, "", 2},
		"never":                 {config.Check{Timeout: time.Second}, []promote.Observation{starting}, "Within 1s (1 times asked): no answer: connection refused.", 1},
		"badly":                 {config.Check{Timeout: time.Second}, []promote.Observation{{Status: 503, Said: "no database"}}, "it answered with status 503 instead of one from 200 to 399: no database", 1},
		"as it should":          {config.Check{Status: 401}, []promote.Observation{{Status: 401}}, "", 1},
		"well, but it must not": {config.Check{Status: 401, Timeout: time.Second}, []promote.Observation{{Status: 200}}, "it answered with status 200 instead of 401", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			test.check.Name, test.check.HTTP = "health", "http://example.com/health"
			s.target.Rules.Environments[0].Verify = []config.Check{test.check}
			asked := s.answers(test.answers...)
			deployment, err := s.deploy(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if failure := deployment.Failure; (failure == nil) != (test.fails == "") || failure != nil && (failure.Step != "verify" || !strings.Contains(failure.Message, test.fails)) {
				t.Errorf("the failure is %+v; want %q", failure, test.fails)
			}
			if *asked != test.asked {
				t.Errorf("asked %d times; want %d", *asked, test.asked)
			}
		})
	}
}
