package githubsim

import (
	"net/http"
	"slices"
)

// appRule is a custom deployment protection rule: an App that lets jobs go.
type appRule struct {
	id  int64
	app *app
}

// rulesLimit is how many Apps can guard an environment.
const rulesLimit = 6

// ruleEvent is the event of Apps that provide a rule.
const ruleEvent = "deployment_protection_rule"

// ruleApps are the Apps that can guard environments of the repository: those
// installed on it that want to be asked, and others that offer it.
func (gh *GitHub) ruleApps(repo *repository) []*app {
	var found []*app
	if installed := gh.installed(repo); installed != nil && slices.Contains(installed.events, ruleEvent) {
		found = append(found, gh.app)
	}
	for _, other := range gh.others {
		if slices.Contains(other.events, ruleEvent) {
			found = append(found, other)
		}
	}
	return found
}

// OfferRule makes another App one that can guard environments, by its slug.
func (gh *GitHub) OfferRule(slug string) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	if other := gh.otherApp(slug); !slices.Contains(other.events, ruleEvent) {
		other.events = append(other.events, ruleEvent)
		other.permissions["actions"], other.permissions["deployments"] = "read", "write"
	}
}

// listRules answers repos/get-all-deployment-protection-rules.
func listRules(c *call) (reply, error) {
	held, err := c.environment()
	if err != nil {
		return reply{}, err
	}
	return ok(object{
		"total_count": len(held.rules), "custom_deployment_protection_rules": shown(held.rules, c.gh.ruleShape),
	})
}

// getRule answers repos/get-custom-deployment-protection-rule.
func getRule(c *call) (reply, error) {
	held, err := c.environment()
	if err != nil {
		return reply{}, err
	}
	found, err := c.rule(held)
	if err != nil {
		return reply{}, err
	}
	return ok(c.gh.ruleShape(found))
}

func (c *call) rule(of *environment) (*appRule, error) {
	id, err := c.number("protection_rule_id")
	if err != nil {
		return nil, err
	}
	for _, found := range of.rules {
		if found.id == id {
			return found, nil
		}
	}
	return nil, notFound()
}

// enableRule answers repos/create-deployment-protection-rule.
func enableRule(c *call) (reply, error) {
	held, err := c.configurable()
	if err != nil {
		return reply{}, err
	}
	var request struct {
		Integration int64 `json:"integration_id"`
	}
	if err := c.decode(&request); err != nil {
		return reply{}, err
	}
	made, err := c.gh.enable(c.repo, held, request.Integration)
	if err != nil {
		return reply{}, err
	}
	c.gh.changedEnvironment(c.repo, held, c.actor, "changed")
	return created(c.gh.ruleShape(made))
}

// enable has an App guard an environment.
func (gh *GitHub) enable(repo *repository, held *environment, integration int64) (*appRule, error) {
	refused := func(message string) (*appRule, error) {
		return nil, &Problem{Status: http.StatusUnprocessableEntity, Message: message}
	}
	if !repo.hasProtection() {
		return nil, unpaid("custom deployment")
	}
	guard := slices.IndexFunc(gh.ruleApps(repo), func(one *app) bool { return one.id == integration })
	switch {
	case guard < 0:
		return nil, notFound()
	case slices.ContainsFunc(held.rules, func(one *appRule) bool { return one.app.id == integration }):
		return refused("The custom deployment protection rule is enabled already")
	case len(held.rules) >= rulesLimit:
		return refused("An environment can have at most 6 custom deployment protection rules enabled")
	}
	made := &appRule{id: gh.id(), app: gh.ruleApps(repo)[guard]}
	held.rules = append(held.rules, made)
	return made, nil
}

// disableRule answers repos/disable-deployment-protection-rule.
func disableRule(c *call) (reply, error) {
	held, err := c.configurable()
	if err != nil {
		return reply{}, err
	}
	found, err := c.rule(held)
	if err != nil {
		return reply{}, err
	}
	held.rules = slices.DeleteFunc(held.rules, func(one *appRule) bool { return one == found })
	c.gh.changedEnvironment(c.repo, held, c.actor, "changed")
	return noContent()
}

// listRuleApps answers repos/list-custom-deployment-rule-integrations.
func listRuleApps(c *call) (reply, error) {
	if _, err := c.environment(); err != nil {
		return reply{}, err
	}
	return counted(c, c.gh.ruleApps(c.repo), "available_custom_deployment_protection_rule_integrations", c.gh.ruleAppShape)
}
