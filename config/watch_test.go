package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/trunkline/trunkline/config/condition"
)

const watchHead = "version: 1\nstacks: {layout: folders, path: \"{environment}/{component}\"}\n"

func TestParseWatch(t *testing.T) {
	t.Parallel()
	got, err := Parse(Path, []byte(watchHead+`
environments:
  dev:
    watch: {http: "https://bot:secret@api.example.com/health?token=x", for: 10s}
  prod:
    watch:
      - name: error rate
        prometheus: |
          sum(rate(http_requests_total{code=~"5.."}[5m]))
            / sum(rate(http_requests_total[5m]))
        fail_if: value > 0.01 && value > 2 * baseline
        for: 15m
        every: 1m
        failures: 2
        no_data: wait
        no_baseline: 0.001
      - {prometheus: up, server: "http://other:9090", fail_if: "value < 1", for: 90s, unreachable: wait, timeout: 2s}
      - {run: ./scripts/healthy.sh, fail_if: "status > 1", for: 2m}
prometheus: http://prometheus:9090/base
`))
	if err != nil {
		t.Fatal(err)
	}
	threshold := func(text string) *condition.Threshold {
		compiled, problems := condition.CompileThreshold(text, true)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return compiled
	}
	small := 0.001
	want := []Watch{
		{Name: "error rate", Prometheus: "sum(rate(http_requests_total{code=~\"5..\"}[5m]))\n  / sum(rate(http_requests_total[5m]))",
			Server: "http://prometheus:9090/base", FailIf: threshold("value > 0.01 && value > 2 * baseline"), For: 15 * time.Minute, Every: time.Minute,
			Failures: 2, NoData: MissingWaits, Unreachable: MissingFails, NoBaseline: &small, Timeout: 10 * time.Second},
		{Name: "up", Prometheus: "up", Server: "http://other:9090", FailIf: threshold("value < 1"), For: 90 * time.Second,
			Every: 30 * time.Second, NoData: MissingFails, Unreachable: MissingWaits, Timeout: 2 * time.Second},
		{Name: "./scripts/healthy.sh", Run: "./scripts/healthy.sh", FailIf: threshold("status > 1"),
			For: 2 * time.Minute, Every: 30 * time.Second, NoData: MissingFails, Unreachable: MissingFails, Timeout: time.Minute},
	}
	if diff := cmp.Diff(want, got.Environments[1].Watch, cmpopts.IgnoreTypes(Position{})); diff != "" {
		t.Error(diff)
	}
	probe := got.Environments[0].Watch[0]
	if probe.Name != "api.example.com/health" || probe.Every != 10*time.Second || probe.Samples() != 1 {
		t.Errorf("the probe is %+v; want it named without its secrets, and measured once", probe)
	}
}

