package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	tfjson "github.com/hashicorp/terraform-json"
)

// planReader reads a plan's JSON into a plan.
type planReader struct {
	settings Settings
	work     Work
	plan     *Plan
	document *document
}

// decode reads terraform's plan, as show -json prints it, as a stream: resource by resource, leaving out the state
// before, the configuration and the planned values, which can be far larger than the changes.
func (s Settings) decode(from io.Reader, work Work, plan *Plan) (err error) {
	reader := planReader{settings: s, work: work, plan: plan}
	if work.Document {
		plan.Document = work.scratch("document.json")
		if reader.document, err = createDocument(plan.Document); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, reader.document.close()) }()
	}
	decoder := json.NewDecoder(from)
	decoder.UseNumber() // numbers stay as they are written: they go into digests
	if err := expect(decoder, '{'); err != nil {
		return err
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return err
		}
		switch key {
		case "resource_changes":
			err = reader.resources(decoder)
		case "output_changes":
			err = reader.outputs(decoder)
		case "errored":
			var errored bool
			if err = decoder.Decode(&errored); err == nil && errored {
				err = errors.New("the engine could not finish it")
			}
		default:
			err = skip(decoder)
		}
		if err != nil {
			return fmt.Errorf("%v: %w", key, err)
		}
	}
	if err := expect(decoder, '}'); err != nil {
		return err
	}
	plan.Digest = planDigest(plan.Changes, plan.Outputs)
	return nil
}

func expect(decoder *json.Decoder, delimiter json.Delim) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	if token != delimiter {
		return fmt.Errorf("%v stands where %v was expected", token, delimiter)
	}
	return nil
}

// skip reads over one value without keeping it.
func skip(decoder *json.Decoder) error {
	for depth := 0; ; {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

func (r planReader) resources(decoder *json.Decoder) error {
	if err := errors.Join(expect(decoder, '['), r.document.begin("resource_changes"), r.document.raw("[")); err != nil {
		return err
	}
	for first := true; decoder.More(); {
		var resource tfjson.ResourceChange
		if err := decoder.Decode(&resource); err != nil {
			return err
		}
		if resource.Change == nil {
			continue
		}
		if err := r.document.resource(resource, first); err != nil {
			return err
		}
		first = false
		if change, changes := r.change(resource); changes {
			r.plan.Changes = append(r.plan.Changes, change)
		}
	}
	return errors.Join(expect(decoder, ']'), r.document.raw("]"))
}

// change is what happens to the resource, and whether anything does.
func (r planReader) change(resource tfjson.ResourceChange) (Change, bool) {
	change := Change{Address: resource.Address, Deposed: resource.DeposedKey}
	if resource.PreviousAddress != resource.Address {
		change.PreviousAddress = resource.PreviousAddress
	}
	if resource.Change.Importing != nil {
		change.ImportID = resource.Change.Importing.ID
	}
	var changes bool
	if change.Action, changes = action(*resource.Change, change.PreviousAddress != ""); !changes {
		return change, false
	}
	r.describe(&change, *resource.Change)
	return change, true
}

func action(change tfjson.Change, moved bool) (Action, bool) {
	switch actions := change.Actions; {
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
	case change.Importing != nil:
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
func (r planReader) describe(change *Change, detail tfjson.Change) {
	var found []difference
	switch change.Action {
	case Create, Update, Replace, Import:
		found = differences(detail)
	}
	change.Digest = r.changeDigest(*change, found, detail)
	for _, one := range found {
		change.Attributes = append(change.Attributes, one.attribute(func(text string) string { return r.settings.Redact(r.work.hostless(text)) }))
	}
}

func (r planReader) outputs(decoder *json.Decoder) error {
	outputs := map[string]*tfjson.Change{}
	if err := decoder.Decode(&outputs); err != nil {
		return err
	}
	shown := make(map[string]tfjson.Change, len(outputs))
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		detail := outputs[name]
		if detail == nil {
			continue
		}
		change := Change{Address: name}
		var changes bool
		if change.Action, changes = action(*detail, false); changes {
			r.describe(&change, *detail)
			r.plan.Outputs = append(r.plan.Outputs, change)
		}
		shown[name] = masked(*detail)
	}
	return errors.Join(r.document.begin("output_changes"), r.document.value(shown))
}
