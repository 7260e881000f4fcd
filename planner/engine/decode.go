package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/trunkline/trunkline/planner/redact"
)

// planReader reads a plan's JSON into a plan.
type planReader struct {
	settings Settings
	work     Work
	plan     *Plan
	in       *scanner
	document *document
	hostless *strings.Replacer
	// room for the values of attributes, in bytes, and that for resources that are replaced, so that no number of others
	// leaves none for them.
	room, replaceRoom int
	// secrets is how many bytes of sensitive values were found.
	secrets int
}

// Read reads a plan of terraform or OpenTofu from its JSON, as show -json prints it. Of the work it looks at the
// paths and at whether a document is wanted.
func (s Settings) Read(from io.Reader, work Work) (Plan, error) {
	if s.Redact == nil {
		s.Redact = redact.New().Redact
	}
	plan := Plan{Instance: work.Instance}
	err := s.decode(from, work, &plan)
	return plan, err
}

// decode reads terraform's plan as a stream. Its memory is that of the largest resource, besides what is kept: the
// changes, with values of limited size. The state before, the planned values and the configuration, which can be far
// larger than the changes, are read over, and so are the resources that stay as they are.
func (s Settings) decode(from io.Reader, work Work, plan *Plan) (err error) {
	reader := &planReader{settings: s, work: work, plan: plan, in: newScanner(from), hostless: work.replacer(), room: maxValues, replaceRoom: maxValues}
	if work.Document {
		plan.Document = work.scratch("document.json")
		if reader.document, err = createDocument(plan.Document); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, reader.document.close()) }()
	}
	if err := reader.in.members(reader.part); err != nil {
		return err
	}
	slices.SortStableFunc(plan.Outputs, func(a, b Change) int { return strings.Compare(a.Address, b.Address) })
	plan.Digest = planDigest(plan.Changes, plan.Outputs)
	return nil
}

// part reads one member of the plan.
func (r *planReader) part(key string) error {
	switch key {
	case "resource_changes":
		return r.resources()
	case "output_changes":
		return r.outputs()
	case "checks":
		return r.checks()
	case "errored":
		var errored bool
		if err := r.read(&errored); err != nil || !errored {
			return err
		}
		return errors.New("the engine could not finish it")
	}
	return r.in.skip()
}

// read decodes the value that comes next. Numbers stay as they are written: they go into digests.
func (r *planReader) read(into any) error {
	text, err := r.in.value()
	if err != nil {
		return err
	}
	return decodeExactly(text, into)
}

func decodeExactly(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(into)
}

func (r *planReader) resources() error {
	if err := errors.Join(r.document.begin("resource_changes"), r.document.raw("[")); err != nil {
		return err
	}
	if empty, err := r.in.null(); err != nil || empty {
		return errors.Join(err, r.document.raw("]"))
	}
	first := true
	err := r.in.elements(func() error { return r.resource(&first) })
	return errors.Join(err, r.document.raw("]"))
}

// resourceHead is what tells whether a resource changes. Its values are not decoded for that.
type resourceHead struct {
	Address         string `json:"address"`
	PreviousAddress string `json:"previous_address"`
	Change          *struct {
		Actions   tfjson.Actions    `json:"actions"`
		Importing *tfjson.Importing `json:"importing"`
	} `json:"change"`
}

func (r *planReader) resource(first *bool) error {
	text, err := r.in.value()
	if err != nil {
		return err
	}
	var head resourceHead
	if err := json.Unmarshal(text, &head); err != nil || head.Change == nil {
		return err
	}
	moved := head.PreviousAddress != "" && head.PreviousAddress != head.Address
	action, changes := action(head.Change.Actions, head.Change.Importing != nil, moved)
	if !changes && r.document == nil {
		return nil
	}
	var resource tfjson.ResourceChange
	if err := decodeExactly(text, &resource); err != nil {
		return err
	}
	if err := r.document.resource(resource, *first); err != nil {
		return err
	}
	*first = false
	if changes {
		r.plan.Changes = append(r.plan.Changes, r.change(resource, action))
	}
	return nil
}

// change is what happens to the resource.
func (r *planReader) change(resource tfjson.ResourceChange, action Action) Change {
	change := Change{Address: resource.Address, Action: action, Deposed: resource.DeposedKey, Reason: string(resource.ActionReason)}
	if resource.PreviousAddress != resource.Address {
		change.PreviousAddress = resource.PreviousAddress
	}
	if resource.Change.Importing != nil {
		change.ImportID = resource.Change.Importing.ID
	}
	if actions := resource.Change.Actions; action == Replace {
		change.CreateFirst = actions[0] == tfjson.ActionCreate
	}
	r.describe(&change, *resource.Change)
	return change
}