func TestWatchProblems(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, watch, want string }{
		{"no source", "{for: 1m}", "c.yml:5:12: a watch lacks `prometheus`, `http` or `run`"},
		{"two sources", "{http: \"http://a\", run: x, for: 1m}", "a watch has one of `http` and `run`; make 2 of them"},
		{"no time", "{run: x}", "c.yml:5:12: a watch lacks `for`"},
		{"no server", "{prometheus: up, fail_if: value < 1, for: 1m}", "needs the URL of the server: `server` here, or `prometheus` at the top"},
		{"no threshold", "{prometheus: up, server: \"http://p\", for: 1m}", "lacks `fail_if`"},
		{"a server for nothing", "{run: x, server: \"http://p\", for: 1m}", "`server` belongs to a watch with `prometheus`"},
		{"a name that is none", "{run: x, for: 1m, fail_if: valeu > 1}", "c.yml:5:39: fail_if: there is no valeu; expected one of value, baseline, status; did you mean value?"},
		{"a metric's status", "{prometheus: up, server: \"http://p\", for: 1m, fail_if: status > 1}", "fail_if: there is no status; expected one of value, baseline"},
		{"no condition", "{run: x, for: 1m, fail_if: value}", "fail_if: it gives double; expected true or false"},
		{"an empty condition", "{run: x, for: 1m, fail_if: ''}", "fail_if is empty"},
		{"a typo", "{run: x, fro: 1m}", "unknown key \"fro\" in a watch; expected one of every, fail_if, failures, for, headers, http, name, no_baseline, no_data, prometheus, run, server, timeout, unreachable; did you mean for?"},
		{"no URL", "{http: example.com/health, for: 1m}", "c.yml:5:19: http is no URL"},
		{"another scheme", "{http: \"file:///etc/passwd\", for: 1m}", "http is no URL"},
		{"too often", "{run: x, for: 1m, every: 100ms}", "every is 100ms; expected 1s or more"},
		{"too seldom", "{run: x, for: 1m, every: 2m}", "a watch for 1m0s is never measured, because it is measured every 2m0s"},
		{"never fails", "{run: x, for: 1m, every: 10s, failures: 6}", "the watch could never fail: 6 bad samples are borne, and in 1m0s every 10s there are 6"},
		{"too many", "{run: x, for: 1d, every: 1s}", "would take 86400 samples; at most 10000 are taken"},
		{"fewer than none", "{run: x, for: 1m, failures: -1}", "failures is -1; expected 0 or more"},
		{"no data", "{run: x, for: 1m, no_data: ignore}", "no_data is \"ignore\"; expected fail or wait"},
		{"no number", "{run: x, for: 1m, fail_if: value > baseline, no_baseline: NaN}", "no_baseline is \"NaN\"; expected a number"},
		{"a baseline for nothing", "{run: x, for: 1m, fail_if: value > 1, no_baseline: 1}", "`no_baseline` stands in for the baseline, which `fail_if` does not ask for"},
		{"headers of a command", "{run: x, for: 1m, headers: {A: b}}", "`headers` belong to a watch with `prometheus` or `http`"},
		{"no headers", "{http: \"http://a\", for: 1m, headers: [a]}", "headers is a list; expected names with values"},
		{"a header's name", "{http: \"http://a\", for: 1m, headers: {\"a b\": c}}", "\"a b\" cannot name a header"},
		{"a header of the connection", "{http: \"http://a\", for: 1m, headers: {host: c}}", "Host belongs to the connection"},
		{"a header of several lines", "{http: \"http://a\", for: 1m, headers: {A: \"b\\nc\"}}", "A has several lines"},
		{"a secret that is none", "{http: \"http://a\", for: 1m, headers: {A: \"Bearer ${TOKN}\"}}", "c.yml:5:53: dev has neither a variable nor a secret named \"TOKN\", which the header A of the watch a asks for"},
		{"empty", "", "watch is empty; expected a list"},
		{"twice", "[{run: x, for: 1m}, {run: x, for: 1m}]", "a watch named \"x\" is already on line 5"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("c.yml", []byte(watchHead+"environments:\n  dev:\n    watch: "+test.watch+"\n"))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v\nwant something with %q", err, test.want)
			}
		})
	}
	if _, err := Parse("c.yml", []byte(watchHead+"environments: {dev: }\nprometheus: localhost\n")); err == nil || !strings.Contains(err.Error(), "c.yml:4:13: prometheus is no URL") {
		t.Errorf("a server that is no URL: %v", err)
	}
}

func TestWatchHeaders(t *testing.T) {
	t.Parallel()
	got, err := Parse("c.yml", []byte(watchHead+`
environments:
  dev:
    secrets: [TOKEN]
    variables: {TENANT: acme}
    watch:
      - {name: as all, prometheus: up, fail_if: value < 1, for: 1m}
      - {name: own, prometheus: up, fail_if: value < 1, for: 1m, headers: {x-scope-orgid: "${TENANT}-eu"}}
      - {name: elsewhere, prometheus: up, server: "http://other", fail_if: value < 1, for: 1m}
      - {name: probe, http: "http://app", for: 1m, headers: {Accept: text/plain}}
prometheus:
  url: https://prometheus.example.com
  headers: {authorization: "Bearer ${TOKEN}"}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]Header{"as all": {{Name: "Authorization", Value: "Bearer ${TOKEN}"}}, "own": {{Name: "X-Scope-Orgid", Value: "${TENANT}-eu"}},
		"elsewhere": nil, "probe": {{Name: "Accept", Value: "text/plain"}}}
	for _, watch := range got.Environments[0].Watch {
		if diff := cmp.Diff(want[watch.Name], watch.Headers, cmpopts.IgnoreTypes(Position{})); diff != "" {
			t.Errorf("%s: %s", watch.Name, diff)
		}
	}
	if got := (Header{Value: "Bearer ${TOKEN}"}).Fill(map[string]string{"TOKEN": "abc\n"}); got != "Bearer abc" {
		t.Errorf("it is filled as %q", got)
	}
	if _, err := Parse("c.yml", []byte(watchHead+"environments:\n  dev:\n    verify: [{http: \"http://a\", headers: {A: \"${TOKN}\"}}]\n")); err == nil || !strings.Contains(err.Error(), "named \"TOKN\", which the header A of the check ") {
		t.Errorf("a check's header: %v", err)
	}
	if _, err := Parse("c.yml", []byte(watchHead+"environments: {dev: }\nprometheus: {headers: {A: b}}\n")); err == nil || !strings.Contains(err.Error(), "c.yml:4:13: prometheus lacks `url`") {
		t.Errorf("a server without a URL: %v", err)
	}
}
