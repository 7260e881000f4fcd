package engine

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// normalised is a change as it goes into its digest. What is not here does not count: times, versions, the words of
// the engine, the order of changes, attributes that stay as they are, and where on this host the files lie.
type normalised struct {
	Address    string                `json:"address"`
	Previous   string                `json:"previous,omitempty"`
	Import     string                `json:"import,omitempty"`
	Deposed    string                `json:"deposed,omitempty"`
	Action     Action                `json:"action"`
	Object     any                   `json:"object,omitempty"`
	Attributes []normalisedAttribute `json:"attributes,omitempty"`
}

type normalisedAttribute struct {
	Path    []any `json:"path"`
	Before  any   `json:"before,omitempty"`
	After   any   `json:"after,omitempty"`
	Unknown bool  `json:"unknown,omitempty"`
	Forces  bool  `json:"forces,omitempty"`
	// Sensitive stands for the values where they are sensitive: keyed, so that nobody can find them out by guessing.
	Sensitive string `json:"sensitive,omitempty"`
}

func (r *planReader) changeDigest(change Change, found []difference, detail tfjson.Change) string {
	plain := normalised{
		Address: change.Address, Previous: change.PreviousAddress, Import: change.ImportID, Deposed: change.Deposed,
		Action: change.Action,
	}
	if change.Action == Destroy || change.Action == Forget || change.Action == Replace {
		// Which object it is that goes: another one in its place is another change.
		if object, is := detail.Before.(map[string]any); is && detail.BeforeSensitive != true {
			if marks, _ := detail.BeforeSensitive.(map[string]any); !anyTrue(marks["id"]) {
				plain.Object = object["id"]
			}
		}
	}
	for _, one := range found {
		attribute := normalisedAttribute{Path: one.path, Unknown: one.unknown, Forces: one.forces}
		switch {
		case one.sensitive:
			attribute.Sensitive = r.settings.keyed(jsonText([]any{one.before, one.after}))
		case one.unknown:
			attribute.Before = one.before
		default:
			attribute.Before, attribute.After = one.before, one.after
		}
		plain.Attributes = append(plain.Attributes, attribute)
	}
	return hash(r.hostless.Replace(jsonText(plain)))
}

func (s Settings) keyed(text string) string {
	if len(s.Key) == 0 {
		return "sensitive"
	}
	mac := hmac.New(sha256.New, s.Key)
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// planDigest is the digest of the set of changes: their order does not count.
func planDigest(changes, outputs []Change) string {
	var lines []string
	for _, change := range changes {
		lines = append(lines, "change "+change.Digest)
	}
	for _, output := range outputs {
		lines = append(lines, "output "+output.Digest)
	}
	slices.Sort(lines)
	return hash("plan 1\n" + strings.Join(lines, "\n"))
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
