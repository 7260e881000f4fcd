package contract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// Exchange is one REST call: what was asked and, once it is there, the answer.
type Exchange struct {
	Operation Operation
	Values    map[string]string // of the path's parameters, unescaped
	Request   *http.Request     // its body is not read
	Body      []byte
	Status    int
	Header    http.Header
	Answer    []byte
}

// CheckRequest holds the request against GitHub's description.
func (c *Contract) CheckRequest(exchange Exchange) error {
	if bareRequest(exchange) {
		return nil
	}
	input, err := c.input(exchange)
	if err != nil {
		return err
	}
	return sentence(openapi3filter.ValidateRequest(context.Background(), input))
}

// bareRequest names the requests that GitHub accepts although its description
// does not: a token asked for without narrowing it, with the body null or empty
// as ghinstallation and go-github send it.
func bareRequest(exchange Exchange) bool {
	body := strings.TrimSpace(string(exchange.Body))
	return exchange.Operation.ID == "apps/create-installation-access-token" && (body == "" || body == "null")
}

// CheckResponse holds the answer against GitHub's description.
func (c *Contract) CheckResponse(exchange Exchange) error {
	input, err := c.input(exchange)
	if err != nil {
		return err
	}
	if bareAnswer(exchange) {
		return nil
	}
	if undescribed(exchange.Status) && input.Route.Operation.Responses.Status(exchange.Status) == nil {
		return plainError(exchange)
	}
	output := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input,
		Status:                 exchange.Status,
		Header:                 exchange.Header,
		Options:                input.Options,
	}
	output.SetBodyBytes(exchange.Answer)
	return sentence(openapi3filter.ValidateResponse(context.Background(), output))
}

// bareAnswer names the answers that are no JSON because the request asked for
// another media type, which the description mentions in prose only: a commit's
// SHA, and the bytes of a file.
func bareAnswer(exchange Exchange) bool {
	kind := exchange.Header.Get("Content-Type")
	switch exchange.Operation.ID {
	case "repos/get-commit":
		return strings.HasPrefix(kind, "application/vnd.github.sha")
	case "repos/get-content":
		return strings.HasPrefix(kind, "application/vnd.github.raw")
	}
	return false
}

// undescribed reports whether GitHub gives this status for any operation
// without naming it in the description of each.
func undescribed(status int) bool {
	return status >= 500 || slices.Contains([]int{301, 307, 401, 403, 404, 409, 422, 429}, status)
}

// plainError checks an answer that has no schema of its own: GitHub's errors
// all have a message and a link to the documentation.
func plainError(exchange Exchange) error {
	schema := openapi3.NewObjectSchema().
		WithProperty("message", openapi3.NewStringSchema()).
		WithProperty("documentation_url", openapi3.NewStringSchema()).
		WithRequired([]string{"message", "documentation_url"})
	value, err := decode(exchange.Answer)
	if err != nil {
		return fmt.Errorf("answer %d: %w", exchange.Status, err)
	}
	return sentence(schema.VisitJSON(value))
}

func (c *Contract) input(exchange Exchange) (*openapi3filter.RequestValidationInput, error) {
	found, ok := c.route(exchange.Operation.ID)
	if !ok {
		return nil, fmt.Errorf("no operation %s in GitHub's description", exchange.Operation.ID)
	}
	request := exchange.Request.Clone(context.Background())
	request.Body = io.NopCloser(bytes.NewReader(exchange.Body))
	request.ContentLength = int64(len(exchange.Body))
	if len(exchange.Body) > 0 && request.Header.Get("Content-Type") == "" {
		request.Header.Set("Content-Type", "application/json")
	}
	values := map[string]string{}
	for name, value := range exchange.Values {
		values[name] = url.PathEscape(value)
	}
	if root, asked := values["path"]; asked && root == "" {
		values["path"] = "." // the root of the repository, which the prose allows and the schema does not
	}
	return &openapi3filter.RequestValidationInput{
		Request:     request,
		PathParams:  values,
		QueryParams: request.URL.Query(),
		Route: &routers.Route{
			Spec: c.spec, Path: found.Path, PathItem: found.item,
			Method: found.Method, Operation: found.spec,
		},
		Options: &openapi3filter.Options{
			AuthenticationFunc:    openapi3filter.NoopAuthenticationFunc,
			IncludeResponseStatus: true,
			SkipSettingDefaults:   true,
			MultiError:            true,
		},
	}, nil
}

// sentence shortens a validation error to what was wrong: the library appends
// the whole schema and the whole value, pages of them.
func sentence(err error) error {
	if err == nil {
		return nil
	}
	var several openapi3.MultiError
	if errors.As(err, &several) {
		var texts []string
		for _, one := range several {
			texts = append(texts, sentence(one).Error())
		}
		return errors.New(strings.Join(texts, "; "))
	}
	text, _, _ := strings.Cut(err.Error(), "\nSchema:")
	return errors.New(text)
}
