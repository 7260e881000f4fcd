package scan

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/planner"
)

const root = "/srv/worktrees/1"

func shown(findings []planner.Finding) (all []string) {
	for _, f := range findings {
		place := ""
		if f.File != "" {
			place = fmt.Sprintf(" (%s:%d-%d)", f.File, f.Line, f.EndLine)
		}
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s: %s%s", f.Level, f.Rule, f.Message, place)))
	}
	return all
}

func report(run string) string { return `{"version": "2.1.0", "runs": [` + run + `]}` }

const rules = `"tool": {"driver": {"name": "scanner", "rules": [
	{"id": "R1", "shortDescription": {"text": "Short of R1"}, "defaultConfiguration": {"level": "error"}, "messageStrings": {"default": {"text": "{0} is not {1}; {{0}}"}}},
	{"id": "R2", "defaultConfiguration": {"level": "note"}}, {"id": "R3"}],
	"globalMessageStrings": {"shared": {"text": "Shared {0}"}}},
	"extensions": [{"name": "more", "rules": [{"id": "E1", "defaultConfiguration": {"level": "error"}}]}]}`

func TestLevelsAndMessages(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ result, want string }{
		"own level":                   {`{"ruleId": "R1", "level": "note", "message": {"text": "m"}}`, "note R1: m"},
		"level of the rule":           {`{"ruleId": "R1", "message": {"text": "m"}}`, "deny R1: m"},
		"level of the rule, by index": {`{"ruleIndex": 1, "message": {"text": "m"}}`, "note R2: m"},
		"part of a rule":              {`{"ruleId": "R1/2", "ruleIndex": 0, "message": {"text": "m"}}`, "deny R1/2: m"},
		"rule without a level":        {`{"ruleId": "R3", "message": {"text": "m"}}`, "warn R3: m"},
		"unknown rule":                {`{"ruleId": "X", "ruleIndex": 99, "message": {"text": "m"}}`, "warn X: m"},
		"no rule":                     {`{"message": {"text": "m"}}`, "warn : m"},
		"rule of an extension":        {`{"rule": {"id": "E1", "index": 0, "toolComponent": {"index": 0}}, "message": {"text": "m"}}`, "deny E1: m"},
		"none":                        {`{"ruleId": "R1", "level": "none", "message": {"text": "m"}}`, ""},
		"passed":                      {`{"ruleId": "R1", "kind": "pass", "message": {"text": "m"}}`, ""},
		"to be reviewed":              {`{"ruleId": "R1", "kind": "review", "message": {"text": "m"}}`, "note R1: m"},
		"suppressed":                  {`{"ruleId": "R1", "message": {"text": "m"}, "suppressions": [{"kind": "inSource"}]}`, ""},
		"suppression not accepted":    {`{"ruleId": "R1", "message": {"text": "m"}, "suppressions": [{"kind": "external", "status": "underReview"}]}`, "deny R1: m"},
		"no longer there":             {`{"ruleId": "R1", "message": {"text": "m"}, "baselineState": "absent"}`, ""},
		"message of the rule":         {`{"ruleId": "R1", "message": {"id": "default", "arguments": ["a", "{0}"]}}`, "deny R1: a is not {0}; {0}"},
		"message of the tool":         {`{"ruleId": "R2", "message": {"id": "shared", "arguments": ["x"]}}`, "note R2: Shared x"},
		"no message":                  {`{"ruleId": "R1", "message": {}}`, "deny R1: Short of R1"},
		"nothing":                     {`{}`, "warn : The scanner does not say what is wrong."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			findings, err := Read(strings.NewReader(report(`{`+rules+`, "results": [`+test.result+`]}`)), root)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(shown(findings), "; "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	const bases = `"originalUriBaseIds": {"%SRCROOT%": {}, "ROOT": {"uri": "file:///srv/worktrees/1/"}, "SUB": {"uri": "modules/", "uriBaseId": "ROOT"},
		"ELSE": {"uri": "file:///"}, "LOOP": {"uri": "a/", "uriBaseId": "LOOP"}, "WEB": {"uri": "https://example.com/"}},
		"artifacts": [{"location": {"uri": "by/index.tf"}}]`
	for name, test := range map[string]struct{ location, want string }{
		"relative":                     {`"uri": "live/main.tf"`, "live/main.tf"},
		"with dots":                    {`"uri": "./live/../live/main.tf"`, "live/main.tf"},
		"escaped":                      {`"uri": "a%20b/main.tf"`, "a b/main.tf"},
		"a bare percent":               {`"uri": "100%/main.tf"`, "100%/main.tf"},
		"source root":                  {`"uri": "live/main.tf", "uriBaseId": "%SRCROOT%"`, "live/main.tf"},
		"unknown base":                 {`"uri": "live/main.tf", "uriBaseId": "REPO"`, "live/main.tf"},
		"base":                         {`"uri": "live/main.tf", "uriBaseId": "ROOT"`, "live/main.tf"},
		"base of a base":               {`"uri": "net/main.tf", "uriBaseId": "SUB"`, "modules/net/main.tf"},
		"base elsewhere":               {`"uri": "main.tf", "uriBaseId": "ELSE"`, "main.tf"},
		"base that is its own":         {`"uri": "main.tf", "uriBaseId": "LOOP"`, "main.tf"},
		"base on the web":              {`"uri": "main.tf", "uriBaseId": "WEB"`, "main.tf"},
		"absolute":                     {`"uri": "/srv/worktrees/1/live/main.tf"`, "live/main.tf"},
		"the root by another name":     {`"uri": "/private/srv/live/main.tf"`, "live/main.tf"},
		"file":                         {`"uri": "file:///srv/worktrees/1/live/main.tf"`, "live/main.tf"},
		"file on this host":            {`"uri": "file://localhost/srv/worktrees/1/live/main.tf"`, "live/main.tf"},
		"by index":                     {`"index": 0`, "by/index.tf"},
		"index out of range":           {`"index": 7`, ""},
		"file elsewhere":               {`"uri": "file:///etc/passwd"`, ""},
		"file on another host":         {`"uri": "file://nas/srv/worktrees/1/main.tf"`, ""},
		"absolute elsewhere":           {`"uri": "/etc/passwd"`, ""},
		"a sibling with a longer name": {`"uri": "/srv/worktrees/12/main.tf"`, ""},
		"upwards":                      {`"uri": "../2/main.tf"`, ""},
		"upwards through the root":     {`"uri": "/srv/worktrees/1/../2/main.tf"`, ""},
		"upwards, escaped":             {`"uri": "%2e%2e/%2e%2e/etc/passwd"`, ""},
		"upwards from a base":          {`"uri": "../../etc/passwd", "uriBaseId": "SUB"`, ""},
		"the root itself":              {`"uri": "."`, ""},
		"git's own":                    {`"uri": ".git/config"`, ""},
		"the web":                      {`"uri": "https://example.com/main.tf"`, ""},
		"a module":                     {`"uri": "git::https://example.com/x//main.tf"`, ""},
		"a newline":                    {`"uri": "main.tf%0Ax"`, ""},
		"nothing":                      {`"uri": ""`, ""},
		"a drive":                      {`"uri": "C:/x/main.tf"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := report(`{` + bases + `, "results": [{"message": {"text": "m"}, "locations": [{"physicalLocation": {"artifactLocation": {` + test.location + `}, "region": {"startLine": 3}}}]}]}`)
			findings, err := Read(strings.NewReader(text), root, "/private/srv")
			if err != nil || len(findings) != 1 {
				t.Fatalf("%v: %v", findings, err)
			}
			want := planner.Finding{Level: planner.Warn, Message: "m", File: test.want}
			if test.want != "" {
				want.Line, want.EndLine = 3, 3
			}
			if diff := cmp.Diff(want, findings[0]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReports(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want, problem string }{
		"empty":           {"", "", "there is no report"},
		"not JSON":        {"Passed checks: 3", "", "the report is not SARIF"},
		"other JSON":      {`{"results": []}`, "", `its version is ""`},
		"older":           {`{"version": "1.0.0", "runs": []}`, "", `its version is "1.0.0"`},
		"no runs":         {`{"version": "2.1.0"}`, "", "it has no runs"},
		"two documents":   {report("") + report(""), "", "the report is not SARIF"},
		"too large":       {strings.Repeat(" ", MaxReport+1), "", "more than 32 MiB"},
		"nothing found":   {"\xef\xbb\xbf" + report(`{"results": []}`), "", ""},
		"several runs":    {report(`{"results": [{"message": {"text": "a"}}]}, {"results": [{"message": {"text": "b"}}]}`), "warn : a; warn : b", ""},
		"a region":        {report(`{"results": [{"message": {"text": "a"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.tf"}, "region": {"startLine": 3, "endLine": 9}}}]}]}`), "warn : a (a.tf:3-9)", ""},
		"a region turned": {report(`{"results": [{"message": {"text": "a"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.tf"}, "region": {"startLine": 3, "endLine": 1}}}]}]}`), "warn : a (a.tf:3-3)", ""},
		"a negative line": {report(`{"results": [{"message": {"text": "a"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.tf"}, "region": {"startLine": -3}}}]}]}`), "warn : a (a.tf:0-0)", ""},
		"it broke off":    {report(`{"tool": {"driver": {"name": "scanner"}}, "results": [], "invocations": [{"executionSuccessful": false, "toolExecutionNotifications": [{"level": "error", "message": {"text": "no rules"}}]}]}`), "error : scanner did not end well: no rules", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			findings, err := Read(strings.NewReader(test.text), root)
			if (err == nil) != (test.problem == "") || err != nil && !strings.Contains(err.Error(), test.problem) {
				t.Errorf("error is %v, want %q", err, test.problem)
			}
			if got := strings.Join(shown(findings), "; "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Whatever a report says, no finding is about a place outside of the repository.
func FuzzRead(f *testing.F) {
	f.Add([]byte(report(`{` + rules + `, "originalUriBaseIds": {"A": {"uri": "../", "uriBaseId": "A"}}, "results": [{"ruleIndex": -1, "message": {"id": "default", "arguments": ["{1}"]}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "%2e%2e/x", "uriBaseId": "A"}, "region": {"startLine": 1}}}]}]}`)))
	f.Add([]byte(report(`{"results": [{"locations": [{"physicalLocation": {"artifactLocation": {"uri": "file:///srv/worktrees/1/../../x"}}}]}]}`)))
	f.Add([]byte(report(`{"results": [{"locations": [{}], "rule": {"toolComponent": {"index": 3}}}], "artifacts": [{}]}`)))
	f.Fuzz(func(t *testing.T, text []byte) {
		findings, err := Read(strings.NewReader(string(text)), root)
		if err == nil && !json.Valid([]byte(strings.TrimPrefix(string(text), "\xef\xbb\xbf"))) {
			t.Error("what is not JSON was read")
		}
		for _, finding := range findings {
			if finding.File != "" && (!filepath.IsLocal(finding.File) || strings.HasPrefix(finding.File, ".git/")) {
				t.Errorf("file is %q", finding.File)
			}
			if finding.Message == "" || finding.Level.Rank() < 0 || finding.Line < 0 || finding.EndLine < finding.Line || finding.File == "" && finding.Line > 0 {
				t.Errorf("finding is %+v", finding)
			}
		}
	})
}
