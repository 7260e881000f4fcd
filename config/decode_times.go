package config

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/trunkline/trunkline/config/calendar"
	"gopkg.in/yaml.v3"
)

// zone reads the name of a time zone.
func (d *decoder) location(node *yaml.Node) *time.Location {
	name := d.text(node, "zone")
	zone, ok := calendar.ParseZone(name)
	if !ok && name != "" {
		d.problem(node, "zone is %q; expected a name such as Europe/Berlin%s", name, didYouMean(name, calendar.Zones()))
	}
	return zone
}

// inZone reads `zone` of a mapping before the rest, which needs it. Its problems are found when the mapping is read.
func (d *decoder) inZone(node *yaml.Node, outer *time.Location) *time.Location {
	content := resolved(node)
	if content.Kind != yaml.MappingNode {
		return outer
	}
	for i := 0; i+1 < len(content.Content); i += 2 {
		if content.Content[i].Value != "zone" {
			continue
		}
		if zone, ok := calendar.ParseZone(resolved(content.Content[i+1]).Value); ok {
			return zone
		}
	}
	return outer
}

func (d *decoder) windows(node *yaml.Node) (windows []calendar.Window) {
	if resolved(node).Kind == yaml.MappingNode {
		return []calendar.Window{d.window(node)}
	}
	d.sequence(node, "windows", func(item *yaml.Node) { windows = append(windows, d.window(item)) })
	return windows
}

func (d *decoder) window(node *yaml.Node) calendar.Window {
	w := calendar.Window{Days: calendar.EveryDay, To: calendar.Midnight, Zone: d.zone}
	seen := d.mapping(node, "a window", fields{
		"days":    func(n *yaml.Node) { w.Days = d.days(n) },
		"from":    func(n *yaml.Node) { w.From = d.clock(n, "from") },
		"to":      func(n *yaml.Node) { w.To = d.clock(n, "to") },
		"zone":    func(n *yaml.Node) { w.Zone = d.location(n) },
		"exclude": func(n *yaml.Node) { w.Exclude = d.boolean(n, "exclude") },
	})
	if w.From == w.To && seen["from"] && seen["to"] {
		d.problem(node, "the window ends when it begins; leave out `from` and `to` for whole days")
	}
	if !seen["days"] && !seen["from"] && !seen["to"] {
		d.problem(node, "a window lacks `days`, or `from` and `to`")
	}
	return w
}

// days reads "mon-thu", or a list of such texts.
func (d *decoder) days(node *yaml.Node) (days calendar.Days) {
	one := func(item *yaml.Node) {
		parsed, err := calendar.ParseDays(d.text(item, "days"))
		var word calendar.NotADay
		if errors.As(err, &word) {
			d.problem(item, "days: %v%s", err, didYouMean(string(word), dayWords()))
		}
		days |= parsed
	}
	if resolved(node).Kind == yaml.ScalarNode {
		one(node)
		return days
	}
	d.sequence(node, "days", one)
	if days == 0 && len(resolved(node).Content) == 0 {
		d.problem(node, "days is empty; leave it out for every day")
	}
	return days
}

func dayWords() []string {
	words := append([]string{}, calendar.DayNames...)
	for day := time.Sunday; day <= time.Saturday; day++ {
		words = append(words, strings.ToLower(day.String()))
	}
	return words
}

func (d *decoder) clock(node *yaml.Node, what string) calendar.Clock {
	clock, err := calendar.ParseClock(d.text(node, what))
	if err != nil {
		d.problem(node, "%s is %v", what, err)
	}
	return clock
}

// moment reads a date, a date with a time of day, or an exact time. end: a date alone means the whole day.
func (d *decoder) moment(node *yaml.Node, what string, end bool) time.Time {
	text := strings.TrimSpace(d.text(node, what))
	zone := d.zone
	if zone == nil {
		zone = time.UTC
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		if end {
			return day.AddDate(0, 0, 1)
		}
		return day
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02T15:04", time.DateTime, time.RFC3339} {
		if moment, err := time.ParseInLocation(layout, text, zone); err == nil {
			return moment
		}
	}
	if text != "" {
		d.problem(node, "%s is %q; expected a date such as 2026-12-24, or with a time of day \"2026-12-24 18:00\"", what, text)
	}
	return time.Time{}
}

func (d *decoder) freeze(node *yaml.Node) (f Freeze) {
	f.At = position(node)
	outer := d.zone
	d.zone = d.inZone(node, outer)
	defer func() { d.zone = outer }()
	seen := d.mapping(node, "a freeze", fields{
		"from":         func(n *yaml.Node) { f.From = d.moment(n, "from", false) },
		"to":           func(n *yaml.Node) { f.To = d.moment(n, "to", true) },
		"reason":       func(n *yaml.Node) { f.Reason = strings.TrimSpace(d.text(n, "reason")) },
		"environments": func(n *yaml.Node) { f.Environments = d.texts(n, "environments") },
		"zone":         func(n *yaml.Node) { d.location(n) },
	})
	d.require(node, seen, "a freeze", "from", "to", "reason")
	if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
		d.problem(node, "the freeze ends before it begins")
	}
	return f
}

func (d *decoder) divergence(node *yaml.Node) (v Divergence) {
	v.At = position(node)
	outer := d.zone
	d.zone = d.inZone(node, outer)
	defer func() { d.zone = outer }()
	var who Who
	seen := d.mapping(node, "a divergence", fields{
		"components":   func(n *yaml.Node) { v.Components = d.globs(n, "components") },
		"environments": func(n *yaml.Node) { v.Environments = d.texts(n, "environments") },
		"reason":       func(n *yaml.Node) { v.Reason = strings.TrimSpace(d.text(n, "reason")) },
		"owner":        func(n *yaml.Node) { d.named(n, &who) },
		"until":        func(n *yaml.Node) { v.Until = d.moment(n, "until", true) },
		"zone":         func(n *yaml.Node) { d.location(n) },
	})
	d.require(node, seen, "a divergence", "components", "environments", "reason", "owner", "until")
	v.Owner = strings.Join(append(who.Users, who.Teams...), "")
	if seen["components"] && len(v.Components) == 0 || seen["environments"] && len(v.Environments) == 0 {
		d.problem(node, "a divergence is of some components in some environments; to stop a whole environment use a freeze or /hold")
	}
	return v
}

func (d *decoder) migrations(node *yaml.Node) (migrations []Migration) {
	names := map[string]bool{}
	d.sequence(node, "migrations", func(item *yaml.Node) {
		m := Migration{Name: fmt.Sprintf("migration %d", len(migrations)+1), At: position(item)}
		seen := d.mapping(item, "a migration", fields{
			"name":     func(n *yaml.Node) { m.Name = strings.TrimSpace(d.text(n, "name")) },
			"expand":   func(n *yaml.Node) { m.Expand = d.globs(n, "expand") },
			"contract": func(n *yaml.Node) { m.Contract = d.globs(n, "contract") },
		})
		d.require(item, seen, "a migration", "expand", "contract")
		if names[m.Name] {
			d.problem(item, "there are two migrations named %q", m.Name)
		}
		names[m.Name] = true
		migrations = append(migrations, m)
	})
	return migrations
}

// schedule reads when a check runs by itself.
func (d *decoder) schedule(node *yaml.Node, zone *time.Location) calendar.Schedule {
	text := d.text(node, "schedule")
	schedule, err := calendar.ParseSchedule(text, zone)
	if err != nil && text != "" {
		d.problem(node, "schedule is %q; %v", text, err)
	}
	return schedule
}
