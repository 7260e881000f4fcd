package config

import (
	"regexp"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/trunkline/trunkline/config/condition"
	"gopkg.in/yaml.v3"
)

// gateKeys read the gates of an environment.
func (d *decoder) gateKeys(g *Gates) fields {
	return fields{
		"soak":                 func(n *yaml.Node) { g.Soak = d.duration(n, "soak") },
		"require":              func(n *yaml.Node) { g.Require = d.requires(n) },
		"approve":              func(n *yaml.Node) { g.Approve = d.approve(n) },
		"author_may_approve":   func(n *yaml.Node) { g.AuthorMayApprove = d.boolean(n, "author_may_approve") },
		"merger_may_approve":   func(n *yaml.Node) { g.MergerMayApprove = d.boolean(n, "merger_may_approve") },
		"promoter_may_approve": func(n *yaml.Node) { g.PromoterMayApprove = d.boolean(n, "promoter_may_approve") },
		"windows":              func(n *yaml.Node) { g.Windows = d.windows(n) },
		"auto_if":              func(n *yaml.Node) { g.AutoIf = d.condition(n, "auto_if") },
		"max_range":            func(n *yaml.Node) { g.MaxRange = d.maxRange(n) },
	}
}

// requires reads names of GitHub checks and statuses, which may hold anything but must not be empty or twice.
func (d *decoder) requires(node *yaml.Node) (required []string) {
	seen := map[string]bool{}
	for i, name := range d.texts(node, "require") {
		name = strings.TrimSpace(name)
		if name == "" || seen[name] {
			d.problem(node, "require has an empty name, or one twice, at place %d; expected names of checks such as ci/build", i+1)
			continue
		}
		seen[name] = true
		required = append(required, name)
	}
	return required
}

// after reads a list of which all count, or a mapping that says which.
func (d *decoder) after(node *yaml.Node, e *Environment) {
	if resolved(node).Kind != yaml.MappingNode {
		e.After = d.texts(node, "after")
		return
	}
	seen := d.mapping(node, "after", fields{
		"all": func(n *yaml.Node) { e.After = d.texts(n, "all") },
		"any": func(n *yaml.Node) { e.AfterAny = d.texts(n, "any") },
	})
	if seen["any"] && len(e.AfterAny) == 0 {
		d.problem(node, "`any` is empty; name at least one environment")
	}
	if len(seen) == 0 {
		d.problem(node, "after lacks `all` or `any`; expected a list, {all: [...]} or {any: [...]}")
	}
}

func (d *decoder) maxRange(node *yaml.Node) (m MaxRange) {
	if resolved(node).Kind == yaml.ScalarNode {
		return MaxRange{Commits: d.positive(node, "max_range")}
	}
	d.mapping(node, "max_range", fields{
		"commits": func(n *yaml.Node) { m.Commits = d.positive(n, "commits") },
		"pulls":   func(n *yaml.Node) { m.Pulls = d.positive(n, "pulls") },
	})
	return m
}

// condition compiles an expression, and says where in the file its errors are.
func (d *decoder) condition(node *yaml.Node, what string) *condition.Condition {
	text := d.text(node, what)
	if strings.TrimSpace(text) == "" {
		d.problem(node, "%s is empty; expected a condition such as \"plan.destroys == 0\"", what)
		return nil
	}
	compiled, problems := condition.Compile(text)
	d.inExpression(node, what, problems, condition.Names())
	return compiled
}

// inExpression says what is wrong with the expression under a key, which may ask for known names.
func (d *decoder) inExpression(node *yaml.Node, key string, problems []condition.Problem, known []string) {
	for _, problem := range problems {
		message := problem.Message
		if problem.Name != "" {
			message += "; expected one of " + strings.Join(known, ", ") + didYouMean(problem.Name, known)
		}
		d.problems = append(d.problems, &Problem{File: d.file, At: inText(node, problem.Line, problem.Column),
			Message: key + ": " + message})
	}
}

// inText is the place of a line and column of a text that stands in the file, as far as YAML's style lets us tell.
func inText(node *yaml.Node, line, column int) Position {
	at := position(node)
	if scalar := resolved(node); node != scalar || line < 1 || strings.Contains(strings.TrimRight(scalar.Value, "\n"), "\n") {
		if node == scalar && line > 0 && scalar.Style == yaml.LiteralStyle {
			return Position{Line: at.Line + line, Column: 1}
		}
		return at
	}
	switch node.Style {
	case yaml.LiteralStyle, yaml.FoldedStyle:
		return Position{Line: at.Line + line, Column: 1}
	case yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle:
		column++
	}
	return Position{Line: at.Line, Column: at.Column + max(column, 1) - 1}
}

