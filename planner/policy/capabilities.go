package policy

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// clock is the one function without a fixed answer that policies have: some rules end on a date.
const clock = "time.now_ns"

// offered tells whether policies have the function. OPA marks those whose answer does not follow from their
// arguments: requests, lookups, schemas that name others by address, the process and its environment, chance.
func offered(builtin *ast.Builtin) bool { return !builtin.Nondeterministic || builtin.Name == clock }

// capabilities are OPA's own without what reaches outside, also not to fetch a schema that another one refers to.
func capabilities() *ast.Capabilities {
	all := ast.CapabilitiesForThisVersion()
	all.Builtins = slices.DeleteFunc(slices.Clone(all.Builtins), func(builtin *ast.Builtin) bool { return !offered(builtin) })
	all.AllowNet = []string{}
	return all
}

// removed are the names of the functions that policies do not have.
func removed() (names []string) {
	for _, builtin := range ast.CapabilitiesForThisVersion().Builtins {
		if !offered(builtin) {
			names = append(names, builtin.Name)
		}
	}
	return names
}
