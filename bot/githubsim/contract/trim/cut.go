package main

import (
	"fmt"
	"slices"
	"strings"
)

// methods are the keys of an OpenAPI path item that hold operations.
var methods = []string{"get", "put", "post", "delete", "patch"}

// trimAPI keeps the named operations of a REST description and what they reach.
func trimAPI(document map[string]any, keep map[string]bool) (map[string]any, error) {
	paths, missing := map[string]any{}, copyOf(keep)
	for path, item := range object(document["paths"]) {
		kept := map[string]any{}
		for _, method := range methods {
			operation, ok := object(item)[method].(map[string]any)
			if !ok {
				continue
			}
			id, _ := operation["operationId"].(string)
			if !keep[id] {
				continue
			}
			delete(missing, id)
			kept[method] = only(operation, "operationId", "parameters", "requestBody", "responses")
		}
		if len(kept) > 0 {
			paths[path] = clean(kept, false)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("GitHub's description has no operation %v", keys(missing))
	}
	correct(paths)
	correctCreated(document)
	info := only(object(document["info"]), "title", "version", "license")
	return map[string]any{
		"openapi":    document["openapi"],
		"info":       info,
		"paths":      paths,
		"components": reached(document, paths),
	}, nil
}

// correct mends what GitHub's description says wrongly about its own answers, one
// place at a time. In the list of installations an account is at once a user and
// an enterprise, which nothing can be; asked for alone an installation is
// described as it is.
func correct(paths map[string]any) {
	node := paths["/app/installations"]
	for _, step := range []string{"get", "responses", "200", "content", "application/json"} {
		node = object(node)[step]
	}
	if listed := object(node); listed != nil {
		listed["schema"] = map[string]any{
			"type": "array", "items": map[string]any{"$ref": "#/components/schemas/installation"},
		}
	}
}

// correctCreated lets runs be asked for by a range of time. GitHub's description
// says that the parameter is a time, and its prose that it is a range.
func correctCreated(document map[string]any) {
	created := object(object(object(document["components"])["parameters"])["created"])
	delete(object(created["schema"]), "format")
}

// trimWebhooks keeps the payload schemas of the named webhooks, one for each
// key, and the schemas they reach.
func trimWebhooks(document map[string]any, keep map[string]bool) (map[string]any, error) {
	schemas, missing := map[string]any{}, copyOf(keep)
	for key, item := range object(document["webhooks"]) {
		if !keep[key] {
			continue
		}
		delete(missing, key)
		schema := item
		for _, step := range []string{"post", "requestBody", "content", "application/json", "schema"} {
			schema = object(schema)[step]
		}
		schemas[key] = clean(schema, false)
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("GitHub's description has no webhook %v", keys(missing))
	}
	components := reached(document, schemas)
	anyEvents(schemas)
	anyEvents(components)
	return map[string]any{
		"info":       only(object(document["info"]), "title", "version", "license"),
		"webhooks":   schemas,
		"components": components,
	}, nil
}

// anyEvents mends the descriptions of Apps in webhooks: they list the events that
// an App can subscribe to, and the list is older than some of the events.
func anyEvents(node any) {
	switch node := node.(type) {
	case map[string]any:
		if events := object(node["events"]); events["type"] == "array" {
			if items := object(events["items"]); items["type"] == "string" {
				delete(items, "enum")
			}
		}
		for _, value := range node {
			anyEvents(value)
		}
	case []any:
		for _, value := range node {
			anyEvents(value)
		}
	}
}

// reached collects the components that root refers to, directly or not.
func reached(document map[string]any, root any) map[string]any {
	components := map[string]any{}
	waiting := references(root)
	for len(waiting) > 0 {
		reference := waiting[0]
		waiting = waiting[1:]
		parts := strings.Split(strings.TrimPrefix(reference, "#/components/"), "/")
		kind, name := parts[0], parts[1]
		kept, ok := components[kind].(map[string]any)
		if !ok {
			kept = map[string]any{}
			components[kind] = kept
		}
		if _, done := kept[name]; done {
			continue
		}
		kept[name] = clean(object(object(document["components"])[kind])[name], false)
		waiting = append(waiting, references(kept[name])...)
	}
	return components
}

// references lists every $ref under node.
func references(node any) []string {
	var found []string
	switch node := node.(type) {
	case map[string]any:
		for key, value := range node {
			if text, ok := value.(string); ok && key == "$ref" {
				found = append(found, text)
				continue
			}
			found = append(found, references(value)...)
		}
	case []any:
		for _, value := range node {
			found = append(found, references(value)...)
		}
	}
	return found
}

// clean copies node without prose, examples, response headers and extensions.
// named tells that node's keys are names chosen by GitHub (of properties,
// say), of which none may be dropped.
func clean(node any, named bool) any {
	switch node := node.(type) {
	case map[string]any:
		kept := map[string]any{}
		for key, value := range node {
			if named || !noise(key) {
				kept[key] = clean(value, !named && (key == "properties" || key == "patternProperties"))
			}
		}
		// OpenAPI insists on a description for every response.
		if _, isResponse := node["content"]; isResponse && !named && node["description"] != nil {
			kept["description"] = ""
		} else if len(kept) == 0 && node["description"] != nil && !named {
			kept["description"] = ""
		}
		return kept
	case []any:
		kept := make([]any, 0, len(node))
		for _, value := range node {
			kept = append(kept, clean(value, false))
		}
		return kept
	default:
		return node
	}
}

// noise reports whether a key carries nothing that is checked. Multi-segment
// marks stay: without them a branch name with a slash matches no path.
func noise(key string) bool {
	switch key {
	case "description", "summary", "example", "examples", "externalDocs", "tags", "headers", "title", "deprecated":
		return true
	}
	return strings.HasPrefix(key, "x-") && key != "x-multi-segment"
}

func only(node map[string]any, keep ...string) map[string]any {
	kept := map[string]any{}
	for _, key := range keep {
		if value, ok := node[key]; ok {
			kept[key] = value
		}
	}
	return kept
}

func object(node any) map[string]any {
	found, _ := node.(map[string]any)
	return found
}

func copyOf(set map[string]bool) map[string]bool {
	made := map[string]bool{}
	for key := range set {
		made[key] = true
	}
	return made
}

func keys(set map[string]bool) []string {
	var found []string
	for key := range set {
		found = append(found, key)
	}
	slices.Sort(found)
	return found
}
