package atmos

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"github.com/spf13/cast"
	"gopkg.in/yaml.v3"
)

// maxCount bounds how often a template's function may repeat something.
const maxCount = 100_000

// templateFunctions are the functions that manifests may call: those of sprig that depend on their arguments alone,
// some of gomplate's, and Atmos's own, of which all look outside.
func templateFunctions(env map[string]string, budget *budget) template.FuncMap {
	functions := sprig.HermeticTxtFuncMap()
	// Not what configuration needs, and slow enough to keep a host busy.
	for _, name := range []string{
		"env", "expandenv", "getHostByName", "bcrypt", "htpasswd", "derivePassword", "encryptAES", "decryptAES",
		"genPrivateKey", "genCA", "genCAWithKey", "genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert",
		"genSignedCertWithKey", "buildCustomCert",
	} {
		delete(functions, name)
	}
	bounded(functions, budget)
	functions[tick] = func() (string, error) { return "", budget.spend(1) }
	for name, function := range gomplateFunctions(env, budget) {
		if _, there := functions[name]; !there {
			functions[name] = function
		}
	}
	for name, function := range gomplateNamespaces(budget) {
		if _, there := functions[name]; !there {
			functions[name] = function
		}
	}
	outside := func(...any) (any, error) { return nil, errOutside }
	for _, name := range []string{
		"atmos", "datasource", "ds", "include", "defineDatasource", "datasourceExists", "datasourceReachable", "aws", "gcp",
		"sockaddr", "net", "crypto", "file", "random", "time", "uuid", "tmpl", "getenv", "env", "now", "uuidv4",
	} {
		if _, there := functions[name]; !there {
			functions[name] = outside
		}
	}
	return functions
}

// bounded replaces the functions whose result grows with a number.
func bounded(functions template.FuncMap, budget *budget) {
	check := func(count int) error {
		if count > maxCount || count < -maxCount {
			return fmt.Errorf("%d is more than a manifest needs", count)
		}
		return budget.spend(max(count, -count))
	}
	until := functions["until"].(func(int) []int)
	functions["until"] = func(count int) ([]int, error) {
		if err := check(count); err != nil {
			return nil, err
		}
		return until(count), nil
	}
	untilStep := functions["untilStep"].(func(int, int, int) []int)
	functions["untilStep"] = func(from, to, step int) ([]int, error) {
		if err := check(to - from); err != nil {
			return nil, err
		}
		return untilStep(from, to, step), nil
	}
	seq := functions["seq"].(func(...int) string)
	functions["seq"] = func(bounds ...int) (string, error) {
		for _, bound := range bounds {
			if err := check(bound); err != nil {
				return "", err
			}
		}
		return seq(bounds...), nil
	}
	functions["repeat"] = func(count int, text string) (string, error) {
		if err := check(count); err != nil || count < 0 || count*len(text) > maxExpanded {
			return "", fmt.Errorf("%d is more than a manifest needs", count)
		}
		return strings.Repeat(text, count), budget.spend(count * len(text))
	}
	for _, name := range []string{"append", "push", "mustAppend", "mustPush", "prepend", "mustPrepend"} {
		switch added := functions[name].(type) {
		case func(any, any) []any:
			functions[name] = func(list, value any) ([]any, error) { return added(list, value), budget.spend(lengthOf(list)) }
		case func(any, any) ([]any, error):
			functions[name] = func(list, value any) ([]any, error) {
				if err := budget.spend(lengthOf(list)); err != nil {
					return nil, err
				}
				return added(list, value)
			}
		}
	}
	for _, name := range []string{"indent", "nindent"} {
		indent := functions[name].(func(int, string) string)
		functions[name] = func(spaces int, text string) (string, error) {
			if spaces < 0 || spaces > 1000 {
				return "", fmt.Errorf("%d is no indentation", spaces)
			}
			return indent(spaces, text), nil
		}
	}
}

// lengthOf is how long a list is; 0 for what is none.
func lengthOf(value any) int {
	if kind := reflect.ValueOf(value).Kind(); kind != reflect.Slice && kind != reflect.Array {
		return 0
	}
	return reflect.ValueOf(value).Len()
}

