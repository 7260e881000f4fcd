package config

import (
	"github.com/bmatcuk/doublestar/v4"
	"gopkg.in/yaml.v3"
)

// dependents reads which components depend on which, by the names of the former.
func (d *decoder) dependents(node *yaml.Node) (all []Dependents) {
	content := resolved(node)
	if content.Kind != yaml.MappingNode {
		d.problem(node, "depends_on is %s; expected components with what each depends on, such as `app: [network, database]`", kind(node))
		return nil
	}
	d.duplicates(content)
	for i := 0; i+1 < len(content.Content); i += 2 {
		key, value := content.Content[i], content.Content[i+1]
		if !doublestar.ValidatePattern(key.Value) || key.Value == "" {
			d.problem(key, "%q names no component: it is no name and no pattern", key.Value)
			continue
		}
		all = append(all, Dependents{Pattern: key.Value, On: d.references(value, "depends_on of "+key.Value), At: position(key)})
	}
	return all
}
