package config

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/trunkline/trunkline/config/condition"
	"gopkg.in/yaml.v3"
)

// watches reads a list of watches; a single one is a list of one.
func (d *decoder) watches(node *yaml.Node) (watches []Watch) {
	first := map[string]int{}
	add := func(item *yaml.Node) {
		watch := d.watch(item)
		if line, again := first[watch.Name]; again && watch.Name != "" {
			d.problem(item, "a watch named %q is already on line %d; give this one another `name`", watch.Name, line)
		}
		first[watch.Name] = item.Line
		watches = append(watches, watch)
	}
	if resolved(node).Kind == yaml.MappingNode {
		add(node)
		return watches
	}
	d.sequence(node, "watch", add)
	return watches
}

func (d *decoder) watch(node *yaml.Node) Watch {
	w := Watch{NoData: MissingFails, Unreachable: MissingFails, Timeout: usualAnswer, At: position(node)}
	var failIf *yaml.Node
	seen := d.mapping(node, "a watch", fields{
		"name":        func(n *yaml.Node) { w.Name = strings.TrimSpace(d.text(n, "name")) },
		"prometheus":  func(n *yaml.Node) { w.Prometheus = d.filled(n, "prometheus", "a query such as up{job=\"api\"}") },
		"headers":     func(n *yaml.Node) { w.Headers = d.headers(n) },
		"server":      func(n *yaml.Node) { w.Server = d.address(n, "server") },
		"http":        func(n *yaml.Node) { w.HTTP = d.address(n, "http") },
		"run":         func(n *yaml.Node) { w.Run = d.filled(n, "run", "a shell command") },
		"fail_if":     func(n *yaml.Node) { failIf = n },
		"for":         func(n *yaml.Node) { w.For = d.duration(n, "for") },
		"every":       func(n *yaml.Node) { w.Every = d.every(n) },
		"failures":    func(n *yaml.Node) { w.Failures = d.failures(n) },
		"no_data":     func(n *yaml.Node) { w.NoData = d.missing(n, "no_data") },
		"unreachable": func(n *yaml.Node) { w.Unreachable = d.missing(n, "unreachable") },
		"no_baseline": func(n *yaml.Node) { w.NoBaseline = d.number(n, "no_baseline") },
		"timeout":     func(n *yaml.Node) { w.Timeout = d.duration(n, "timeout") },
	})
	d.require(node, seen, "a watch", "for")
	if d.watchSource(node, seen) {
		d.watchServer(node, seen, &w)
		if failIf != nil {
			w.FailIf = d.threshold(failIf, !seen["prometheus"])
		}
		if seen["run"] && !seen["timeout"] {
			w.Timeout = usualCommand
		}
	}
	if w.Name == "" {
		w.Name = w.source()
	}
	d.watchTimes(node, &w, seen)
	if seen["no_baseline"] && w.FailIf != nil && !w.FailIf.Uses("baseline") {
		d.problem(node, "`no_baseline` stands in for the baseline, which `fail_if` does not ask for")
	}
	return w
}

// watchSource wants exactly one source.
func (d *decoder) watchSource(node *yaml.Node, seen map[string]bool) bool {
	var sources []string
	for _, key := range []string{"prometheus", "http", "run"} {
		if seen[key] {
			sources = append(sources, "`"+key+"`")
		}
	}
	switch len(sources) {
	case 0:
		d.problem(node, "a watch lacks `prometheus`, `http` or `run`")
	case 1:
		return true
	default:
		d.problem(node, "a watch has one of %s; make %d of them", strings.Join(sources, " and "), len(sources))
	}
	return false
}

// watchServer finds out who is asked.
func (d *decoder) watchServer(node *yaml.Node, seen map[string]bool, w *Watch) {
	query := seen["prometheus"]
	if query && !seen["server"] {
		w.Server = d.prometheus.url
		if !seen["headers"] {
			w.Headers = d.prometheus.headers
		}
	}
	switch {
	case query && !seen["server"] && !d.prometheus.declared:
		d.problem(node, "a watch with `prometheus` needs the URL of the server: `server` here, or `prometheus` at the top of the file, such as http://prometheus:9090")
	case query && !seen["fail_if"]:
		d.problem(node, "a watch with `prometheus` lacks `fail_if`, such as \"value > 0.01\"")
	case !query && seen["server"]:
		d.problem(node, "`server` belongs to a watch with `prometheus`")
	case seen["run"] && seen["headers"]:
		d.problem(node, "`headers` belong to a watch with `prometheus` or `http`; a command has variables and secrets by itself")
	}
}

