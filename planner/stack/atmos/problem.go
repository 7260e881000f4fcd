package atmos

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/trunkline/trunkline/config"
)

// at is a problem with what is at the place.
func at(place Source, format string, arguments ...any) *config.Problem {
	problem := &config.Problem{File: place.File, Message: fmt.Sprintf(format, arguments...)}
	if place.Line > 0 {
		problem.At = config.Position{Line: place.Line, Column: 1}
	}
	return problem
}

// atNode is a problem with what the node says.
func atNode(file string, node *yaml.Node, format string, arguments ...any) *config.Problem {
	problem := &config.Problem{File: file, Message: fmt.Sprintf(format, arguments...)}
	if node != nil {
		problem.At = config.Position{Line: node.Line, Column: node.Column}
	}
	return problem
}

// atTemplate is a problem with a template in a file: text/template tells the line.
func atTemplate(file string, err error) *config.Problem {
	problem := &config.Problem{File: file, Message: "the template cannot be expanded: " + strings.TrimPrefix(err.Error(), "template: ")}
	if found := regexp.MustCompile(`^template: [^:]*:(\d+):(?:(\d+):)?`).FindStringSubmatch(err.Error()); found != nil {
		problem.At.Line, _ = strconv.Atoi(found[1])
		problem.At.Column, _ = strconv.Atoi(found[2])
		problem.At.Column++
	}
	return problem
}

// atYAML is a problem with a file that is no YAML: yaml.v3 tells the line in its message only.
func atYAML(file string, err error) *config.Problem {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	problem := &config.Problem{File: file, Message: "this is no YAML: " + message}
	if found := regexp.MustCompile(`^line (\d+): (.*)$`).FindStringSubmatch(message); found != nil {
		problem.At.Line, _ = strconv.Atoi(found[1])
		problem.At.Column = 1
		problem.Message = "this is no YAML: " + found[2]
	}
	return problem
}
