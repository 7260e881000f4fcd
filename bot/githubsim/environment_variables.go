package githubsim

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// variable is given to the jobs of an environment.
type variable struct {
	name, value      string
	created, updated time.Time
}

const (
	// variablesLimit is how many variables an environment can have.
	variablesLimit = 100
	// variableLimit is how many bytes a variable can have.
	variableLimit = 48 << 10
)

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// findVariable finds a variable; names are compared without case.
func (e *environment) findVariable(name string) *variable {
	for _, found := range e.variables {
		if strings.EqualFold(found.name, name) {
			return found
		}
	}
	return nil
}

// setVariable makes a variable, or changes it. GitHub writes names in capitals.
func (gh *GitHub) setVariable(held *environment, name, value string) error {
	wrong := func(message string) error {
		return &Problem{Status: http.StatusUnprocessableEntity, Message: message}
	}
	found := held.findVariable(name)
	switch {
	case !variableName.MatchString(name):
		return wrong("Variable name is invalid")
	case strings.HasPrefix(strings.ToUpper(name), "GITHUB_"):
		return wrong("Variable names must not start with GITHUB_")
	case len(value) > variableLimit:
		return wrong("Variable value is too long")
	case found == nil && len(held.variables) >= variablesLimit:
		return wrong("An environment can have at most 100 variables")
	case found == nil:
		found = &variable{name: strings.ToUpper(name), created: gh.now()}
		held.variables = append(held.variables, found)
	}
	found.value, found.updated = value, gh.now()
	return nil
}

// variableRequest is what the operations on variables take.
type variableRequest struct {
	Name  *string `json:"name"`
	Value *string `json:"value"`
}

// listVariables answers actions/list-environment-variables, with pages of ten,
// of thirty at most.
func listVariables(c *call) (reply, error) {
	held, err := c.environment()
	if err != nil {
		return reply{}, err
	}
	all := slices.SortedFunc(slices.Values(held.variables), func(a, b *variable) int { return cmp.Compare(a.name, b.name) })
	return paged(c, all, pageSize{usual: 10, most: 30}, func(cut []*variable) any {
		return object{"total_count": len(all), "variables": shown(cut, variableShape)}
	})
}

// getVariable answers actions/get-environment-variable.
func getVariable(c *call) (reply, error) {
	held, err := c.environment()
	if err != nil {
		return reply{}, err
	}
	if found := held.findVariable(c.values["name"]); found != nil {
		return ok(variableShape(found))
	}
	return reply{}, notFound()
}

// createVariable answers actions/create-environment-variable.
func createVariable(c *call) (reply, error) {
	held, request, err := c.variableRequest()
	switch {
	case err != nil:
		return reply{}, err
	case request.Name == nil || request.Value == nil:
		return reply{}, &Problem{Status: http.StatusUnprocessableEntity, Message: "Invalid request.\n\n\"name\" and \"value\" weren't supplied."}
	case held.findVariable(*request.Name) != nil:
		return reply{}, &Problem{Status: http.StatusConflict, Message: "Already exists - Variable already exists"}
	}
	if err := c.gh.setVariable(held, *request.Name, *request.Value); err != nil {
		return reply{}, err
	}
	c.gh.changedEnvironment(c.repo, held, c.actor, "changed")
	return created(object{})
}

// updateVariable answers actions/update-environment-variable.
func updateVariable(c *call) (reply, error) {
	held, request, err := c.variableRequest()
	if err != nil {
		return reply{}, err
	}
	found := held.findVariable(c.values["name"])
	if found == nil {
		return reply{}, notFound()
	}
	if request.Name != nil && !strings.EqualFold(*request.Name, found.name) {
		if held.findVariable(*request.Name) != nil {
			return reply{}, &Problem{Status: http.StatusConflict, Message: "Already exists - Variable already exists"}
		}
		if !variableName.MatchString(*request.Name) {
			return reply{}, &Problem{Status: http.StatusUnprocessableEntity, Message: "Variable name is invalid"}
		}
		found.name = strings.ToUpper(*request.Name)
	}
	if request.Value != nil {
		if err := c.gh.setVariable(held, found.name, *request.Value); err != nil {
			return reply{}, err
		}
	}
	c.gh.changedEnvironment(c.repo, held, c.actor, "changed")
	return noContent()
}

// deleteVariable answers actions/delete-environment-variable.
func deleteVariable(c *call) (reply, error) {
	held, err := c.configurable()
	if err != nil {
		return reply{}, err
	}
	found := held.findVariable(c.values["name"])
	if found == nil {
		return reply{}, notFound()
	}
	held.variables = slices.DeleteFunc(held.variables, func(one *variable) bool { return one == found })
	c.gh.changedEnvironment(c.repo, held, c.actor, "changed")
	return noContent()
}

func (c *call) variableRequest() (held *environment, request variableRequest, err error) {
	if held, err = c.configurable(); err == nil {
		err = c.decode(&request)
	}
	return held, request, err
}

func variableShape(one *variable) object {
	return object{"name": one.name, "value": one.value, "created_at": stamp(one.created), "updated_at": stamp(one.updated)}
}
