package config

import (
	"maps"
	"regexp"
	"strings"

	"github.com/trunkline/trunkline/config/calendar"
	"gopkg.in/yaml.v3"
)

// environment reads one environment. Without `after` it comes after the one declared before it: an environment
// that nobody ordered must not be the one that is reached without any proof.
func (d *decoder) environment(key, node *yaml.Node, before []Environment) Environment {
	e := Environment{Name: key.Value, Promote: Manual, At: position(key)}
	var seen map[string]bool
	page := node
	if resolved(node).Tag != "!!null" {
		keys := fields{
			"stacks":          func(n *yaml.Node) { e.Stacks = d.texts(n, "stacks") },
			"after":           func(n *yaml.Node) { d.after(n, &e) },
			"promote":         func(n *yaml.Node) { e.Promote = d.mode(n) },
			"one_by_one":      func(n *yaml.Node) { e.OneByOne = d.boolean(n, "one_by_one") },
			"verify":          func(n *yaml.Node) { d.verify(n, &e) },
			"canary":          func(n *yaml.Node) { e.Canary = d.canaries(n) },
			"waves":           func(n *yaml.Node) { e.Waves = d.waves(n) },
			"converge_within": func(n *yaml.Node) { e.ConvergeWithin = d.duration(n, "converge_within") },
			"allow":           func(n *yaml.Node) { e.Allow = d.allow(n) },
			"watch":           func(n *yaml.Node) { e.Watch = d.watches(n) },
			"variables":       func(n *yaml.Node) { e.Variables = d.plainVariables(n) },
			"secrets":         func(n *yaml.Node) { e.Secrets = d.secretNames(n) },
			"on_failure":      func(n *yaml.Node) { e.OnFailure = d.onFailure(n) },
			"rollback":        func(n *yaml.Node) { e.Rollback = d.rollback(n) },
			"release":         func(n *yaml.Node) { e.Release = d.release(n) },
			"runner":          func(n *yaml.Node) { e.Runner = d.runner(n) },
			"github":          func(n *yaml.Node) { e.GitHub = d.github(n) },
			"url":             func(n *yaml.Node) { e.URL, page = d.page(n), n },
			"production":      func(n *yaml.Node) { e.Production = new(d.boolean(n, "production")) },
			"baseline":        func(n *yaml.Node) { e.Baseline, e.BaselineAt = d.baseline(n), position(n) },
		}
		maps.Copy(keys, d.gateKeys(&e.Gates))
		seen = d.mapping(node, "environment "+e.Name, keys)
	}
	d.checkPage(page, e)
	if !seen["after"] && len(before) > 0 {
		e.After = []string{before[len(before)-1].Name}
	}
	if !seen["merger_may_approve"] {
		e.MergerMayApprove = e.AuthorMayApprove
	}
	if !seen["promoter_may_approve"] {
		e.PromoterMayApprove = e.AuthorMayApprove
	}
	return e
}

// verify reads checks: those with a schedule run by it, the others after each deployment.
func (d *decoder) verify(node *yaml.Node, e *Environment) {
	first := map[string]int{}
	d.sequence(node, "verify", func(item *yaml.Node) {
		check, schedule := d.check(item)
		if schedule.IsZero() {
			e.Verify = append(e.Verify, check)
			return
		}
		if line, again := first[check.Name]; again {
			d.problem(item, "a scheduled check named %q is already on line %d; give this one another `name`", check.Name, line)
		}
		first[check.Name] = item.Line
		e.Scheduled = append(e.Scheduled, ScheduledCheck{Check: check, Schedule: schedule})
	})
}

var commitSHA = regexp.MustCompile(`^[0-9a-f]{7,40}$`)

func (d *decoder) baseline(node *yaml.Node) string {
	sha := strings.ToLower(d.text(node, "baseline"))
	if sha != "" && !commitSHA.MatchString(sha) {
		d.problem(node, "baseline is %q; expected the SHA of a commit of trunk, of seven digits or more", sha)
	}
	return sha
}

func (d *decoder) mode(node *yaml.Node) Mode {
	return Mode(d.oneOf(node, "promote", d.text(node, "promote"), string(Auto), string(Manual)))
}

func (d *decoder) check(node *yaml.Node) (c Check, schedule calendar.Schedule) {
	c.At = position(node)
	zone := d.inZone(node, d.zone)
	seen := d.mapping(node, "a check", d.withWorkflow(&c.Workflow, fields{
		"name":     func(n *yaml.Node) { c.Name = d.text(n, "name") },
		"run":      func(n *yaml.Node) { c.Run = d.filled(n, "run", "a shell command") },
		"http":     func(n *yaml.Node) { c.HTTP = d.address(n, "http") },
		"headers":  func(n *yaml.Node) { c.Headers = d.headers(n) },
		"status":   func(n *yaml.Node) { c.Status = d.status(n) },
		"timeout":  func(n *yaml.Node) { c.Timeout = d.duration(n, "timeout") },
		"schedule": func(n *yaml.Node) { schedule = d.schedule(n, zone) },
		"zone":     func(n *yaml.Node) { d.location(n) },
	}))
	d.exactlyOne(node, seen, "a check", "run", "http", "workflow")
	if !seen["http"] && (seen["status"] || seen["headers"]) {
		d.problem(node, "`status` and `headers` belong to a check with `http`")
	}
	if seen["zone"] && !seen["schedule"] {
		d.problem(node, "`zone` belongs to a check with `schedule`")
	}
	if c.Name == "" {
		c.Name = c.Workflow.File
	}
	if c.Name == "" {
		c.Name = Watch{HTTP: c.HTTP, Run: c.Run}.source()
	}
	return c, schedule
}

// status reads the status that an answer is to have.
func (d *decoder) status(node *yaml.Node) int {
	status := d.positive(node, "status")
	if status != 0 && (status < 100 || status > 599) {
		d.problem(node, "status is %d; expected one of HTTP, from 100 to 599", status)
	}
	return status
}