// watchTimes fills in what was left out, and finds watches that could never fail or never end.
func (d *decoder) watchTimes(node *yaml.Node, w *Watch, seen map[string]bool) {
	if w.For <= 0 {
		return
	}
	if !seen["every"] {
		w.Every = max(min(usualEvery, w.For), ShortestEvery)
	}
	if w.Every <= 0 {
		return
	}
	if w.For < w.Every {
		d.problem(node, "a watch for %s is never measured, because it is measured every %s", w.For, w.Every)
		return
	}
	switch samples := w.Samples(); {
	case samples > MostSamples:
		d.problem(node, "a watch for %s every %s would take %d samples; at most %d are taken, so make `every` longer", w.For, w.Every, samples, MostSamples)
	case w.Failures >= samples:
		d.problem(node, "the watch could never fail: %d bad samples are borne, and in %s every %s there are %d", w.Failures, w.For, w.Every, samples)
	}
}

// source names what is watched, without what a URL may hold of secrets.
func (w Watch) source() string {
	if w.HTTP != "" {
		if address, err := url.Parse(w.HTTP); err == nil {
			return address.Host + address.Path
		}
	}
	return strings.Join(strings.Fields(w.Prometheus+w.Run), " ")
}

// threshold compiles an expression, and says where in the file its errors are.
func (d *decoder) threshold(node *yaml.Node, status bool) *condition.Threshold {
	if d.filled(node, "fail_if", "a condition such as \"value > 0.01\"") == "" {
		return nil
	}
	compiled, problems := condition.CompileThreshold(resolved(node).Value, status)
	d.inExpression(node, "fail_if", problems, condition.ThresholdNames(status))
	return compiled
}

func (d *decoder) every(node *yaml.Node) time.Duration {
	every := d.duration(node, "every")
	if every > 0 && every < ShortestEvery {
		d.problem(node, "every is %s; expected %s or more", every, ShortestEvery)
		return 0
	}
	return every
}

func (d *decoder) failures(node *yaml.Node) int {
	number := d.integer(node, "failures")
	if number < 0 {
		d.problem(node, "failures is %d; expected 0 or more", number)
	}
	return number
}

func (d *decoder) missing(node *yaml.Node, what string) Missing {
	return Missing(d.oneOf(node, what, d.text(node, what), string(MissingFails), string(MissingWaits)))
}

func (d *decoder) number(node *yaml.Node, what string) *float64 {
	text := d.text(node, what)
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || !finite(number) {
		if text != "" {
			d.problem(node, "%s is %q; expected a number", what, text)
		}
		return nil
	}
	return &number
}

func finite(number float64) bool { return number-number == 0 }

// filled reads a text that must hold something.
func (d *decoder) filled(node *yaml.Node, what, expected string) string {
	before := len(d.problems)
	text := strings.TrimSpace(d.text(node, what))
	if text == "" && len(d.problems) == before {
		d.problem(node, "%s is empty; expected %s", what, expected)
	}
	return text
}

// address reads the URL of something that answers HTTP. The problem does not print it: it may hold a password.
func (d *decoder) address(node *yaml.Node, what string) string {
	text := d.filled(node, what, "a URL such as https://example.com/health")
	if text == "" {
		return ""
	}
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "" {
		d.problem(node, "%s is no URL; expected one such as https://example.com/health", what)
		return ""
	}
	return text
}

// prometheus is a server that queries are put to.
type prometheus struct {
	url     string
	headers []Header
	// declared: the file has one, though it may have problems of its own.
	declared bool
}

// readPrometheus reads a URL, or a mapping with `url` and `headers`.
func (d *decoder) readPrometheus(node *yaml.Node) (p prometheus) {
	if resolved(node).Kind != yaml.MappingNode {
		return prometheus{url: d.address(node, "prometheus")}
	}
	seen := d.mapping(node, "prometheus", fields{
		"url":     func(n *yaml.Node) { p.url = d.address(n, "url") },
		"headers": func(n *yaml.Node) { p.headers = d.headers(n) },
	})
	d.require(node, seen, "prometheus", "url")
	return p
}

// prometheusAhead reads the key `prometheus` of the whole file before the rest, which needs it. Its problems are found when
// the file is read.
func (d *decoder) prometheusAhead(node *yaml.Node) (p prometheus) {
	content := resolved(node)
	if content.Kind != yaml.MappingNode {
		return p
	}
	for i := 0; i+1 < len(content.Content); i += 2 {
		if content.Content[i].Value == "prometheus" {
			p = (&decoder{file: d.file}).readPrometheus(content.Content[i+1])
			p.declared = true
		}
	}
	return p
}
