// Package jsontext writes values as JSON: those that configurations are made of, of which a repository may have a
// million. It writes what encoding/json writes, byte by byte, in a fraction of the time and memory.
package jsontext

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// writers are kept, with their buffers.
var writers = sync.Pool{New: func() any { return new(writer) }}

// Text is the value as [json.Marshal] writes it.
func Text(value any) (string, error) {
	w := writers.Get().(*writer)
	defer writers.Put(w)
	*w = writer{text: w.text[:0], keys: w.keys[:0], escape: true}
	if err := w.value(value, 0); err != nil {
		return "", err
	}
	return string(w.text), nil
}

// AppendIndented appends the value as a [json.Encoder] writes it that indents by two spaces and leaves "<" as it is,
// without the end of the line. The value stands that many levels deep in what is there already.
func AppendIndented(to []byte, value any, depth int) ([]byte, error) {
	w := writers.Get().(*writer)
	defer writers.Put(w)
	*w = writer{text: to, keys: w.keys[:0], indented: true}
	err := w.value(value, depth)
	to, w.text = w.text, nil
	return to, err
}

// writer writes one value.
type writer struct {
	text []byte
	// keys are those of the maps around, each map's own at the end.
	keys             []string
	indented, escape bool
}

func (w *writer) value(value any, depth int) error {
	switch value := value.(type) {
	case nil:
		w.text = append(w.text, "null"...)
	case string:
		return w.string(value)
	case bool:
		w.text = strconv.AppendBool(w.text, value)
	case int:
		w.text = strconv.AppendInt(w.text, int64(value), 10)
	case float64:
		return w.float(value)
	case map[string]any:
		return w.object(value, depth)
	case []any:
		return w.array(len(value), value == nil, depth, func(i int) any { return value[i] })
	case []string:
		return w.array(len(value), value == nil, depth, func(i int) any { return value[i] })
	default:
		return w.other(value, depth)
	}
	return nil
}

// string writes a text. What needs more than quotes is left to encoding/json.
func (w *writer) string(text string) error {
	plain := true
	for i := range len(text) {
		if char := text[i]; char < ' ' || char >= 0x7f || char == '"' || char == '\\' || w.escape && (char == '<' || char == '>' || char == '&') {
			plain = false
			break
		}
	}
	if !plain {
		return w.standard(text, 0)
	}
	w.text = append(w.text, '"')
	w.text = append(w.text, text...)
	w.text = append(w.text, '"')
	return nil
}

func (w *writer) float(number float64) error {
	size := math.Abs(number)
	if math.IsInf(number, 0) || math.IsNaN(number) || size != 0 && (size < 1e-6 || size >= 1e21) {
		return w.standard(number, 0)
	}
	w.text = strconv.AppendFloat(w.text, number, 'f', -1, 64)
	return nil
}

func (w *writer) object(values map[string]any, depth int) error {
	if values == nil {
		w.text = append(w.text, "null"...)
		return nil
	}
	first := len(w.keys)
	for key := range values {
		w.keys = append(w.keys, key)
	}
	keys := w.keys[first:]
	slices.Sort(keys)
	w.text = append(w.text, '{')
	for i, key := range keys {
		if err := w.member(i, key, values[key], depth); err != nil {
			return err
		}
	}
	w.end(len(keys), '}', depth)
	w.keys = w.keys[:first]
	return nil
}

func (w *writer) member(i int, key string, value any, depth int) error {
	w.separate(i, depth)
	if err := w.string(key); err != nil {
		return err
	}
	w.text = append(w.text, ':')
	if w.indented {
		w.text = append(w.text, ' ')
	}
	return w.value(value, depth+1)
}

func (w *writer) array(length int, null bool, depth int, at func(int) any) error {
	if null {
		w.text = append(w.text, "null"...)
		return nil
	}
	w.text = append(w.text, '[')
	for i := range length {
		w.separate(i, depth)
		if err := w.value(at(i), depth+1); err != nil {
			return err
		}
	}
	w.end(length, ']', depth)
	return nil
}

// separate begins the element of that number.
func (w *writer) separate(i, depth int) {
	if i > 0 {
		w.text = append(w.text, ',')
	}
	w.line(depth + 1)
}

func (w *writer) end(length int, bracket byte, depth int) {
	if length > 0 {
		w.line(depth)
	}
	w.text = append(w.text, bracket)
}

func (w *writer) line(depth int) {
	if !w.indented {
		return
	}
	w.text = append(w.text, '\n')
	for range depth {
		w.text = append(w.text, "  "...)
	}
}

// other writes what is not of YAML: structs by their tags, and all else as encoding/json does.
func (w *writer) other(value any, depth int) error {
	if _, own := value.(json.Marshaler); own {
		return w.standard(value, depth)
	}
	switch found := reflect.ValueOf(value); found.Kind() {
	case reflect.Struct:
		return w.fields(found, depth)
	case reflect.Slice:
		if found.Type().Elem().Kind() == reflect.Struct {
			return w.array(found.Len(), found.IsNil(), depth, func(i int) any { return found.Index(i).Interface() })
		}
	}
	return w.standard(value, depth)
}

// fields writes the fields of a struct that have tags. All of ours have.
func (w *writer) fields(value reflect.Value, depth int) error {
	w.text = append(w.text, '{')
	written := 0
	for i := range value.NumField() {
		name, options, _ := strings.Cut(value.Type().Field(i).Tag.Get("json"), ",")
		field := value.Field(i)
		if name == "" {
			return fmt.Errorf("write %s as JSON: the field %s has no tag", value.Type(), value.Type().Field(i).Name)
		}
		if name == "-" || options == "omitempty" && isEmpty(field) {
			continue
		}
		if err := w.member(written, name, field.Interface(), depth); err != nil {
			return err
		}
		written++
	}
	w.end(written, '}', depth)
	return nil
}

// isEmpty is what "omitempty" leaves out.
func isEmpty(field reflect.Value) bool {
	switch field.Kind() {
	case reflect.Slice, reflect.Map:
		return field.Len() == 0
	case reflect.Struct:
		return false
	}
	return field.IsZero()
}

// standard has encoding/json write the value.
func (w *writer) standard(value any, depth int) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(w.escape)
	if w.indented {
		encoder.SetIndent(strings.Repeat("  ", depth), "  ")
	}
	if err := encoder.Encode(value); err != nil {
		return err
	}
	w.text = append(w.text, bytes.TrimSuffix(text.Bytes(), []byte("\n"))...)
	return nil
}
