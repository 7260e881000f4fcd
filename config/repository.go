package config

import "time"

// Path is where a repository keeps its configuration, on trunk.
const Path = ".github/trunkline.yml"

// Repository is what a repository declares in [Path].
type Repository struct {
	// Version of the format; always 1.
	Version int
	// Stacks says where instances come from and what plans them.
	Stacks Stacks
	// Environments in the order in which they are declared.
	Environments []Environment
	// Artifacts that are built once for each commit, in the order of the file.
	Artifacts []Artifact
	// Checks of pull requests, in the order in which they are shown.
	Checks []PullCheck
	// StateMoved are instances whose state is deliberately looked for elsewhere than before.
	StateMoved []StateMove
	// Zone in which days and hours are meant where nothing else is said; nil: UTC.
	Zone *time.Location
	// Freezes are stretches of time in which nothing moves.
	Freezes []Freeze
	// Diverge declares what is meant to differ for a while.
	Diverge []Divergence
	// Migrations have steps that must not enter an environment together.
	Migrations []Migration
	// Hooks run before or after what is deployed, in this order.
	Hooks []Hook
	// Preview is what pull requests get of their own; its zero value: nothing.
	Preview Preview
	// Runner of the environments that name none; see [Repository.RunnerOf].
	Runner Runner
	// GitHubEnvironments says what is done about environments of GitHub that are not as they are to be.
	GitHubEnvironments Keeping
}

// StateMove says of an instance that its state was moved, or may begin anew, so that a deployment need not stop.
type StateMove struct {
	// Instance by its name, "stack/component".
	Instance string
	// From are the places where it was, as the preview and the stopped deployment print them.
	From []string
	At   Position
}

// Layout says where instances come from.
type Layout string

const (
	// LayoutFolders finds instances by a path with placeholders.
	LayoutFolders Layout = "folders"
	// LayoutList takes instances from the configuration itself.
	LayoutList Layout = "list"
	// LayoutAtmos finds instances in Atmos stack manifests, which have paths and variables of their own.
	LayoutAtmos Layout = "atmos"
)

// Stacks says where instances come from, and which engine plans and applies them.
type Stacks struct {
	Layout Layout
	// Path is the pattern of [LayoutFolders], such as "environments/{environment}/{component}" or
	// "components/{component}". Placeholders other than {component} together name the stack.
	Path string
	// Variables are patterns of variable files, relative to the repository's root, with the placeholders
	// of Path, {environment} and {component}. Where Path has no {environment}, a component belongs to an
	// environment if one of these files exists for it.
	Variables []string
	// Instances of [LayoutList].
	Instances []Instance
	// DependsOn says which components of [LayoutFolders] depend on which; in the other layouts instances say so themselves.
	DependsOn []Dependents
	// Downstream asks for instances to be counted as affected where one that they depend on is.
	Downstream bool
	// Engine plans and applies.
	Engine Engine
	// Parallel is how many instances are planned or applied at a time. Zero: the operator's limit.
	Parallel int
	// Timeout for one step of the engine (one plan, one apply). Zero: the operator's limit.
	Timeout time.Duration
	At      Position
}

// Instance is one entry of [LayoutList].
type Instance struct {
	Environment string
	// Stack names the place. Empty: the environment's name.
	Stack string
	// Component names what is put there. Empty: the last element of Path.
	Component string
	// Path of the component's directory from the repository's root.
	Path string
	// Workspace of the engine. Empty: "default".
	Workspace string
	// VariableFiles are paths from the repository's root.
	VariableFiles []string
	// Variables given to the engine, over those of the files.
	Variables map[string]any
	// Files are further paths or globs that the instance depends on.
	Files []string
	// DependsOn are the instances that this one depends on: components of the same stack, or "stack/component".
	DependsOn []Reference
	At        Position
}

// Dependents are components that depend on others.
type Dependents struct {
	// Pattern of the component's name, or of "stack/component".
	Pattern string
	// On are the components of the same stack, or "stack/component", that they depend on, where there are such.
	On []Reference
	At Position
}

// Reference is the name of something that is declared elsewhere.
type Reference struct {
	Name string
	At   Position
}

// EngineKind names what plans and applies.
type EngineKind string

