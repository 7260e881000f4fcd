package workflow_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/bot/workflow"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]workflow.File{
		"on: push\njobs: {}":                     {},
		"on: workflow_dispatch":                  {Dispatched: true},
		"on: [push, workflow_dispatch]":          {Dispatched: true},
		"on: {push: {branches: [main]}}":         {},
		"\"on\": {workflow_dispatch: }":          {Dispatched: true},
		"run-name: x\non: {workflow_dispatch: }": {Dispatched: true, RunName: "x"},
		"on:\n  workflow_dispatch:\n    inputs:\n      b: {required: true}\n      a: {required: true, default: x}\n      c:\n": {
			Dispatched: true, Inputs: []string{"a", "b", "c"}, Required: []string{"b"}},
	} {
		got, err := workflow.Parse([]byte(text))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
	}
	for _, text := range []string{"on: [", "on: {workflow_dispatch: {inputs: [a]}}", "{", "- a", strings.Repeat("#", 2<<20)} {
		if got, err := workflow.Parse([]byte(text)); err == nil {
			t.Errorf("%.60q is taken as %+v", text, got)
		}
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	const named = "${{inputs.trunkline}}"
	for want, file := range map[string]workflow.File{
		"": {Dispatched: true, RunName: "checks " + named, Inputs: []string{"commit", "suite", "trunkline"}},
		"it has no `on: workflow_dispatch` with the inputs `commit` and `trunkline`":                                               {},
		"it does not declare the input `commit`; it does not declare the input `trunkline`; it does not declare the input `suite`": {Dispatched: true},
		"its `run-name` does not hold `${{ inputs.trunkline }}`, by which its run is found again": {
			Dispatched: true, RunName: "x", Inputs: []string{"commit", "suite", "trunkline"}},
		"it requires the input `size`, which nobody gives: add it to `inputs`": {
			Dispatched: true, RunName: named, Inputs: []string{"commit", "size", "suite", "trunkline"}, Required: []string{"commit", "size", "suite"}},
	} {
		got := ""
		if err := file.Missing([]string{"suite"}); err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestGiven(t *testing.T) {
	t.Parallel()
	given := workflow.File{Inputs: []string{"commit"}}.Given(map[string]string{"commit": "a", "wave": "b"})
	if diff := cmp.Diff(map[string]string{"commit": "a"}, given); diff != "" {
		t.Error(diff)
	}
}