var (
	login    = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$`)
	teamName = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9_.-]{1,100}$`)
)

// approve reads how many of those with write access, or who, or a list of rules.
func (d *decoder) approve(node *yaml.Node) (rules []ApproveRule) {
	if scalar := resolved(node); scalar.Kind == yaml.ScalarNode {
		if scalar.Tag == "!!int" {
			return []ApproveRule{{Count: d.positive(node, "approve"), At: position(node)}}
		}
		return []ApproveRule{d.approveRule(node)}
	}
	d.sequence(node, "approve", func(item *yaml.Node) { rules = append(rules, d.approveRule(item)) })
	return rules
}

func (d *decoder) approveRule(node *yaml.Node) ApproveRule {
	rule := ApproveRule{Count: 1, At: position(node)}
	if resolved(node).Kind == yaml.ScalarNode {
		d.named(node, &rule.Who)
		return rule
	}
	keys := d.whoKeys(&rule.Who)
	keys["count"] = func(n *yaml.Node) { rule.Count = d.positive(n, "count") }
	seen := d.mapping(node, "a rule of approve", keys)
	if len(seen) == 0 {
		d.problem(node, "a rule of approve lacks `user`, `users`, `team`, `teams` or `count`")
	}
	if people := len(rule.Users); len(rule.Teams) == 0 && people > 0 && rule.Count > people {
		d.problem(node, "%d approvals are asked of %s: there will never be so many", rule.Count, rule.Who)
	}
	return rule
}

func (d *decoder) whoKeys(who *Who) fields {
	each := func(key string) func(*yaml.Node) {
		return func(n *yaml.Node) {
			if resolved(n).Kind == yaml.ScalarNode {
				d.nameOf(key, n, who)
				return
			}
			d.sequence(n, key, func(item *yaml.Node) { d.nameOf(key, item, who) })
		}
	}
	return fields{"user": each("user"), "users": each("users"), "team": each("team"), "teams": each("teams")}
}

// nameOf reads one name under the key.
func (d *decoder) nameOf(key string, node *yaml.Node, who *Who) {
	name := strings.TrimPrefix(d.text(node, key), "@")
	switch users := strings.HasPrefix(key, "user"); {
	case name == "":
	case users && login.MatchString(name):
		who.Users = append(who.Users, name)
	case users:
		d.problem(node, "%s is %q; expected a login such as alice%s", key, name, instead(teamName, name, "team"))
	case teamName.MatchString(name):
		who.Teams = append(who.Teams, name)
	default:
		d.problem(node, "%s is %q; expected organisation/team such as acme/platform%s", key, name, instead(login, name, "user"))
	}
}

func instead(pattern *regexp.Regexp, name, key string) string {
	if pattern.MatchString(name) {
		return "; under `" + key + "` it would be right"
	}
	return ""
}

// named reads a login, or a team with its organisation.
func (d *decoder) named(node *yaml.Node, who *Who) {
	if strings.Contains(d.text(node, "a name"), "/") {
		d.nameOf("team", node, who)
		return
	}
	d.nameOf("user", node, who)
}

// who reads names, or mappings with `user` and `team`.
func (d *decoder) who(node *yaml.Node, what string) (who Who) {
	one := func(item *yaml.Node) {
		if resolved(item).Kind == yaml.MappingNode {
			d.mapping(item, what, d.whoKeys(&who))
			return
		}
		d.named(item, &who)
	}
	if resolved(node).Kind != yaml.SequenceNode {
		one(node)
		return who
	}
	d.sequence(node, what, one)
	if who.Anyone() {
		d.problem(node, "%s names nobody; take it out, or name users and teams", what)
	}
	return who
}

func (d *decoder) allow(node *yaml.Node) (a Allow) {
	d.mapping(node, "allow", fields{
		"promote":  func(n *yaml.Node) { a.Promote = d.who(n, "allow promote") },
		"hold":     func(n *yaml.Node) { a.Hold = d.who(n, "allow hold") },
		"override": func(n *yaml.Node) { a.Override = d.who(n, "allow override") },
	})
	return a
}

// globs reads patterns of paths.
func (d *decoder) globs(node *yaml.Node, what string) []string {
	globs := d.texts(node, what)
	for _, glob := range globs {
		if glob == "" || !doublestar.ValidatePattern(glob) {
			d.problem(node, "%s has %q, which is no pattern; expected one such as migrations/**/*_expand.sql", what, glob)
		}
	}
	return globs
}
