package githubsim

import (
	"errors"
	"fmt"
	"maps"
	"reflect"

	"gopkg.in/yaml.v3"
)

// matrixLimit is how many jobs one matrix may give.
const matrixLimit = 256

// expandMatrix lists the combinations of a matrix; without one there is one
// that is empty.
func expandMatrix(node yaml.Node, contexts map[string]any) ([]map[string]any, error) {
	if node.IsZero() {
		return []map[string]any{nil}, nil
	}
	var read any
	if err := node.Decode(&read); err != nil {
		return nil, err
	}
	value, err := interpolateAll(read, contexts)
	if err != nil {
		return nil, err
	}
	given, isMap := value.(map[string]any)
	if !isMap {
		return nil, matrixProblem("it is no map")
	}
	combinations, err := crossed(node, given)
	if err != nil {
		return nil, err
	}
	combinations = without(combinations, given["exclude"])
	combinations = including(combinations, given["include"])
	if len(combinations) == 0 {
		return nil, matrixProblem("it must define at least one vector")
	}
	if len(combinations) > matrixLimit {
		return nil, matrixProblem("it gives %d jobs, and at most %d are allowed", len(combinations), matrixLimit)
	}
	return combinations, nil
}

// crossed combines every value of each vector with every one of the others.
func crossed(node yaml.Node, given map[string]any) ([]map[string]any, error) {
	names := vectorNames(node, given)
	if len(names) == 0 {
		return nil, nil
	}
	combinations := []map[string]any{{}}
	for _, name := range names {
		values, isList := given[name].([]any)
		if !isList || len(values) == 0 {
			return nil, matrixProblem("the vector '%s' does not contain any values", name)
		}
		var more []map[string]any
		for _, one := range combinations {
			for _, value := range values {
				made := maps.Clone(one)
				made[name] = value
				more = append(more, made)
			}
		}
		if combinations = more; len(combinations) > matrixLimit {
			break
		}
	}
	return combinations, nil
}

// vectorNames are the vectors in the order they are written, or by name where
// the whole matrix is an expression.
func vectorNames(node yaml.Node, given map[string]any) []string {
	var names []string
	if node.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(node.Content); i += 2 {
			names = append(names, node.Content[i].Value)
		}
	} else {
		names = sortedKeys(given)
	}
	var vectors []string
	for _, name := range names {
		if name != "include" && name != "exclude" {
			vectors = append(vectors, name)
		}
	}
	return vectors
}

func without(combinations []map[string]any, exclude any) []map[string]any {
	list, _ := exclude.([]any)
	var kept []map[string]any
	for _, one := range combinations {
		out := false
		for _, excluded := range list {
			part, _ := excluded.(map[string]any)
			out = out || part != nil && agrees(one, part, true)
		}
		if !out {
			kept = append(kept, one)
		}
	}
	return kept
}

// including adds to the combinations that agree, and what agrees with none as a
// combination of its own.
func including(combinations []map[string]any, include any) []map[string]any {
	list, _ := include.([]any)
	original := len(combinations)
	keys := map[string]bool{}
	for _, one := range combinations {
		for name := range one {
			keys[name] = true
		}
	}
	for _, included := range list {
		part, _ := included.(map[string]any)
		found := false
		for _, one := range combinations[:original] {
			if overlaps(part, keys) && agrees(one, part, false) || !overlaps(part, keys) {
				maps.Copy(one, part)
				found = true
			}
		}
		if !found {
			combinations = append(combinations, maps.Clone(part))
		}
	}
	return combinations
}

func overlaps(part map[string]any, keys map[string]bool) bool {
	for name := range part {
		if keys[name] {
			return true
		}
	}
	return false
}

// agrees reports whether the combination has the values of part: all of them, or
// those that it has at all.
func agrees(one, part map[string]any, all bool) bool {
	for name, value := range part {
		held, has := one[name]
		if !has && all || has && !reflect.DeepEqual(held, value) {
			return false
		}
	}
	return true
}

// interpolateAll replaces the expressions in every text of a value.
func interpolateAll(value any, contexts map[string]any) (any, error) {
	switch held := value.(type) {
	case string:
		return interpolate(held, contexts)
	case int:
		return float64(held), nil
	case []any:
		made := make([]any, len(held))
		for i, one := range held {
			found, err := interpolateAll(one, contexts)
			if err != nil {
				return nil, err
			}
			made[i] = found
		}
		return made, nil
	case map[string]any:
		made := map[string]any{}
		for name, one := range held {
			found, err := interpolateAll(one, contexts)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			made[name] = found
		}
		return made, nil
	}
	return value, nil
}

// errMatrix is what is wrong with a strategy that gives no jobs, or too many.
var errMatrix = errors.New("the matrix is not valid")

func matrixProblem(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errMatrix, fmt.Sprintf(format, args...))
}
