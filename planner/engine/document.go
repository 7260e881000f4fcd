package engine

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	tfjson "github.com/hashicorp/terraform-json"
)

// document is a plan written down for policies: the parts of terraform's own JSON that say what changes, under their
// own names, with null in place of every value that is sensitive on either side. It is written resource by resource,
// as the plan is read, so that no plan has to fit into memory for it. A nil document takes everything and writes
// nothing.
type document struct {
	file    *os.File
	out     *bufio.Writer
	written map[string]bool
}

// documentKeys are the parts of terraform's JSON that a document has.
var documentKeys = []string{"resource_changes", "output_changes"}

func createDocument(path string) (*document, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return &document{file: file, out: bufio.NewWriter(file), written: map[string]bool{}}, nil
}

// begin starts a part.
func (d *document) begin(key string) error {
	if d == nil {
		return nil
	}
	before := ","
	if len(d.written) == 0 {
		before = "{"
	}
	d.written[key] = true
	_, err := fmt.Fprintf(d.out, "%s%q:", before, key)
	return err
}

func (d *document) raw(text string) error {
	if d == nil {
		return nil
	}
	_, err := d.out.WriteString(text)
	return err
}

func (d *document) value(value any) error {
	if d == nil {
		return nil
	}
	encoder := json.NewEncoder(d.out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// comma stands before all elements and members but the first.
func (d *document) comma(first bool) error {
	if first {
		return nil
	}
	return d.raw(",")
}

// resource writes one element of resource_changes; first tells whether it is the first.
func (d *document) resource(resource tfjson.ResourceChange, first bool) error {
	if d == nil {
		return nil
	}
	if err := d.comma(first); err != nil {
		return err
	}
	change := masked(*resource.Change)
	resource.Change = &change
	return d.value(resource)
}

// output writes one member of output_changes; first tells whether it is the first.
func (d *document) output(name string, change tfjson.Change, first bool) error {
	if d == nil {
		return nil
	}
	return errors.Join(d.comma(first), d.value(name), d.raw(":"), d.value(masked(change)))
}

// close ends the document; parts that the plan does not have are empty.
func (d *document) close() error {
	if d == nil {
		return nil
	}
	var err error
	for _, key := range documentKeys {
		if d.written[key] {
			continue
		}
		empty := "{}"
		if key == "resource_changes" {
			empty = "[]"
		}
		err = errors.Join(err, d.begin(key), d.raw(empty))
	}
	return errors.Join(err, d.raw("}\n"), d.out.Flush(), d.file.Close())
}

// masked is the change with null for values that are sensitive on either side.
func masked(change tfjson.Change) tfjson.Change {
	change.Before = withoutSensitive(change.Before, change.BeforeSensitive, change.AfterSensitive)
	change.After = withoutSensitive(change.After, change.BeforeSensitive, change.AfterSensitive)
	change.GeneratedConfig = ""
	return change
}

// withoutSensitive is the value with null where one of the marks says so. Values that hold none are not copied.
func withoutSensitive(value any, marks ...any) any {
	some := false
	for _, mark := range marks {
		if mark == true {
			return nil
		}
		some = some || anyTrue(mark)
	}
	if !some {
		return value
	}
	switch value := value.(type) {
	case map[string]any:
		object := make(map[string]any, len(value))
		for key, inner := range value {
			object[key] = withoutSensitive(inner, inside(marks, func(mark any) any {
				fields, _ := mark.(map[string]any)
				return fields[key]
			})...)
		}
		return object
	case []any:
		list := make([]any, len(value))
		for i, inner := range value {
			list[i] = withoutSensitive(inner, inside(marks, func(mark any) any {
				if elements, is := mark.([]any); is && i < len(elements) {
					return elements[i]
				}
				return nil
			})...)
		}
		return list
	default:
		// A mark of another shape than its value: rather too little than too much.
		return nil
	}
}

func inside(marks []any, of func(any) any) []any {
	inner := make([]any, len(marks))
	for i, mark := range marks {
		inner[i] = of(mark)
	}
	return inner
}

// documentText writes the document of a plan of which only text is known.
func documentText(path, text string) error {
	d, err := createDocument(path)
	if err != nil {
		return err
	}
	return errors.Join(d.begin("text"), d.value(text), d.close())
}
