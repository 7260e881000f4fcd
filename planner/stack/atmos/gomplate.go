package atmos

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"text/template"

	"github.com/spf13/cast"
)

// gomplateNamespaces are gomplate's groups of functions that need nothing but their arguments.
func gomplateNamespaces(budget *budget) template.FuncMap {
	return template.FuncMap{
		"coll":     func() collections { return collections{budget} },
		"math":     func() arithmetic { return arithmetic{budget} },
		"regexp":   func() expressions { return expressions{} },
		"base64":   func() base64Functions { return base64Functions{} },
		"crypto":   func() sums { return sums{} },
		"test":     func() tests { return tests{} },
		"path":     func() paths { return paths{} },
		"filepath": func() paths { return paths{} },
		"kind":     tests{}.Kind, "isKind": tests{}.IsKind, "required": tests{}.Required, "rem": arithmetic{budget}.Rem,
		"pow": arithmetic{budget}.Pow, "sort": collections{budget}.Sort, "flatten": collections{budget}.Flatten,
		"replaceAll": textFunctions{budget}.ReplaceAll, "toUpper": textFunctions{budget}.ToUpper, "toLower": textFunctions{budget}.ToLower,
		"trimSpace": textFunctions{budget}.TrimSpace, "toJSONPretty": dataFunctions{}.ToJSONPretty,
	}
}

// collections are gomplate's "coll".
type collections struct{ budget *budget }

// list is listOf for who makes another list of it.
func (c collections) list(value any) ([]any, error) {
	list, err := listOf(value)
	if err != nil {
		return nil, err
	}
	return list, c.budget.spend(len(list))
}

// listOf is any list as one of values.
func listOf(value any) ([]any, error) {
	if list, is := plainList(value); is {
		return list, nil
	}
	found := reflect.ValueOf(value)
	if kind := found.Kind(); kind != reflect.Slice && kind != reflect.Array {
		return nil, fmt.Errorf("%v is no list", value)
	}
	list := make([]any, found.Len())
	for i := range list {
		list[i] = found.Index(i).Interface()
	}
	return list, nil
}

func (collections) Slice(values ...any) []any { return values }
func (collections) Has(in any, key string) bool {
	switch in := in.(type) {
	case map[string]any:
		_, there := in[key]
		return there
	default:
		list, _ := listOf(in)
		return slices.ContainsFunc(list, func(one any) bool { return reflect.DeepEqual(one, any(key)) })
	}
}

// Dict is a map of names and values in turn.
func (collections) Dict(pairs ...any) map[string]any {
	made := make(map[string]any, len(pairs)/2)
	for pair := range slices.Chunk(pairs, 2) {
		made[fmt.Sprint(pair[0])] = any("")
		if len(pair) == 2 {
			made[fmt.Sprint(pair[0])] = pair[1]
		}
	}
	return made
}

func (collections) Keys(all ...map[string]any) []string {
	var found []string
	for _, one := range all {
		found = append(found, slices.Sorted(maps.Keys(one))...)
	}
	return found
}

func (collections) Values(all ...map[string]any) []any {
	var found []any
	for _, one := range all {
		for _, key := range slices.Sorted(maps.Keys(one)) {
			found = append(found, one[key])
		}
	}
	return found
}

func (c collections) Append(value, in any) ([]any, error) {
	list, err := c.list(in)
	return append(slices.Clone(list), value), err
}

func (c collections) Prepend(value, in any) ([]any, error) {
	list, err := c.list(in)
	return append([]any{value}, list...), err
}

func (c collections) Uniq(in any) ([]any, error) {
	list, err := c.list(in)
	var found []any
	for _, one := range list {
		if err = errors.Join(err, c.budget.spend(len(found))); err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(found, func(other any) bool { return reflect.DeepEqual(one, other) }) {
			found = append(found, one)
		}
	}
	return found, err
}

func (c collections) Reverse(in any) ([]any, error) {
	list, err := c.list(in)
	list = slices.Clone(list)
	slices.Reverse(list)
	return list, err
}

// Merge merges maps deeply; what is in an earlier one wins.
func (collections) Merge(all ...map[string]any) map[string]any {
	slices.Reverse(all)
	return merge(replaceLists, all...)
}