const (
	// Terraform is HashiCorp Terraform.
	Terraform EngineKind = "terraform"
	// Tofu is OpenTofu.
	Tofu EngineKind = "tofu"
	// Command is an engine of the repository's own commands.
	Command EngineKind = "command"
)

// Engine is what plans and applies. In the file it is the name of a known engine, or a block of commands.
type Engine struct {
	Kind EngineKind
	// Plan of a [Command] engine: a shell command, run in the component's directory, that prints what would
	// change and exits 0; nothing printed means nothing would change.
	Plan string
	// Apply of a [Command] engine: a shell command, run in the component's directory, that makes the changes.
	Apply string
	// Destroy of a [Command] engine: a shell command, run there, that takes away all that Apply made, and does nothing
	// where there is nothing. It is run for environments of pull requests only. Empty: there is none.
	Destroy string
	At      Position
}

// Mode says who moves an environment.
type Mode string

const (
	// Auto promotes as soon as the gates are open.
	Auto Mode = "auto"
	// Manual promotes when a person asks.
	Manual Mode = "manual"
)

// Environment is a set of stacks that moves together.
type Environment struct {
	// Name matches [a-z0-9][a-z0-9-]{0,62}.
	Name string
	// Stacks are patterns of stack names; in [LayoutAtmos] of manifest paths too. Empty: the stacks whose
	// {environment} placeholder is Name; [LayoutAtmos] has none, and needs patterns.
	Stacks []string
	// After are the environments that must all have converged to a commit before this one may have it; of AfterAny, if
	// there are any, one must.
	After, AfterAny []string
	// Promote says who moves the environment; default [Manual].
	Promote Mode
	// OneByOne takes commits in the order of trunk, each by itself, instead of the newest with all before it.
	OneByOne bool
	// Waves divide a deployment; none: it is one.
	Waves []Wave
	// Canary are staircases that instances go up when they are deployed.
	Canary []Canary
	// Verify runs after a deployment, in order; all must pass.
	Verify []Check
	// Scheduled checks run at fixed times; each must have passed since a commit runs here before another environment
	// may have it.
	Scheduled []ScheduledCheck
	// Watch is what is measured for a while after everything is applied; each must stay healthy.
	Watch []Watch
	Gates
	// ConvergeWithin is how long a commit of trunk may take to get here before people are told. Zero: any time.
	ConvergeWithin time.Duration
	// OnFailure says what follows where a deployment failed here, and Rollback how the environment goes back.
	OnFailure OnFailure
	Rollback  Rollback
	// Release says how what is deployed is given to users.
	Release Release
	// Allow says who may do what here, where it is not everyone with write access.
	Allow Allow
	// Variables are given to all that runs for the environment, also to previews: they are plain, and reviewed.
	Variables map[string]string
	// Secrets are given to what runs for the environment from commits of trunk, and never to previews.
	Secrets []SecretName
	// Runner plans and applies; its zero value: that of the repository. See [Repository.RunnerOf].
	Runner Runner
	// GitHub is what the environment of GitHub is to have that stands for this one.
	GitHub GitHubEnvironment
	// URL is where people find what the environment runs, with placeholders; see [Environment.Page]. Empty: nowhere.
	URL string
	// Production says that the environment is in production, or is not; nil: its name tells. See [Environment.InProduction].
	Production *bool
	// Baseline is the commit that the environment ran before Trunkline: a full SHA or its beginning. Empty: the commit
	// before the first that Trunkline saw.
	Baseline   string
	BaselineAt Position
	At         Position
}

// Check is something run to know whether an environment is healthy.
type Check struct {
	Name string
	// Run is a shell command of the repository, run at its root in the deployed commit. Empty: HTTP is asked, or Workflow is
	// dispatched.
	Run      string
	Workflow Workflow
	// HTTP is a URL that is got, with Headers, until it answers with Status (0: any from 200 to 399).
	HTTP    string
	Headers []Header
	Status  int
	// Timeout; zero: the operator's limit for a command, and a minute for a URL.
	Timeout time.Duration
	At      Position
}

// Position is a place in the configuration file. The zero value means: not from a file.
type Position struct{ Line, Column int }

// Environment returns the environment of that name, and whether there is one.
func (r Repository) Environment(name string) (Environment, bool) {
	for _, environment := range r.Environments {
		if environment.Name == name {
			return environment, true
		}
	}
	return Environment{}, false
}
