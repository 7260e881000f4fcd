package engine

import "github.com/trunkline/trunkline/planner/stack"

// Plan says what applying an instance would change.
type Plan struct {
	Instance stack.Instance
	// Changes in the order of the engine, without those that change nothing.
	Changes []Change
	// Outputs that would change, by name.
	Outputs []Change
	// Digest of the normalised change set: equal digests mean the same changes. Empty changes have a digest too.
	// See [Among].
	Digest string
	// Text is what a person would read from the engine itself, redacted. Command engines have only this.
	Text string
	// File holds the engine's own plan, for Apply; it lives as long as the directory it was made in.
	File string
	// Warnings are conditions that the code states about itself and that do not hold, redacted: check blocks, and
	// postconditions that only the apply would fail on.
	Warnings []string
	// Secrets are values that the plan marks as sensitive, of outputs and of resources that change, for whoever has to take
	// them out of other texts. They are neither stored nor shown.
	Secrets []string
	// Reveals: there are sensitive outputs whose values only the apply makes; see [Revealer].
	Reveals bool
	// Document is a file with the plan as JSON, for policies: resource_changes (also of resources that stay as they
	// are) and output_changes in terraform's own form, without sensitive values; with the member text in their place for
	// command engines. It is there if it was asked for, as long as File.
	Document string
}

// Empty tells whether applying would change nothing.
func (p Plan) Empty() bool { return len(p.Changes) == 0 && len(p.Outputs) == 0 }

// Action is what happens to one resource.
type Action string

// The actions that a plan can hold, in the words that a reviewer reads.
const (
	Create  Action = "create"
	Update  Action = "update"
	Replace Action = "replace"
	Destroy Action = "destroy"
	Read    Action = "read"
	Forget  Action = "forget" // no longer managed, but left as it is
	Import  Action = "import"
	Move    Action = "move" // another address, nothing else
	Run     Action = "run"  // what a command engine does: not known in detail
)

// Destructive tells whether the action removes something that exists.
func (a Action) Destructive() bool { return a == Replace || a == Destroy }

// Change is what happens to one resource (or output).
type Change struct {
	// Address such as module.vpc.aws_subnet.private["a"].
	Address string
	// PreviousAddress where the resource moved.
	PreviousAddress string
	// ImportID of the existing object where it is taken over, besides what Action says.
	ImportID string
	// Deposed names the leftover of a replacement that was interrupted, where the change is about that.
	Deposed string
	Action  Action
	// Reason is the engine's keyword for why it does this, such as delete_because_no_resource_config; empty: it has none.
	Reason string
	// CreateFirst: a replacement makes the new object before the old one is destroyed.
	CreateFirst bool
	// Attributes that change, in order of their paths. Values of one plan are kept up to a limit.
	Attributes []Attribute
	// AttributesLeft is how many more change than are kept here.
	AttributesLeft int
	// Digest of this change alone, normalised: for "are the remaining changes among those planned".
	Digest string
}

// Attribute is one changed attribute.
type Attribute struct {
	// Path such as tags.Name or ingress[0].cidr_blocks.
	Path string
	// Before and After are JSON texts; empty where there is no value.
	Before, After string
	// Folded: the values are long, and Before and After are texts of the lines around what differs. It is a hash of
	// the whole values.
	Folded string
	// Unknown: After is known only when applied.
	Unknown bool
	// Sensitive: values are withheld; Before and After are empty.
	Sensitive bool
	// ForcesReplacement of the whole resource.
	ForcesReplacement bool
}
