package stack

import "maps"

// environmentVariables gives instances the plain variables of their environments. What a manifest says of the instance
// itself counts more.
func (r *resolver) environmentVariables() {
	for i, instance := range r.instances {
		environment, _ := r.rules.Environment(instance.Environment)
		if len(environment.Variables) == 0 {
			continue
		}
		all := make(map[string]any, len(environment.Variables)+len(instance.Env))
		for name, value := range environment.Variables {
			all[name] = value
		}
		maps.Copy(all, instance.Env)
		r.instances[i].Env = all
	}
}
