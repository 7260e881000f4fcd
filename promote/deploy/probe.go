package deploy

import (
	"context"
	"fmt"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
)

const (
	// usualProbe is how long an answer is waited for that is as it should be, if the check does not say it.
	usualProbe = time.Minute
	// probeEvery is the time between two tries, and oneProbe how long each may take.
	probeEvery = 2 * time.Second
	oneProbe   = 10 * time.Second
)

// Probe asks the URL of a check until the answer is as it should be, since what was just deployed may need a moment. It
// returns why that was not so when the time was over; empty: it was. The error is that of the context.
func Probe(ctx context.Context, check config.Check, look func(context.Context, config.Watch) promote.Observation) (message string, err error) {
	limit := check.Timeout
	if limit == 0 {
		limit = usualProbe
	}
	watch := config.Watch{Name: check.Name, HTTP: check.HTTP, Headers: check.Headers, Timeout: min(oneProbe, limit), At: check.At}
	until := time.Now().Add(limit)
	for tries := 1; ; tries++ {
		seen := look(ctx, watch)
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		message = unlike(check, seen)
		if message == "" {
			return "", nil
		}
		if time.Now().Add(probeEvery).After(until) {
			return fmt.Sprintf("Within %s (%d times asked): %s.", limit, tries, message), nil
		}
		if err := pause(ctx, probeEvery); err != nil {
			return "", err
		}
	}
}

// probe is a check that asks a URL.
func (r *run) probe(ctx context.Context, check config.Check) error {
	log := r.log("verify "+check.Name, func(text string) string { return text })
	message, err := Probe(ctx, check, func(ctx context.Context, watch config.Watch) promote.Observation {
		seen := r.target.Observe(ctx, r.rules, watch)
		fmt.Fprintf(log, "%s status %d %s\n", time.Now().UTC().Format(time.TimeOnly), seen.Status, seen.Unreachable+seen.Said)
		return seen
	})
	if err == nil && message != "" {
		err = &Stopped{promote.Failure{Step: "verify", Subject: check.Name, Message: r.target.Redact(message)}}
	}
	r.end(ctx, log, err)
	return err
}

// unlike says how an answer is other than it should be.
func unlike(check config.Check, seen promote.Observation) string {
	wanted := "one from 200 to 399"
	if check.Status != 0 {
		wanted = fmt.Sprint(check.Status)
	}
	switch {
	case seen.Unreachable != "":
		return "no answer: " + seen.Unreachable
	case seen.Status == check.Status, check.Status == 0 && seen.Status >= 200 && seen.Status <= 399:
		return ""
	case seen.Said != "":
		return fmt.Sprintf("it answered with status %d instead of %s: %s", seen.Status, wanted, seen.Said)
	}
	return fmt.Sprintf("it answered with status %d instead of %s", seen.Status, wanted)
}
