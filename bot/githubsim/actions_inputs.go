package githubsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const (
	// inputLimit is how many inputs a workflow may be started with.
	inputLimit = 25
	// inputsLimit is how long they may be together.
	inputsLimit = 65535
)

func unprocessable(format string, args ...any) *Problem {
	return &Problem{Status: http.StatusUnprocessableEntity, Message: fmt.Sprintf(format, args...)}
}

// dispatchedInputs checks the inputs that a workflow is started with against
// those that it declares, and fills in the defaults.
func (gh *GitHub) dispatchedInputs(repo *repository, read *definition, given map[string]any) (map[string]any, error) {
	declared, err := read.On.inputsOf("workflow_dispatch")
	if err != nil {
		return nil, unprocessable("failed to parse workflow: %s", err)
	}
	if len(given) > inputLimit {
		return nil, unprocessable("Invalid request.\n\nNo more than %d properties are allowed; %d were supplied.", inputLimit, len(given))
	}
	if text, err := json.Marshal(given); err != nil || len([]rune(string(text))) > inputsLimit {
		return nil, unprocessable("inputs are too large.")
	}
	var unexpected []string
	for _, name := range sortedKeys(given) {
		if _, known := declared.values[name]; !known {
			unexpected = append(unexpected, name)
		}
	}
	if len(unexpected) > 0 {
		names, _ := json.Marshal(unexpected) // a list of texts can be written
		return nil, unprocessable("Unexpected inputs provided: %s", names)
	}
	made := map[string]any{}
	for _, name := range declared.keys {
		input := declared.values[name]
		value, provided := given[name]
		if !provided || value == nil {
			if input.Required && input.Default == nil {
				return nil, unprocessable("Required input '%s' not provided", name)
			}
			value = input.initial()
		}
		if made[name], err = gh.inputValue(repo, name, input, value); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// initial is an input that is not given.
func (d inputDefinition) initial() any {
	switch {
	case d.Default != nil:
		return textOf(d.Default)
	case d.Type == "boolean":
		return "false"
	case d.Type == "choice" && len(d.Options) > 0:
		return d.Options[0]
	}
	return ""
}

// inputValue checks one value and gives it the type that expressions see.
func (gh *GitHub) inputValue(repo *repository, name string, input inputDefinition, value any) (any, error) {
	switch value.(type) {
	case string, bool, float64:
	default:
		return nil, unprocessable("Invalid value for input '%s'", name)
	}
	text := textOf(value)
	if input.Required && text == "" {
		return nil, unprocessable("Required input '%s' not provided", name)
	}
	switch input.Type {
	case "boolean":
		if text != "true" && text != "false" {
			return nil, unprocessable("Provided value '%s' for input '%s' not in the list of allowed values", text, name)
		}
		return text == "true", nil
	case "number":
		number, err := strconv.ParseFloat(text, 64)
		if err != nil && text != "" {
			return nil, unprocessable("Provided value '%s' for input '%s' is not a number", text, name)
		}
		return number, nil
	case "choice":
		if !slices.Contains(input.Options, text) {
			return nil, unprocessable("Provided value '%s' for input '%s' not in the list of allowed values", text, name)
		}
	case "environment":
		known := slices.ContainsFunc(repo.environments, func(held *environment) bool { return strings.EqualFold(held.name, text) })
		if !known && text != "" {
			return nil, unprocessable("Provided value '%s' for input '%s' not in the list of allowed values", text, name)
		}
	}
	return text, nil
}

// calledInputs are those that a job gives to the workflow it calls.
func calledInputs(read *definition, given map[string]any, contexts map[string]any) (map[string]any, error) {
	declared, err := read.On.inputsOf("workflow_call")
	if err != nil {
		return nil, err
	}
	for name := range given {
		if _, known := declared.values[name]; !known {
			return nil, fmt.Errorf("invalid input, %s is not defined in the referenced workflow", name)
		}
	}
	made := map[string]any{}
	for _, name := range declared.keys {
		input := declared.values[name]
		value, provided := given[name]
		if !provided {
			if input.Required && input.Default == nil {
				return nil, fmt.Errorf("input %s is required, but not provided while calling", name)
			}
			value = input.Default
			if value == nil {
				value = map[string]any{"boolean": false, "number": 0.0}[input.Type]
			}
			if value == nil {
				value = ""
			}
		}
		value, err := interpolateAll(value, contexts)
		if err != nil {
			return nil, err
		}
		if !isOfType(value, input.Type) {
			return nil, fmt.Errorf("the value of input %s is no %s", name, input.Type)
		}
		made[name] = value
	}
	return made, nil
}

func isOfType(value any, kind string) bool {
	switch value.(type) {
	case bool:
		return kind == "boolean"
	case float64:
		return kind == "number" || kind == "string"
	}
	return kind == "string" || kind == ""
}
