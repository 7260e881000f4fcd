package config

import (
	"slices"
	"time"

	"github.com/trunkline/trunkline/config/condition"
)

// Watch is something that is measured for a while after a deployment, to know whether the environment stays healthy. It
// has exactly one of Prometheus, HTTP and Run.
type Watch struct {
	// Name is unique among the watches that stand together; by default what is watched.
	Name string
	// Prometheus is a query whose value is measured.
	Prometheus string
	// Server is the base URL of the Prometheus server that answers the query.
	Server string
	// Headers of the requests to Server or HTTP.
	Headers []Header
	// HTTP is a URL that is got; its value is how many seconds the answer took.
	HTTP string
	// Run is a shell command of the repository, run at its root in the deployed commit; its value is the number in its
	// last line of output, if there is one.
	Run string
	// FailIf says when what was measured is bad. Where it does not ask for `status`, and where it is nil, an HTTP status
	// outside 200 to 399 and an exit code other than 0 are bad as well. A query always has one.
	FailIf *condition.Threshold
	// For is how long it is watched, and Every how often it is measured: at least [ShortestEvery], at most For.
	For, Every time.Duration
	// Failures is how many bad samples are borne.
	Failures int
	// NoData says what it means that there is nothing to measure, and Unreachable that there was no answer.
	NoData, Unreachable Missing
	// NoBaseline is taken for the baseline where none could be measured before the deployment. Nil: nothing is.
	NoBaseline *float64
	// Timeout of one measurement; always more than zero.
	Timeout time.Duration
	At      Position
}

// Missing says what a sample means that could not be taken.
type Missing string

const (
	// MissingFails counts it as a bad one.
	MissingFails Missing = "fail"
	// MissingWaits counts it as neither good nor bad; but a watch never passes on such a sample.
	MissingWaits Missing = "wait"
)

const (
	// ShortestEvery is the least time between two samples.
	ShortestEvery = time.Second
	// MostSamples of one watch.
	MostSamples  = 10_000
	usualEvery   = 30 * time.Second
	usualAnswer  = 10 * time.Second
	usualCommand = time.Minute
)

// Samples is how many samples make the watch's time full.
func (w Watch) Samples() int { return int((w.For + w.Every - 1) / w.Every) }

// What says what is measured, in a form that tells whether two watches measure the same.
func (w Watch) What() string {
	what := "run " + w.Run
	switch {
	case w.Prometheus != "":
		what = "prometheus " + w.Server + " " + w.Prometheus
	case w.HTTP != "":
		what = "http " + w.HTTP
	}
	for _, header := range w.Headers {
		what += "\n" + header.Name + ": " + header.Value
	}
	return what
}

// Watches are those of the environment, of its waves and of its canaries.
func (e Environment) Watches() []Watch {
	watches := slices.Clone(e.Watch)
	for _, wave := range e.Waves {
		watches = append(watches, wave.Watch...)
	}
	for _, canary := range e.Canary {
		watches = append(watches, canary.Watch...)
	}
	return watches
}
