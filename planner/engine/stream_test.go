package engine

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/planner/redact"
)

// largePlan generates a plan's JSON as it is read, so that it is nowhere whole. Its shape is that of a large state in
// which little changes: the resources stand in it four times (as the state before, as values planned, as changes, and
// as configuration), and one in a hundred is updated.
type largePlan struct {
	resources int
	// value is what each resource holds beside its name.
	value string

	part, at int
	pending  []byte
}

func newLargePlan(size int) *largePlan {
	const resources = 5000
	return &largePlan{resources: resources, value: strings.Repeat("x", size/resources/5)}
}

func (l *largePlan) Read(into []byte) (int, error) {
	if len(l.pending) == 0 {
		if l.part > 3 {
			return 0, io.EOF
		}
		l.pending = append(l.pending[:0], l.next()...)
	}
	n := copy(into, l.pending)
	l.pending = l.pending[n:]
	return n, nil
}

func (l *largePlan) next() string {
	i, part := l.at, l.part
	before, after := ",", ""
	if i == 0 {
		before = []string{`{"format_version":"1.2","prior_state":{"values":[`, `,"planned_values":[`, `,"resource_changes":[`, `,"configuration":[`}[part]
	}
	if l.at++; l.at == l.resources {
		after = []string{`]}`, `]`, `]`, `]}`}[part]
		l.part, l.at = part+1, 0
	}
	return before + l.resource(i, part == 2) + after
}

// resource is one of the elements of resource_changes, or of the other parts.
func (l *largePlan) resource(i int, change bool) string {
	if !change {
		return fmt.Sprintf(`{"address":"aws_x.y[%d]","values":{"name":"n%d","policy":"%s"}}`, i, i, l.value)
	}
	action, size := "no-op", 1
	if i%100 == 0 {
		action, size = "update", 2
	}
	return fmt.Sprintf(`{"address":"aws_x.y[%d]","mode":"managed","type":"aws_x","name":"y","change":{"actions":["%s"],`+
		`"before":{"name":"n%d","policy":"%s","size":1},"after":{"name":"n%d","policy":"%s","size":%d},"after_unknown":{},"before_sensitive":{},"after_sensitive":{}}}`,
		i, action, i, l.value, i, l.value, size)
}

// counting counts what is read, and looks at the heap from time to time.
type counting struct {
	from   io.Reader
	read   int64
	looked int64
	peak   uint64
}

func (c *counting) Read(into []byte) (int, error) {
	n, err := c.from.Read(into)
	c.read += int64(n)
	if c.read-c.looked > 1<<20 {
		c.looked = c.read
		c.peak = max(c.peak, heapInUse())
	}
	return n, err
}

func heapInUse() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// A plan of 100 MB is read in the memory of a few resources.
func TestLargePlanIsStreamed(t *testing.T) { // not in parallel: it measures the heap of the process
	const size = 100 << 20
	in := &counting{from: newLargePlan(size)}
	runtime.GC()
	before := heapInUse()
	var plan Plan
	if err := (Settings{Redact: redact.New().Redact}).decode(in, Work{}, &plan); err != nil {
		t.Fatal(err)
	}
	if in.read < size*9/10 || len(plan.Changes) != 50 || plan.Changes[49].Attributes[0].Path != "size" {
		t.Fatalf("%d bytes, %d changes", in.read, len(plan.Changes))
	}
	if grown := int64(in.peak) - int64(before); grown > 32<<20 {
		t.Errorf("reading %d MB took %d MB of heap", in.read>>20, grown>>20)
	}
	runtime.GC()
	if kept := int64(heapInUse()) - int64(before); kept > 4<<20 {
		t.Errorf("%d bytes are kept of 50 changes", kept)
	}
	runtime.KeepAlive(plan)
}

// Neither is a plan kept whole in which everything changes.
func TestLargeChangesAreLimited(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString(`{"resource_changes":[`)
	for i := range 600 {
		action := map[bool]string{true: `["delete","create"]`, false: `["update"]`}[i%2 == 0]
		fmt.Fprintf(&text, `{"address":"a.b[%d]","change":{"actions":%s,"before":{"x":"%s"},"after":{"x":"%s%d","y":%d}}},`, i, action,
			strings.Repeat("b", 3000), strings.Repeat("a", 3000), i, i)
	}
	plan, err := decodeText(Settings{}, strings.TrimSuffix(text.String(), ",")+`]}`)
	if err != nil {
		t.Fatal(err)
	}
	size, left := 0, 0
	for _, change := range plan.Changes {
		left += change.AttributesLeft
		for _, attribute := range change.Attributes {
			size += len(attribute.Before) + len(attribute.After)
		}
		if len(change.Attributes)+change.AttributesLeft != 2 || change.Digest == "" {
			t.Fatalf("%+v", change)
		}
	}
	if len(plan.Changes) != 600 || size > 2*maxValues+64<<10 || left == 0 {
		t.Errorf("%d changes, %d bytes, %d attributes left out", len(plan.Changes), size, left)
	}
}

