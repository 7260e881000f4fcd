package main

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is kept is what is named and what that reaches, without prose, but with
// properties that happen to be called like prose.
func TestTrim(t *testing.T) {
	t.Parallel()
	const whole = `{
	  "openapi": "3.0.3", "info": {"title": "API", "version": "1", "description": "long"},
	  "paths": {
	    "/a/{ref}": {
	      "get": {
	        "operationId": "a/get", "summary": "Gets.", "x-github": {"category": "a"},
	        "parameters": [{"name": "ref", "in": "path", "x-multi-segment": true, "description": "A ref."}],
	        "responses": {"200": {"description": "Fine.", "headers": {}, "content": {"application/json": {
	          "schema": {"$ref": "#/components/schemas/a"}, "examples": {"x": {}}}}},
	          "204": {"description": "Nothing."}}
	      },
	      "delete": {"operationId": "a/delete"}
	    },
	    "/b": {"get": {"operationId": "b/get"}}
	  },
	  "components": {"schemas": {
	    "a": {"properties": {"description": {"type": "string", "description": "A text."}, "b": {"$ref": "#/components/schemas/b"}}},
	    "b": {"type": "string", "example": "b"},
	    "c": {"type": "string"}
	  }}
	}`
	const want = `{
	  "openapi": "3.0.3", "info": {"title": "API", "version": "1"},
	  "paths": {
	    "/a/{ref}": {
	      "get": {
	        "operationId": "a/get",
	        "parameters": [{"name": "ref", "in": "path", "x-multi-segment": true}],
	        "responses": {"200": {"description": "", "content": {"application/json": {
	          "schema": {"$ref": "#/components/schemas/a"}}}},
	          "204": {"description": ""}}
	      }
	    }
	  },
	  "components": {"schemas": {
	    "a": {"properties": {"description": {"type": "string"}, "b": {"$ref": "#/components/schemas/b"}}},
	    "b": {"type": "string"}
	  }}
	}`
	got, err := trimAPI(parse(t, whole), map[string]bool{"a/get": true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(parse(t, want), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := trimAPI(parse(t, whole), map[string]bool{"z/get": true}); err == nil {
		t.Error("an operation that is not there was kept")
	}
}

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	return document
}
