package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/trunkline/trunkline/planner/stack/atmos/synthetic"
)

// synthesize writes a synthetic repository and commits it twice: the second time with another size of all instances
// of one component.
func synthesize(b *testing.B, size synthetic.Size) (directory string) {
	b.Helper()
	directory = b.TempDir()
	git := func(arguments ...string) {
		b.Helper()
		command := exec.Command("git", arguments...)
		command.Dir = directory
		command.Env = []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + directory, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
			"GIT_AUTHOR_NAME=Alice", "GIT_AUTHOR_EMAIL=alice@example.com", "GIT_COMMITTER_NAME=Alice", "GIT_COMMITTER_EMAIL=alice@example.com",
		}
		if output, err := command.CombinedOutput(); err != nil {
			b.Fatalf("git %v: %v\n%s", arguments, err, output)
		}
	}
	write := func(name, text string) {
		b.Helper()
		file := filepath.Join(directory, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	for name, text := range size.Files() {
		write(name, text)
	}
	git("init", "--quiet", "--initial-branch=main")
	git("add", "--all")
	git("commit", "--quiet", "-m", "First")
	write(synthetic.Changed())
	git("commit", "--quiet", "--all", "-m", "Second")
	return directory
}

// counter counts what is written.
type counter int64

func (c *counter) Write(text []byte) (int, error) {
	*c += counter(len(text))
	return len(text), nil
}

func benchmarkStacks(b *testing.B, size synthetic.Size) {
	directory := synthesize(b, size)
	b.ReportAllocs()
	for b.Loop() {
		var written counter
		command := stacksCommand()
		command.SetOut(&written)
		command.SetArgs([]string{"--json", "--repo", directory})
		if err := command.ExecuteContext(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(written)/1e6, "MB-of-JSON")
	}
	b.ReportMetric(float64(size.Instances()), "instances")
}

func BenchmarkStacks3000(b *testing.B) {
	benchmarkStacks(b, synthetic.Size{Environments: 3, Regions: 10, Components: 100})
}
func BenchmarkStacks30000(b *testing.B) {
	benchmarkStacks(b, synthetic.Size{Environments: 3, Regions: 100, Components: 100})
}

func BenchmarkAffected3000(b *testing.B) {
	size := synthetic.Size{Environments: 3, Regions: 10, Components: 100}
	directory := synthesize(b, size)
	b.ReportAllocs()
	for b.Loop() {
		found, _, err := listAffected(b.Context(), directory, "HEAD~1", "HEAD")
		if err != nil {
			b.Fatal(err)
		}
		if want := size.Environments * size.Regions; len(found) != want {
			b.Fatalf("%d instances are affected, want %d", len(found), want)
		}
	}
	b.ReportMetric(float64(size.Instances()), "instances")
}
