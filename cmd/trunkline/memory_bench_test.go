package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// BenchmarkServeMemory measures how much memory the bot itself needs, beside its engine, for a preview of thirty
// instances: a process of its own, from its start to the finished preview.
func BenchmarkServeMemory(b *testing.B) {
	if _, err := exec.LookPath("terraform"); err != nil {
		b.Skip("terraform is not on the PATH; this needs the real one")
	}
	files := map[string]string{".github/trunkline.yml": "version: 1\nstacks:\n  layout: folders\n  path: environments/{environment}/{component}\n  engine: terraform\n" +
		"environments:\n  dev: {promote: manual}\n  staging: {promote: manual}\n  prod: {promote: manual}\n"}
	changed := map[string]*string{}
	for i := range 30 {
		path := fmt.Sprintf("environments/%s/service%d/main.tf", []string{"dev", "staging", "prod"}[i%3], i/3)
		files[path] = "resource \"terraform_data\" \"this\" {\n  count = 20\n  input = \"small\"\n}\n"
		text := strings.ReplaceAll(files[path], "small", "medium")
		changed[path] = &text
	}
	for b.Loop() {
		s := newStage(b, files, func(moment) bool { return false })
		if _, err := s.gh.As("alice").Push(project, "resize", "Resize", changed); err != nil {
			b.Fatal(err)
		}
		number, err := s.gh.As("alice").OpenPull(project, "resize", "Resize", "", githubsim.OpenOptions{})
		if err != nil {
			b.Fatal(err)
		}
		s.says(number, "preview", "600 to create")
		b.ReportMetric(megabytes(b, s.bot.Process.Pid, "VmHWM"), "peak-MB")
		b.ReportMetric(megabytes(b, s.bot.Process.Pid, "RssAnon"), "own-MB")
		s.end()
	}
}

// megabytes of a process, as the kernel counts them.
func megabytes(b *testing.B, process int, what string) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", process))
	if err != nil {
		b.Skip("the kernel does not tell how much memory a process has")
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		if name == what {
			kilobytes, err := strconv.ParseFloat(strings.Fields(value)[0], 64)
			if err != nil {
				b.Fatal(err)
			}
			return kilobytes / 1000
		}
	}
	b.Fatalf("the kernel does not tell %s", what)
	return 0
}
