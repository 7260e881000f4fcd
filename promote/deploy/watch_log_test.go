package deploy

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/logs"
)

// The log of a watch goes on from pass to pass, also in those of a Trunkline that was started again.
func TestWatchesAreLogged(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	w.says["probe"] = promote.Observation{Unreachable: "dial s3cret: refused"}
	if err := w.measureBaselines(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for in := 1.0; in > 0; w.pass(time.Duration(in * float64(time.Minute))) {
		r := w.run()
		r.Logs = &logs.Book{Dir: dir, Now: w.now}
		r.keepLogs(t.Context())
		in, _ = w.wait(r.watch(t.Context(), "", w.rules.Watch)) // what becomes of it stands in the log
	}
	book := &logs.Book{Dir: dir}
	steps, err := book.Steps(logs.Key{Repository: 7, Deployment: w.id})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := (&logs.Printer{To: &out}).Print(steps); err != nil {
		t.Fatal(err)
	}
	const want = `== 1 watch errors, 2026-06-01 09:01:00Z
09:01:00Z good: value is 1, the baseline is 1
09:02:00Z good: value is 1, the baseline is 1
09:03:00Z good: value is 1, the baseline is 1
== 1 watch errors: ok after 2m0s

== 2 watch probe, 2026-06-01 09:02:00Z
09:02:00Z unreachable: no answer: dial ***: refused
09:04:00Z unreachable: no answer: dial ***: refused
09:06:00Z unreachable: no answer: dial ***: refused
09:08:00Z unreachable: no answer: dial ***: refused
== 2 watch probe: failed after 6m0s: Nothing shows that it is healthy: no answer: dial ***: refused. 4 of 4 samples were missing, the last of them too, and after twice 4m0s nothing more is waited for.
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}
