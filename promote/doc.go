// Package promote decides how a commit moves through the environments.
//
// Everything it knows of the world is a [State]: the commits of trunk, the rules read from trunk, and for each
// environment what it runs, its last deployment and what a person asked for. [Decide] turns a state into one
// [Decision] for each environment: start this range now, or wait for these reasons, or nothing, because the
// environment runs what it should.
//
// Each environment looks after itself. Its candidate is the newest commit that every environment it comes after
// has converged to and proven; for the first it is the tip of trunk. If the candidate is not what the environment
// runs, that difference is a promotion: a [Range] with its pull requests and authors, from the last commit that
// succeeded there, not the last that was tried. Several merges in between are one range; a newer candidate takes
// the older along. There is no object that travels: the [Rollout] of a commit is a view over the environments,
// made by [View].
//
// A step goes through gates: conditions on entering an environment, each in a file of its own (gate_*.go). A gate
// answers, it never acts: a [Gate] is open, or closed with a reason for people and, where it can tell, when it opens and
// what would help. All are asked and shown, also those that are open. Where the rules on trunk changed and an
// environment does not run that change yet, each gate is asked by the former rules as well, so no change weakens what it
// has to pass itself.
//
// People's words become facts here: [Asked], [Approve], [PutOn], [Lift] and [Overriding] say what a wish means exactly,
// or answer with a [Refusal]: the rule, the fact, the next command. [May] says who may. An [Approval] is consent to one
// range with one plan under one set of rules, and counts for nothing else. When a wish is carried out, everything is
// looked at again: by [Decide], and by [Recheck] before anything is applied.
//
// What time brings is computed too: what is [Overdue], which [NoticesDue] there are, and when to decide [Again].
//
// The package is pure. It knows no GitHub, no database, no clock and no logger, starts nothing and remembers
// nothing; so the same state gives the same decisions, webhooks may come late, twice or never, and a crash between
// deciding and doing is repaired by deciding again. What is decided is written down by package store in the same
// transaction as the facts, and carried out by package deploy.
package promote