// gomplateFunctions are those of gomplate that people use in manifests and that sprig does not have.
func gomplateFunctions(env map[string]string, budget *budget) template.FuncMap {
	toYAML := func(value any) (string, error) {
		text, err := yaml.Marshal(value)
		return string(text), err
	}
	toJSON := func(value any) (string, error) {
		text, err := json.Marshal(value)
		return string(text), err
	}
	fromYAML := func(text string) (any, error) {
		var value any
		err := yaml.Unmarshal([]byte(text), &value)
		return value, err
	}
	getenv := func(name string, otherwise ...string) string {
		if value, set := env[name]; set || len(otherwise) == 0 {
			return value
		}
		return otherwise[0]
	}
	return template.FuncMap{
		"toYAML": toYAML, "toYaml": toYAML, "toJSON": toJSON, "fromYaml": fromYAML, "yaml": fromYAML, "json": fromYAML,
		"yamlArray": fromYAML, "jsonArray": fromYAML, "fromYAML": fromYAML, "fromJSON": fromYAML, "getenv": getenv,
		"bool":      func(value any) bool { return fmt.Sprint(value) == "true" || fmt.Sprint(value) == "1" },
		"strings":   func() textFunctions { return textFunctions{budget} },
		"data":      func() dataFunctions { return dataFunctions{} },
		"conv":      func() conversions { return conversions{} },
		"expandenv": func(text string) string { return os.Expand(text, func(name string) string { return env[name] }) },
		"env": func(names ...string) any { // a function of sprig, and a namespace of gomplate
			if len(names) == 0 {
				return environment{getenv}
			}
			return env[names[0]]
		},
	}
}

// dataFunctions are gomplate's "data".
type dataFunctions struct{}

func (dataFunctions) ToJSON(value any) (string, error) {
	text, err := json.Marshal(value)
	return string(text), err
}

// ToJSONPretty is the value as JSON, indented.
func (dataFunctions) ToJSONPretty(indent string, value any) (string, error) {
	text, err := json.MarshalIndent(value, "", indent)
	return string(text), err
}

func (dataFunctions) JSON(text any) (any, error) { return fromText(text) }
func (dataFunctions) YAML(text any) (any, error) { return fromText(text) }
func (dataFunctions) JSONArray(text any) (any, error) {
	return fromText(text)
}
func (dataFunctions) YAMLArray(text any) (any, error) {
	return fromText(text)
}

// fromText is the value of a text that is YAML, or JSON.
func fromText(text any) (any, error) {
	var value any
	err := yaml.Unmarshal([]byte(plainText(text)), &value)
	return value, err
}

func (dataFunctions) ToYAML(value any) (string, error) {
	text, err := yaml.Marshal(value)
	return string(text), err
}

// conversions are gomplate's "conv".
type conversions struct{}

func (conversions) ToString(value any) string { return fmt.Sprint(value) }
func (conversions) ToBool(value any) bool     { return cast.ToBool(value) }
func (conversions) Bool(value any) bool       { return cast.ToBool(value) }
func (conversions) ToInt(value any) int       { return cast.ToInt(value) }
func (conversions) Atoi(value any) int        { return cast.ToInt(value) }
func (conversions) ToInt64(value any) int64   { return cast.ToInt64(value) }
func (conversions) ToFloat64(value any) float64 {
	return cast.ToFloat64(value)
}
func (conversions) ToInts(values ...any) []int { return cast.ToIntSlice(values) }
func (conversions) ToStrings(values ...any) []string {
	return cast.ToStringSlice(values)
}
func (conversions) Has(in any, key string) bool { return collections{}.Has(in, key) }
func (conversions) Slice(values ...any) []any   { return values }
func (conversions) Dict(pairs ...any) map[string]any {
	return collections{}.Dict(pairs...)
}
func (conversions) URL(text any) (*url.URL, error) { return url.Parse(plainText(text)) }
func (conversions) Default(otherwise, value any) any {
	if truth, is := template.IsTrue(value); is && truth {
		return value
	}
	return otherwise
}
func (conversions) Join(list any, by string) string {
	var texts []string
	switch list := list.(type) {
	case []any:
		for _, one := range list {
			texts = append(texts, fmt.Sprint(one))
		}
	case []string:
		texts = list
	}
	return strings.Join(texts, by)
}

// environment is gomplate's "env".
type environment struct {
	get func(name string, otherwise ...string) string
}

// Getenv is the variable, or what is given for where it is not set.
func (e environment) Getenv(name string, otherwise ...string) string {
	return e.get(name, otherwise...)
}
