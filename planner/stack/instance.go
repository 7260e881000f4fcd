package stack

// Instance is one component in one stack, with resolved configuration: the unit that is planned and applied.
type Instance struct {
	// Environment that the instance moves with.
	Environment string
	// Stack names the place, such as "prod/us-east-1".
	Stack string
	// Component names what is put there.
	Component string
	// Path of the component's directory from the repository's root, slash-separated.
	Path string
	// Workspace of the engine; "default" where none is meant.
	Workspace string
	// VariableFiles are paths from the repository's root, in the order in which they are given to the engine.
	VariableFiles []string
	// Variables are given to the engine over those of the files.
	Variables map[string]any
	// Files are further paths of the repository that the instance depends on, globs resolved.
	Files []string
}

// Name identifies the instance within its repository: "stack/component".
func (i Instance) Name() string { return i.Stack + "/" + i.Component }
