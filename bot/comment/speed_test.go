package comment

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
)

// differentPlans is a preview of so many instances of one environment, each with another plan of so many resources.
func differentPlans(instances, resources int) planner.Preview {
	p := preview()
	actions := []engine.Action{engine.Update, engine.Create, engine.Replace, engine.Destroy}
	for i := range instances {
		changes := make([]engine.Change, resources)
		for j := range changes {
			changes[j] = engine.Change{
				Address: fmt.Sprintf("module.m%d.aws_subnet.private[%d]", i, j), Action: actions[j%len(actions)], Reason: "delete_because_count_index",
				Attributes: []engine.Attribute{
					{Path: "cidr_block", Before: fmt.Sprintf(`"10.0.%d.0/24"`, j), After: fmt.Sprintf(`"10.1.%d.0/24"`, j), ForcesReplacement: j%4 == 2},
					{Path: "tags.Name", Before: `"a"`, After: fmt.Sprintf(`"private-%d-%d"`, i, j)}, {Path: "arn", Unknown: true}, {Path: "id", Unknown: true}},
			}
		}
		p.Instances = append(p.Instances, planned("prod", fmt.Sprintf("component-%03d", i), fmt.Sprint(i), changes...))
	}
	return p
}

// longValues is a preview in which every attribute is as long as the engine keeps them.
func longValues(instances, resources int) planner.Preview {
	p := preview()
	for i := range instances {
		changes := make([]engine.Change, resources)
		for j := range changes {
			changes[j] = engine.Change{Address: fmt.Sprint("aws_iam_policy.p", j), Action: engine.Update, Attributes: []engine.Attribute{
				{Path: "policy", Before: encoded(strings.Repeat(fmt.Sprint("line ", i, "\n"), 700), ""), After: encoded(strings.Repeat("other\n", 700), "")}}}
		}
		p.Instances = append(p.Instances, planned("prod", fmt.Sprint("c", i), fmt.Sprint(i), changes...))
	}
	return p
}

func benchmarkPreview(b *testing.B, p planner.Preview) {
	b.Helper()
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		size = len(Preview(p, Options{}))
	}
	b.ReportMetric(float64(size), "bytes-of-comment")
}

// 510 instances, of which many change in the same way.
func BenchmarkPreviewOf500(b *testing.B) { benchmarkPreview(b, manyAffected(170)) }

// 500 instances with plans of their own, of 10 resources each: 5,000 in all.
func BenchmarkPreviewOf500Different(b *testing.B) { benchmarkPreview(b, differentPlans(500, 10)) }

// One plan of 5,000 resources.
func BenchmarkPreviewOf5000Resources(b *testing.B) { benchmarkPreview(b, differentPlans(1, 5000)) }

// 50 plans of 5,000 resources each: a quarter of a million.
func BenchmarkPreviewOf50Times5000(b *testing.B) {
	p := differentPlans(1, 5000)
	for i := range 49 {
		again := p.Instances[0]
		again.Instance.Component = fmt.Sprintf("component-%03d", i+1)
		again.Plan.Changes = append([]engine.Change{{Address: fmt.Sprint("aws_x.y", i), Action: engine.Create}}, again.Plan.Changes...)
		p.Instances = append(p.Instances, again)
	}
	benchmarkPreview(b, p)
}

// 500 plans with values as long as they are kept.
func BenchmarkPreviewOfLongValues(b *testing.B) { benchmarkPreview(b, longValues(500, 15)) }

// The check run of 500 instances with plans of their own.
func BenchmarkCheckOf500Different(b *testing.B) {
	p := differentPlans(500, 10)
	b.ReportAllocs()
	for b.Loop() {
		Check(p, Options{})
	}
}

// Rendering takes a little memory for each change, to count and compare it, and that of what is shown: no plan is
// rendered that has no room.
func TestMemoryIsThatOfTheOutput(t *testing.T) { // not in parallel: it counts what the process allocates
	allocated := func(p planner.Preview) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		Preview(p, Options{})
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	long := longValues(10, 15) // 1.2 MB
	for i := range 390 {
		again := long.Instances[i%10]
		again.Instance.Component = fmt.Sprint("d", i)
		again.Plan.Changes = append([]engine.Change{{Address: fmt.Sprint("aws_x.y", i), Action: engine.Create}}, again.Plan.Changes...)
		long.Instances = append(long.Instances, again)
	}
	for name, test := range map[string]struct {
		p    planner.Preview
		most uint64 // in MB
	}{
		"500 instances":             {differentPlans(500, 10), 100},
		"a plan of 5,000 resources": {differentPlans(1, 5000), 40},
		"400 plans of long values":  {long, 100},
	} {
		if got := allocated(test.p); got > test.most<<20 {
			t.Errorf("%s: %d MB were allocated on the way", name, got>>20)
		}
	}
}
