package engine

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/trunkline/trunkline/planner/redact"
)

func decodeText(settings Settings, text string) (Plan, error) {
	if settings.Redact == nil {
		settings.Redact = redact.New("s3cret-value").Redact
	}
	var plan Plan
	err := settings.decode(strings.NewReader(text), Work{Root: "/srv/tree/1"}, &plan)
	return plan, err
}

func resource(change string) string {
	return `{"prior_state": {"deep": [{"x": [1, {}]}]}, "resource_changes": [{"address": "aws_x.a", "change": ` + change + `}], "timestamp": "2026-11-21T10:00:00Z"}`
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change string
		action Action
		want   []Attribute
	}{
		"nested values": {`{"actions": ["update"],
			"before": {"id": "i-1", "tags": {"Name": "a", "team": "x"}, "rules": [{"port": 80, "to": 80, "udp": false, "cidr": ["10.0.0.0/8"]}], "same": [1, 2], "none": null},
			"after": {"id": "i-1", "tags": {"Name": "b", "kubernetes.io/x": "<y>"}, "rules": [{"port": 443, "to": 80, "udp": false, "cidr": ["10.0.0.0/8", "10.1.0.0/16"]}, {"port": 1.50}], "same": [1, 2], "none": {}},
			"after_unknown": {"tags": {}}}`, Update, []Attribute{
			{Path: "none", After: "{}"},
			{Path: "rules[0].cidr", Before: `["10.0.0.0/8"]`, After: `["10.0.0.0/8","10.1.0.0/16"]`},
			{Path: "rules[0].port", Before: "80", After: "443"},
			{Path: "rules[1]", After: `{"port":1.50}`},
			{Path: "tags.Name", Before: `"a"`, After: `"b"`},
			{Path: `tags["kubernetes.io/x"]`, After: `"<y>"`},
			{Path: "tags.team", Before: `"x"`},
		}},
		"sensitive values": {`{"actions": ["update"],
			"before": {"password": "old", "users": [{"name": "a", "key": "k1"}], "all": {"x": 1}, "stays": "s"},
			"after": {"password": "new", "users": [{"name": "b", "key": "k2"}], "all": {"x": 2}, "stays": "s"},
			"before_sensitive": {"users": [{"key": true}], "all": true, "stays": true},
			"after_sensitive": {"password": true, "users": [{"key": true}], "stays": true}}`, Update, []Attribute{
			{Path: "all", Sensitive: true},
			{Path: "password", Sensitive: true},
			{Path: "users[0].key", Sensitive: true},
			{Path: "users[0].name", Before: `"a"`, After: `"b"`},
		}},
		"unknown values": {`{"actions": ["update"],
			"before": {"arn": "x", "ips": ["1"], "secret": "s"}, "after": {"ips": [null]},
			"after_unknown": {"arn": true, "ips": [true], "secret": true}, "after_sensitive": {"secret": true}}`, Update, []Attribute{
			{Path: "arn", Before: `"x"`, Unknown: true},
			{Path: "ips[0]", Before: `"1"`, Unknown: true},
			{Path: "secret", Unknown: true, Sensitive: true},
		}},
		"a replacement": {`{"actions": ["delete", "create"],
			"before": {"zone": {"name": "a", "x": 1}, "size": 1}, "after": {"zone": {"name": "b", "x": 2}, "size": 2},
			"replace_paths": [["zone", "name"]]}`, Replace, []Attribute{
			{Path: "size", Before: "1", After: "2"},
			{Path: "zone.name", Before: `"a"`, After: `"b"`, ForcesReplacement: true},
			{Path: "zone.x", Before: "1", After: "2"},
		}},
		"secrets and paths that nobody marked": {`{"actions": ["create"], "before": null, "after": {"a": "s3cret-value", "b": ["ghp_16C7e42F292c6912E7710c838347Ae178B4a"], "c": "/srv/tree/1/app/x"}}`, Create, []Attribute{
			{Path: "a", After: `"[redacted]"`},
			{Path: "b", After: `["[redacted]"]`},
			{Path: "c", After: `"app/x"`},
		}},
		"a destruction":               {`{"actions": ["delete"], "before": {"id": "x"}, "after": null}`, Destroy, nil},
		"create before destroy":       {`{"actions": ["create", "delete"], "before": {}, "after": {}}`, Replace, nil},
		"an import with a change":     {`{"actions": ["update"], "importing": {"id": "x"}, "before": {"a": 1}, "after": {"a": 2}}`, Update, []Attribute{{Path: "a", Before: "1", After: "2"}}},
		"an action nobody knows":      {`{"actions": ["transmogrify"], "before": {}, "after": {}}`, Update, nil},
		"a type that changes":         {`{"actions": ["update"], "before": {"a": "x"}, "after": {"a": {"b": 1}}}`, Update, []Attribute{{Path: "a", Before: `"x"`, After: `{"b":1}`}}},
		"numbers that no float holds": {`{"actions": ["update"], "before": {"a": 12345678901234567890}, "after": {"a": 12345678901234567891}}`, Update, []Attribute{{Path: "a", Before: "12345678901234567890", After: "12345678901234567891"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan, err := decodeText(Settings{}, resource(test.change))
			if err != nil {
				t.Fatal(err)
			}
			if len(plan.Changes) != 1 || plan.Changes[0].Action != test.action {
				t.Fatalf("changes are %+v", plan.Changes)
			}
			if diff := cmp.Diff(test.want, plan.Changes[0].Attributes, withoutDigests); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "[]", `{"resource_changes": 1}`, `{"resource_changes": [`, `{"errored": true}`, `{"x": `} {
		if _, err := decodeText(Settings{}, text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

// Digests do not depend on the order of changes or keys, on the time, or on the directory; they do on all that is done.
func TestDigestsAreOfTheSetOfChanges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(0, 6).Draw(t, "count")
		value := rapid.SampledFrom([]string{"1", "2", `"a"`, `["x"]`, "null", `"/srv/tree/%d/x"`})
		var resources []string
		for i := range count {
			resources = append(resources, fmt.Sprintf(`{"address": "a.b[%d]", "change": {"actions": ["%s"], "before": {"k": %s}, "after": {"k": %s, "l": 1}}}`,
				i, rapid.SampledFrom([]string{"update", "create", "delete"}).Draw(t, "action"), value.Draw(t, "before"), value.Draw(t, "after")))
		}
		digest := func(resources []string, root int, time string) (Plan, string) {
			text := `{"timestamp": "` + time + `", "resource_changes": [` + strings.Join(resources, ",") + `]}`
			text = strings.ReplaceAll(text, "%d", fmt.Sprint(root))
			var plan Plan
			settings := Settings{Redact: func(text string) string { return text }}
			if err := settings.decode(strings.NewReader(text), Work{Root: fmt.Sprintf("/srv/tree/%d", root)}, &plan); err != nil {
				t.Fatal(err)
			}
			return plan, plan.Digest
		}
		plan, first := digest(resources, 1, "2026")
		shuffled := slices.Clone(resources)
		rand.New(rand.NewSource(rapid.Int64().Draw(t, "order"))).Shuffle(count, func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		other, second := digest(shuffled, 2, "2027")
		if first != second {
			t.Fatalf("%v and %v have two digests", resources, shuffled)
		}
		var recorded []string
		for _, change := range plan.Changes {
			recorded = append(recorded, change.Digest)
		}
		if !Among(other.Changes, recorded) {
			t.Fatal("the changes are not among themselves")
		}
		if count > 0 {
			if _, fewer := digest(resources[1:], 1, "2026"); fewer == first {
				t.Fatal("a change less has the same digest")
			}
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(resource(`{"actions": ["update"], "before": {"a": [1]}, "after": {"a": {"b": 1}}, "after_unknown": [true], "replace_paths": [["a", 0], 1]}`))
	f.Add(`{"output_changes": {"x": null, "y": {"actions": ["create"], "after": 1, "after_sensitive": true}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		plan, err := decodeText(Settings{}, text)
		if err == nil && plan.Digest == "" {
			t.Error("there is no digest")
		}
	})
}

func TestMessages(t *testing.T) {
	t.Parallel()
	output := "box: Refreshing...\n\x1b[31m╷\x1b[0m\x1b[0m\n│ Warning: old\n│\n│ Something\n╵\n╷\n│ Error: No\n│ \n│   on main.tf line 3:\n│    3: x\n│ \n│ because\n╵\n"
	if got, want := message(output), "Error: No\n\n   on main.tf line 3:\n    3: x\n\n because"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := message("just\x1b[1m text\x07\r\n"); got != "just text" {
		t.Errorf("got %q", got)
	}
	if got := message(strings.Repeat("x", 2*maxMessage)); len(got) > maxMessage+10 {
		t.Errorf("%d bytes", len(got))
	}
}

func TestBounded(t *testing.T) {
	t.Parallel()
	if got := bounded("short\n"); got != "short\n" {
		t.Errorf("got %q", got)
	}
	line := strings.Repeat("x", 99) + "\n"
	got := bounded(strings.Repeat(line, 1000))
	if want := strings.Repeat(line, maxReading/100) + "… and 346 more lines"; got != want {
		t.Errorf("%d bytes, ends in %q", len(got), got[len(got)-40:])
	}
	if got := bounded(strings.Repeat("x", 2*maxReading)); got != "… and 1 more lines" {
		t.Errorf("got %q", got)
	}
}
