package promote

import (
	"slices"
	"strings"

	"github.com/trunkline/trunkline/config"
)

// lacking is how many approvals a rule lacks.
type lacking struct {
	rule  config.ApproveRule
	count int
}

// left are how many of those whom a rule asks may still approve; known is false where not all of them were looked up.
func (q question) left(who config.Who) (left int, known bool) {
	var ids []int64
	for _, login := range who.Users {
		id, ok := q.state.People.Users[strings.ToLower(login)]
		if !ok {
			return 0, false
		}
		ids = append(ids, id)
	}
	for _, team := range who.Teams {
		members, ok := q.state.People.Teams[strings.ToLower(team)]
		if !ok {
			return 0, false
		}
		ids = append(ids, members...)
	}
	if who.Anyone() {
		return 0, false // there may be others with write access
	}
	valid := q.valid()
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		gave := slices.ContainsFunc(valid, func(p Person) bool { return p.ID == id })
		if !gave && q.excluded(Person{ID: id}, false) == "" {
			left++
		}
	}
	return left, true
}

// missing are the rules that are not met. People are given to rules so that as many as possible are.
func (q question) missing() (missing []lacking) {
	people := q.valid()
	var slots []config.ApproveRule
	for _, rule := range q.rules.Approve {
		for range rule.Count {
			slots = append(slots, rule)
		}
	}
	filled := q.matching(slots, people)
	for at, slot := 0, 0; at < len(q.rules.Approve); at++ {
		rule := q.rules.Approve[at]
		lack := 0
		for range rule.Count {
			if !filled[slot] {
				lack++
			}
			slot++
		}
		if lack > 0 {
			missing = append(missing, lacking{rule, lack})
		}
	}
	return missing
}

// matching gives each slot at most one person and each person at most one slot, as many as possible.
func (q question) matching(slots []config.ApproveRule, people []Person) []bool {
	holder := make([]int, len(people))
	for i := range holder {
		holder[i] = -1
	}
	var find func(slot int, seen []bool) bool
	find = func(slot int, seen []bool) bool {
		for i, person := range people {
			if seen[i] || !q.state.People.among(slots[slot].Who, person.ID) {
				continue
			}
			seen[i] = true
			if holder[i] < 0 || find(holder[i], seen) {
				holder[i] = slot
				return true
			}
		}
		return false
	}
	filled := make([]bool, len(slots))
	for slot := range slots {
		filled[slot] = find(slot, make([]bool, len(people)))
	}
	return filled
}

// among tells whether a person is one of those named. Where nobody is, it is everyone with write access.
func (p People) among(who config.Who, id int64) bool {
	if who.Anyone() {
		return slices.Contains(p.Writers, id)
	}
	for _, login := range who.Users {
		if known, ok := p.Users[strings.ToLower(login)]; ok && known == id {
			return true
		}
	}
	for _, team := range who.Teams {
		if slices.Contains(p.Teams[strings.ToLower(team)], id) {
			return true
		}
	}
	return false
}