// However the text comes in, it is read in the same way; wherever it ends early, that is seen.
func TestPlansInPieces(t *testing.T) {
	t.Parallel()
	text := ` { "prior_state" : {"a": ["}]\"", {"b": [1, -2.5e3, true , null]}], "c": "\\"} , "resource_changes" : [ {"address":"a.b","change":{"actions":["update"],"before":{"k":1},"after":{"k":2}}} , {"address":"a.c","change":{"actions":["no-op"]}} ] , "output_changes":{"z":{"actions":["create"],"after":"x"},"y":{"actions":["create"],"after":1}}, "complete": true, "number": 12
 } `
	read := func(from io.Reader) (Plan, error) {
		var plan Plan
		err := Settings{Redact: redact.New().Redact}.decode(from, Work{}, &plan)
		return plan, err
	}
	whole, err := read(strings.NewReader(text))
	if err != nil || len(whole.Changes) != 1 || len(whole.Outputs) != 2 || whole.Outputs[0].Address != "y" {
		t.Fatalf("%v: %+v", err, whole)
	}
	slow, err := read(iotest.OneByteReader(strings.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole, slow); diff != "" {
		t.Error(diff)
	}
	last := strings.LastIndexByte(text, '}')
	for end := range last {
		if _, err := read(strings.NewReader(text[:end])); err == nil {
			t.Fatalf("nothing is said of the end of %q", text[:end])
		}
	}
	broken := errors.New("broken")
	if _, err := read(io.MultiReader(strings.NewReader(text[:60]), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// Conditions that do not hold are warnings; null stands for nothing.
func TestChecksOfPlans(t *testing.T) {
	t.Parallel()
	plan, err := decodeText(Settings{}, `{"resource_changes": null, "output_changes": null, "checks": [
		{"address": {"kind": "check", "to_display": "check.tls"}, "status": "fail", "instances": [
			{"address": {"to_display": "check.tls"}, "status": "fail", "problems": [{"message": "The endpoint s3cret-value has no TLS."}]}]},
		{"address": {"kind": "resource", "to_display": "a.b"}, "status": "pass", "instances": [{"address": {"to_display": "a.b"}, "status": "pass"}]}]}`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"check.tls: The endpoint [redacted] has no TLS."}, plan.Warnings); diff != "" {
		t.Error(diff)
	}
}

func benchmarkReading(b *testing.B, work Work) {
	const size = 100 << 20
	path := filepath.Join(b.TempDir(), "plan.json")
	file, err := os.Create(path)
	if err == nil {
		_, err = io.Copy(file, newLargePlan(size))
	}
	if err = errors.Join(err, file.Close()); err != nil {
		b.Fatal(err)
	}
	var peak uint64
	b.ReportAllocs()
	for b.Loop() {
		file, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		in := &counting{from: file}
		runtime.GC()
		before := heapInUse()
		var plan Plan
		if err := (Settings{Redact: redact.New().Redact}).decode(in, work, &plan); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(in.read)
		peak = max(peak, in.peak-min(in.peak, before))
		_ = file.Close()
	}
	b.ReportMetric(float64(peak)/(1<<20), "peak-MB")
}

// A plan's JSON of 100 MB, in which 50 of 5,000 resources change.
func BenchmarkRead100MB(b *testing.B) { benchmarkReading(b, Work{}) }

// The same, written down for policies on the way.
func BenchmarkRead100MBWithDocument(b *testing.B) {
	benchmarkReading(b, Work{Scratch: b.TempDir(), Document: true})
}

// A plan of 5,000 resources that are all created, with 20 attributes each.
func BenchmarkRead5000Creations(b *testing.B) {
	var attributes []string
	for i := range 20 {
		attributes = append(attributes, fmt.Sprintf(`"attribute_%d":"value of some length, number %d"`, i, i))
	}
	var text strings.Builder
	text.WriteString(`{"resource_changes":[`)
	for i := range 5000 {
		fmt.Fprintf(&text, `{"address":"aws_x.y[%d]","change":{"actions":["create"],"before":null,"after":{%s},"after_unknown":{"id":true}}},`, i, strings.Join(attributes, ","))
	}
	plan := strings.TrimSuffix(text.String(), ",") + `]}`
	settings := Settings{Redact: redact.New("a-secret-of-the-host").Redact}
	b.SetBytes(int64(len(plan)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := settings.Read(strings.NewReader(plan), Work{}); err != nil {
			b.Fatal(err)
		}
	}
}
