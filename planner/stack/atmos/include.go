package atmos

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// include is what "!include file query" stands for: the file's content, parsed by its name, and of that what the query
// asks for. A file from elsewhere stays what is written.
func (l *loader) include(from, argument string, raw bool) (any, error) {
	words := splitWords(argument)
	if len(words) == 0 {
		return nil, errors.New("the file is missing")
	}
	tag := "!include"
	if raw {
		tag = "!include.raw"
	}
	if remote(words[0]) {
		return literalOutside(tag, argument), nil
	}
	file, content, err := l.read(from, words[0])
	if err != nil {
		return nil, err
	}
	var value any = content
	if !raw {
		if value, err = parseIncluded(file, content); err != nil {
			return nil, err
		}
	}
	if len(words) < 2 {
		return value, nil
	}
	found, known := query(value, strings.Join(words[1:], " "))
	if !known {
		return literalOutside(tag, argument), nil
	}
	return found, nil
}

// literalOutside is a call that is left as it is written.
func literalOutside(tag, argument string) string { return tag + " " + argument }

// read finds a file from the manifest that names it, or from the base path.
func (l *loader) read(from, wanted string) (file, content string, err error) {
	for _, candidate := range []string{path.Join(path.Dir(from), wanted), path.Join(l.settings.base, wanted), path.Join(l.settings.stacks, wanted)} {
		if text, there := l.contents[candidate]; there {
			return candidate, text, nil
		}
		if _, there := slices.BinarySearch(l.files.Files(), candidate); !there {
			continue
		}
		contents, err := l.files.ReadAll(l.ctx, []string{candidate})
		if err != nil {
			return "", "", err
		}
		return candidate, string(contents[candidate]), nil
	}
	return "", "", fmt.Errorf("there is no file %q, neither beside the manifest nor from the base path", wanted)
}

func parseIncluded(file, content string) (any, error) {
	switch strings.ToLower(path.Ext(file)) {
	case ".yaml", ".yml":
		decoder := decoder{file: file}
		_, value, problem := decoder.parse(content)
		if problem != nil {
			return nil, problem
		}
		return value, nil
	case ".json":
		decoder := json.NewDecoder(strings.NewReader(content))
		decoder.UseNumber()
		var value any
		if err := decoder.Decode(&value); err != nil {
			return nil, fmt.Errorf("%s is no JSON: %w", file, err)
		}
		return numbers(value), nil
	case ".tfvars", ".hcl", ".tf":
		return parseHCL(file, content)
	default:
		return content, nil
	}
}

// parseHCL are the attributes of a file of variables.
func parseHCL(file, content string) (any, error) {
	parsed, problems := hclparse.NewParser().ParseHCL([]byte(content), file)
	if problems.HasErrors() {
		return nil, problems
	}
	attributes, _ := parsed.Body.JustAttributes()
	values := make(map[string]any, len(attributes))
	for name, attribute := range attributes {
		value, problems := attribute.Expr.Value(nil)
		if problems.HasErrors() {
			return nil, problems
		}
		text, err := ctyjson.Marshal(value, cty.DynamicPseudoType)
		if err != nil {
			return nil, err
		}
		var typed struct {
			Value json.RawMessage `json:"value"`
		}
		if err := json.Unmarshal(text, &typed); err != nil {
			return nil, err
		}
		values[name] = parsedJSON(string(typed.Value))
	}
	return values, nil
}
