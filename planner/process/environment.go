package process

import (
	"maps"
	"os"
	"slices"
	"strings"
)

// inherited are the variables of our own environment that every child gets.
var inherited = []string{
	"PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
}

// ours are prefixes of variables that hold the bot's own secrets and settings. No child gets them, even where the
// operator allows a name by mistake.
var ours = []string{"GITHUB_APP_", "GITHUB_OAUTH_", "TRUNKLINE_"}

// environment is what a child sees: the inherited variables, those the operator allows, then the given values, the
// later over the earlier. Given values may have any name, since they are chosen, not inherited.
func environment(allow []string, given ...map[string]string) []string {
	values := map[string]string{}
	for _, name := range slices.Concat(inherited, allow) {
		if value, there := os.LookupEnv(name); there && !isOurs(name) {
			values[name] = value
		}
	}
	for _, some := range given {
		maps.Copy(values, some)
	}
	list := make([]string, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list = append(list, name+"="+values[name])
	}
	return list
}

func isOurs(name string) bool {
	return slices.ContainsFunc(ours, func(prefix string) bool {
		return strings.HasPrefix(strings.ToUpper(name), prefix)
	})
}