// Sort sorts a list, by a key of its maps if one is given first.
func (c collections) Sort(arguments ...any) ([]any, error) {
	if len(arguments) == 0 || len(arguments) > 2 {
		return nil, errors.New("sort takes a list, or a key and a list")
	}
	list, err := c.list(arguments[len(arguments)-1])
	list = slices.Clone(list)
	by := func(value any) any {
		if inner, is := value.(map[string]any); is && len(arguments) == 2 {
			return inner[fmt.Sprint(arguments[0])]
		}
		return value
	}
	slices.SortStableFunc(list, func(a, b any) int { return compare(by(a), by(b)) })
	return list, err
}

// compare compares numbers as numbers and all else as texts.
func compare(a, b any) int {
	one, failed := cast.ToFloat64E(a)
	other, failedToo := cast.ToFloat64E(b)
	if failed == nil && failedToo == nil {
		return cmp.Compare(one, other)
	}
	return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
}

// Flatten makes one list of lists in lists, as deep as a number says that is given first.
func (c collections) Flatten(arguments ...any) ([]any, error) {
	if len(arguments) == 0 || len(arguments) > 2 {
		return nil, errors.New("flatten takes a list, or a depth and a list")
	}
	depth := -1
	if len(arguments) == 2 {
		depth = cast.ToInt(arguments[0])
	}
	list, err := c.list(arguments[len(arguments)-1])
	return flat(list, depth), err
}

func flat(list []any, depth int) []any {
	var found []any
	for _, one := range list {
		if inner, err := listOf(one); err == nil && depth != 0 {
			found = append(found, flat(inner, depth-1)...)
		} else {
			found = append(found, one)
		}
	}
	return found
}

// Pick keeps the named keys of the map that is given last, Omit all others.
func (c collections) Pick(arguments ...any) (map[string]any, error) { return c.filter(arguments, true) }
func (c collections) Omit(arguments ...any) (map[string]any, error) {
	return c.filter(arguments, false)
}

func (collections) filter(arguments []any, kept bool) (map[string]any, error) {
	if len(arguments) == 0 {
		return nil, errors.New("the map is missing")
	}
	all, is := arguments[len(arguments)-1].(map[string]any)
	if !is {
		return nil, fmt.Errorf("%v is no map", arguments[len(arguments)-1])
	}
	var names []string
	for _, one := range arguments[:len(arguments)-1] {
		if list, err := listOf(one); err == nil {
			names = append(names, cast.ToStringSlice(list)...)
		} else {
			names = append(names, fmt.Sprint(one))
		}
	}
	found := map[string]any{}
	for key, value := range all {
		if slices.Contains(names, key) == kept {
			found[key] = value
		}
	}
	return found, nil
}

// tests are gomplate's "test".
type tests struct{}

func (tests) Kind(value any) string {
	if value == nil {
		return "invalid"
	}
	return reflect.TypeOf(value).Kind().String()
}

func (t tests) IsKind(kind string, value any) bool {
	found := t.Kind(value)
	if kind == "number" {
		return strings.HasPrefix(found, "int") || strings.HasPrefix(found, "uint") || strings.HasPrefix(found, "float")
	}
	return found == kind
}

func (tests) Ternary(yes, no, which any) any {
	if cast.ToBool(which) {
		return yes
	}
	return no
}

// Required is the value, which must not be empty. A message may be given first.
func (tests) Required(arguments ...any) (any, error) {
	if len(arguments) == 0 {
		return nil, errors.New("the value is missing")
	}
	if value := arguments[len(arguments)-1]; value != nil && value != "" {
		return value, nil
	}
	if len(arguments) > 1 {
		return nil, fmt.Errorf("%v", arguments[0])
	}
	return nil, errors.New("a value that is required was not set")
}

// paths are gomplate's "path" and "filepath".
type paths struct{}

func (paths) Base(name any) string  { return path.Base(fmt.Sprint(name)) }
func (paths) Clean(name any) string { return path.Clean(fmt.Sprint(name)) }
func (paths) Dir(name any) string   { return path.Dir(fmt.Sprint(name)) }
func (paths) Ext(name any) string   { return path.Ext(fmt.Sprint(name)) }
func (paths) IsAbs(name any) bool   { return path.IsAbs(fmt.Sprint(name)) }
func (paths) Join(names ...any) string {
	return path.Join(cast.ToStringSlice(names)...)
}
func (paths) Match(pattern, name any) (bool, error) {
	return path.Match(fmt.Sprint(pattern), fmt.Sprint(name))
}
