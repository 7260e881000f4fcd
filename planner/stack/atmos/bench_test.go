package atmos

import (
	"context"
	"slices"
	"testing"

	"github.com/trunkline/trunkline/planner/stack/atmos/synthetic"
)

// memory is a repository that is not on disk.
type memory map[string]string

func (m memory) Files() []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (m memory) ReadAll(_ context.Context, names []string) (map[string][]byte, error) {
	contents := map[string][]byte{}
	for _, name := range names {
		contents[name] = []byte(m[name])
	}
	return contents, nil
}

var _ Files = memory{}

// listed is a repository whose list of files is made once, as a commit's is.
type listed struct {
	memory
	files []string
}

func (l listed) Files() []string { return l.files }

func benchmarkResolve(b *testing.B, regions int) {
	size := synthetic.Size{Environments: 3, Regions: regions, Components: 100}
	files := memory(size.Files())
	repository := listed{files, files.Files()}
	b.ReportAllocs()
	for b.Loop() {
		result, err := Resolve(b.Context(), repository, Options{Concrete: true})
		if err != nil {
			b.Fatal(err)
		}
		if count := len(result.Instances); count != size.Instances() {
			b.Fatalf("%d instances", count)
		}
	}
	b.ReportMetric(float64(size.Instances()), "instances")
}

func BenchmarkResolve3000(b *testing.B)  { benchmarkResolve(b, 10) }
func BenchmarkResolve30000(b *testing.B) { benchmarkResolve(b, 100) }

func BenchmarkVariableFiles3000(b *testing.B) {
	files := memory(synthetic.Size{Environments: 3, Regions: 10, Components: 100}.Files())
	result, err := Resolve(b.Context(), listed{files, files.Files()}, Options{Concrete: true})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for i := range result.Instances {
			if _, _, err := result.Instances[i].VariableFile(); err != nil {
				b.Fatal(err)
			}
		}
	}
}
