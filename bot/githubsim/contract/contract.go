// Package contract holds what GitHub says about itself, as data: which REST
// operations there are and what they take and answer, what each webhook looks
// like, which permission each operation and each event needs.
//
// The simulator is only worth something where it is as strict as GitHub. So it
// does not decide by itself what a pull request looks like: every request it
// gets, every response it gives and every webhook it sends is held against the
// data here, and whatever does not fit is a violation that fails a test.
//
// The data is a cut of GitHub's own descriptions, made by the program in trim/;
// data/README.md says where it comes from.
package contract

import (
	"context"
	"embed"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed data/api.json data/webhooks.json data/permissions.tsv data/events.tsv
var data embed.FS

// Operation is one REST operation of GitHub, such as pulls/get.
type Operation struct {
	ID     string // GitHub's operation id
	Method string // in capitals
	Path   string // as GitHub writes it: /repos/{owner}/{repo}/pulls/{pull_number}
}

// Contract is GitHub's description, ready to check against. It is read-only and
// may be shared.
type Contract struct {
	spec        *openapi3.T
	routes      []route
	webhooks    map[string]*jsonschema.Schema
	compiler    *jsonschema.Compiler
	compiling   sync.Mutex
	permissions map[string][]Need
	events      map[string]Need
}

// route tells the requests of one operation from those of others.
type route struct {
	Operation
	pattern *regexp.Regexp
	names   []string
	literal int
	spec    *openapi3.Operation
	item    *openapi3.PathItem
}

// load reads the data once for the whole process: it never changes, and
// reading it costs a tenth of a second that every test would pay again.
var load = sync.OnceValues(read)

// Load returns the contract that is built into the program.
func Load() (*Contract, error) { return load() }

func read() (*Contract, error) {
	c := &Contract{webhooks: map[string]*jsonschema.Schema{}}
	for _, part := range []func() error{c.readAPI, c.readWebhooks, c.readPermissions, c.readEvents} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *Contract) readAPI() error {
	text, err := data.ReadFile("data/api.json")
	if err != nil {
		return err
	}
	spec, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return fmt.Errorf("read GitHub's REST description: %w", err)
	}
	if err := spec.Validate(context.Background()); err != nil {
		return fmt.Errorf("GitHub's REST description is not sound: %w", err)
	}
	c.spec = spec
	for path, item := range spec.Paths.Map() {
		for method, operation := range item.Operations() {
			made, err := newRoute(Operation{ID: operation.OperationID, Method: method, Path: path}, item, operation)
			if err != nil {
				return err
			}
			c.routes = append(c.routes, made)
		}
	}
	// The most literal path wins: commits/{ref}/status before commits/{ref}.
	slices.SortFunc(c.routes, func(a, b route) int {
		if a.literal != b.literal {
			return b.literal - a.literal
		}
		return strings.Compare(a.Path+a.Method, b.Path+b.Method)
	})
	return nil
}

var parameter = regexp.MustCompile(`\{([^}]+)\}`)

// newRoute turns a path with parameters into a pattern. A parameter that GitHub
// marks as multi-segment, such as a branch, may contain slashes.
func newRoute(operation Operation, item *openapi3.PathItem, spec *openapi3.Operation) (route, error) {
	made := route{Operation: operation, spec: spec, item: item}
	var pattern strings.Builder
	rest := operation.Path
	for {
		at := parameter.FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		name := rest[at[2]:at[3]]
		pattern.WriteString(regexp.QuoteMeta(rest[:at[0]]))
		made.literal += at[0]
		switch {
		case name == "path": // empty for the root of the repository
			pattern.WriteString("(.*)")
		case multiSegment(spec.Parameters, name):
			pattern.WriteString("(.+)")
		default:
			pattern.WriteString("([^/]+)")
		}
		made.names = append(made.names, name)
		rest = rest[at[1]:]
	}
	pattern.WriteString(regexp.QuoteMeta(rest))
	made.literal += len(rest)
	compiled, err := regexp.Compile("^" + pattern.String() + "$")
	if err != nil {
		return route{}, fmt.Errorf("path of %s: %w", operation.ID, err)
	}
	made.pattern = compiled
	return made, nil
}

func multiSegment(parameters openapi3.Parameters, name string) bool {
	for _, found := range parameters {
		if found.Value.Name == name && found.Value.In == openapi3.ParameterInPath {
			mark, _ := found.Value.Extensions["x-multi-segment"].(bool)
			return mark
		}
	}
	return false
}

// Match finds the operation that a request is for. The path is as sent, still
// escaped, and without the prefix of the API; the values of its parameters come
// back unescaped.
func (c *Contract) Match(method, path string) (Operation, map[string]string, bool) {
	for _, candidate := range c.routes {
		if candidate.Method != method {
			continue
		}
		found := candidate.pattern.FindStringSubmatch(path)
		if found == nil {
			continue
		}
		values := map[string]string{}
		for i, name := range candidate.names {
			value, err := url.PathUnescape(found[i+1])
			if err != nil {
				return Operation{}, nil, false
			}
			values[name] = value
		}
		return candidate.Operation, values, true
	}
	return Operation{}, nil, false
}

// Operations lists all operations of the contract by id.
func (c *Contract) Operations() []Operation {
	found := make([]Operation, 0, len(c.routes))
	for _, candidate := range c.routes {
		found = append(found, candidate.Operation)
	}
	slices.SortFunc(found, func(a, b Operation) int { return strings.Compare(a.ID, b.ID) })
	return found
}

func (c *Contract) route(id string) (route, bool) {
	for _, candidate := range c.routes {
		if candidate.ID == id {
			return candidate, true
		}
	}
	return route{}, false
}
