package config

import (
	"fmt"
	"strings"
)

// Problem is one error in a configuration file, for the person who wrote the file.
type Problem struct {
	File string
	At   Position
	// Message says what is wrong, what was expected and the nearest valid name.
	Message string
}

// Error is "file:line:column: message".
func (p *Problem) Error() string {
	if p.At.Line == 0 {
		return fmt.Sprintf("%s: %s", p.File, p.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.At.Line, p.At.Column, p.Message)
}

// Problems are all errors that were found in a configuration file, in the order of the file.
type Problems []*Problem

// Error joins the problems, one a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}
