package atmos

import (
	"regexp"
	"strings"
)

// componentCall is the template function that asks for another component's outputs. The stack is a text, or the
// instance's own.
var componentCall = regexp.MustCompile("atmos\\.Component\\s+[\"`]([^\"`]+)[\"`]\\s+(?:[\"`]([^\"`]+)[\"`]|(\\.stack|\\.atmos_stack))")

// Reads are the instances whose outputs the value is made of, as seen from an instance of the stack. It is empty
// where the value comes from anywhere else, or where nobody can tell.
func (u Unresolved) Reads(stack string) (read []Dependency) {
	switch u.Function {
	case "!terraform.output", "!terraform.state":
		_, arguments, _ := strings.Cut(u.Text, " ")
		words := splitWords(arguments)
		// Component and output, or component, stack and output.
		switch {
		case len(words) == 2 || len(words) == 3 && (words[1] == "{{ .stack }}" || words[1] == "{{ .atmos_stack }}"):
			read = append(read, Dependency{Stack: stack, Component: words[0]})
		case len(words) == 3:
			read = append(read, Dependency{Stack: words[1], Component: words[0]})
		}
	case "template":
		calls := componentCall.FindAllStringSubmatch(u.Text, -1)
		if len(calls) == 0 || strings.Count(u.Text, "atmos.") != len(calls) {
			return nil
		}
		for _, call := range calls {
			one := Dependency{Stack: call[2], Component: call[1]}
			if call[3] != "" {
				one.Stack = stack
			}
			read = append(read, one)
		}
	}
	return read
}