// action in our words, and whether it changes anything.
func action(actions tfjson.Actions, imported, moved bool) (Action, bool) {
	switch {
	case slices.Contains(actions, tfjson.ActionCreate) && len(actions) > 1:
		return Replace, true // with delete, in either order, or with forget
	case actions.Create():
		return Create, true
	case actions.Update():
		return Update, true
	case actions.Delete():
		return Destroy, true
	case actions.Read():
		return Read, true
	case slices.Contains(actions, tfjson.ActionForget):
		return Forget, true
	case imported:
		return Import, true
	case moved:
		return Move, true
	case actions.NoOp() || len(actions) == 0:
		return "", false
	default:
		// One that we do not know is shown, and looks like a change, since it may be any.
		return Update, true
	}
}

// describe adds the attributes that change, and the digest.
func (r *planReader) describe(change *Change, detail tfjson.Change) {
	var found []difference
	switch change.Action {
	case Create, Update, Replace, Import:
		found = differences(detail)
	}
	change.Digest = r.changeDigest(*change, found, detail)
	room := &r.room
	if change.Action == Replace {
		room = &r.replaceRoom
	}
	for _, one := range found {
		if one.sensitive {
			r.secret(one.before, one.after)
		}
		if *room <= 0 {
			change.AttributesLeft++
			continue
		}
		attribute := one.attribute(r.redact)
		*room -= len(attribute.Path) + len(attribute.Before) + len(attribute.After)
		change.Attributes = append(change.Attributes, attribute)
	}
}

// maxSecrets is how many bytes of sensitive values are kept of one plan.
const maxSecrets = 64 << 10

// secret keeps the texts and numbers in sensitive values.
func (r *planReader) secret(values ...any) {
	for _, value := range values {
		switch value := value.(type) {
		case string:
			if len(value) < 6 { // it stands in too many places that are no secrets
				continue
			}
			if r.secrets += len(value); r.secrets <= maxSecrets && !slices.Contains(r.plan.Secrets, value) {
				r.plan.Secrets = append(r.plan.Secrets, value)
			}
		case json.Number:
			r.secret(value.String())
		case []any:
			r.secret(value...)
		case map[string]any:
			for _, inner := range value {
				r.secret(inner)
			}
		}
	}
}

// redact takes out of a value what may not be shown.
func (r *planReader) redact(text string) string { return r.settings.Redact(r.hostless.Replace(text)) }

func (r *planReader) outputs() error {
	if err := errors.Join(r.document.begin("output_changes"), r.document.raw("{")); err != nil {
		return err
	}
	if empty, err := r.in.null(); err != nil || empty {
		return errors.Join(err, r.document.raw("}"))
	}
	first := true
	err := r.in.members(func(name string) error {
		var detail *tfjson.Change
		if err := r.read(&detail); err != nil || detail == nil {
			return err
		}
		change := Change{Address: name}
		if anyTrue(detail.BeforeSensitive) || anyTrue(detail.AfterSensitive) {
			r.secret(detail.Before, detail.After)
			r.plan.Reveals = r.plan.Reveals || anyTrue(detail.AfterUnknown)
		}
		var changes bool
		if change.Action, changes = action(detail.Actions, detail.Importing != nil, false); changes {
			r.describe(&change, *detail)
			r.plan.Outputs = append(r.plan.Outputs, change)
		}
		err := r.document.output(name, *detail, first)
		first = false
		return err
	})
	return errors.Join(err, r.document.raw("}"))
}

// maxWarnings of one plan are kept.
const maxWarnings = 20

// checks reads the conditions that the code states about itself: those that do not hold are warnings of the plan.
func (r *planReader) checks() error {
	if empty, err := r.in.null(); err != nil || empty {
		return err
	}
	return r.in.elements(func() error {
		var check tfjson.CheckResultStatic
		if err := r.read(&check); err != nil {
			return fmt.Errorf("read a check: %w", err)
		}
		for _, instance := range check.Instances {
			for _, problem := range instance.Problems {
				if len(r.plan.Warnings) < maxWarnings {
					r.plan.Warnings = append(r.plan.Warnings, r.redact(instance.Address.ToDisplay+": "+problem.Message))
				}
			}
		}
		return nil
	})
}
