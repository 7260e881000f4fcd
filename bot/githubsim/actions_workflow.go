package githubsim

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// workflow is a workflow file that the repository has, or had.
type workflow struct {
	id       int64
	path     string // .github/workflows/deploy.yml
	name     string // as of the last time it was read
	disabled bool
	created  time.Time
	runs     int // how many there have been
}

// workflowFolder is where GitHub looks for workflows.
const workflowFolder = ".github/workflows/"

// definition is a workflow file at one commit.
type definition struct {
	Name        string                 `yaml:"name"`
	RunName     string                 `yaml:"run-name"`
	On          triggers               `yaml:"on"`
	Permissions *granted               `yaml:"permissions"`
	Env         map[string]string      `yaml:"env"`
	Jobs        ordered[jobDefinition] `yaml:"jobs"`
	path        string                 // of the file
	source      string                 // owner/name of the repository it is in
	sha         string                 // of the commit it was read at
	ref         string                 // under which that was found
}

// jobDefinition is a job as it is written.
type jobDefinition struct {
	Name        string             `yaml:"name"`
	Needs       texts              `yaml:"needs"`
	If          string             `yaml:"if"`
	RunsOn      yaml.Node          `yaml:"runs-on"`
	Environment *placeOfJob        `yaml:"environment"`
	Strategy    strategyDefinition `yaml:"strategy"`
	Permissions *granted           `yaml:"permissions"`
	Uses        string             `yaml:"uses"`
	With        map[string]any     `yaml:"with"`
	Outputs     map[string]string  `yaml:"outputs"`
	Steps       []Step             `yaml:"steps"`
}

// Step is one step of a job as it is written, with its expressions.
type Step struct {
	ID   string            `yaml:"id"`
	Name string            `yaml:"name"`
	Uses string            `yaml:"uses"`
	Run  string            `yaml:"run"`
	If   string            `yaml:"if"`
	With map[string]string `yaml:"with"`
	Env  map[string]string `yaml:"env"`
}

type strategyDefinition struct {
	Matrix      yaml.Node `yaml:"matrix"`
	FailFast    *bool     `yaml:"fail-fast"`
	MaxParallel int       `yaml:"max-parallel"`
}

// placeOfJob is a job's environment: a name, or a name with more.
type placeOfJob struct {
	Name       string
	URL        string
	Deployment *bool
}

// UnmarshalYAML reads either form.
func (p *placeOfJob) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		p.Name = node.Value
		return nil
	}
	var long struct {
		Name       string `yaml:"name"`
		URL        string `yaml:"url"`
		Deployment *bool  `yaml:"deployment"`
	}
	err := node.Decode(&long)
	p.Name, p.URL, p.Deployment = long.Name, long.URL, long.Deployment
	return err
}

// granted is what a workflow or a job lets its token do: by permission, or the
// same for all. Whatever it does not name it does not grant.
type granted struct {
	all   string
	named map[string]string
}

// UnmarshalYAML reads read-all, write-all, {} or permissions by name.
func (g *granted) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.ScalarNode {
		return node.Decode(&g.named)
	}
	switch node.Value {
	case "read-all":
		g.all = "read"
	case "write-all":
		g.all = "write"
	default:
		return fmt.Errorf("line %d: permissions are read-all, write-all or by name", node.Line)
	}
	return nil
}

// of is what is granted of one permission, empty for none.
func (g *granted) of(permission string) string {
	if given, named := g.named[permission]; named {
		return given
	}
	return g.all
}

// texts is a text or a list of them.
type texts []string

// UnmarshalYAML reads either form.
func (t *texts) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*t = texts{node.Value}
		return nil
	}
	return node.Decode((*[]string)(t))
}

// ordered is a map that keeps the order in which it is written.
type ordered[T any] struct {
	keys   []string
	values map[string]T
}

// UnmarshalYAML reads a map.
func (o *ordered[T]) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: a map is expected", node.Line)
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		o.keys = append(o.keys, node.Content[i].Value)
	}
	return node.Decode(&o.values)
}

var jobKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// parseWorkflow reads a workflow file and refuses what GitHub refuses before it
// runs anything.
func parseWorkflow(path, text string) (*definition, error) {
	made := &definition{path: path}
	if err := yaml.Unmarshal([]byte(text), made); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(made.Jobs.keys) == 0 {
		return nil, fmt.Errorf("%s: no jobs are defined", path)
	}
	if made.Name == "" {
		made.Name = path
	}
	for _, key := range made.Jobs.keys {
		if err := made.checkJob(key); err != nil {
			return nil, fmt.Errorf("%s: job %s: %w", path, key, err)
		}
	}
	return made, made.checkCycles()
}

func (d *definition) checkJob(key string) error {
	job := d.Jobs.values[key]
	for _, needed := range job.Needs {
		if !slices.Contains(d.Jobs.keys, needed) {
			return fmt.Errorf("it needs the job %s, which is not there", needed)
		}
	}
	switch {
	case !jobKey.MatchString(key):
		return errors.New("its name is not valid")
	case job.Uses == "" && job.RunsOn.IsZero():
		return errors.New("required property is missing: runs-on")
	case job.Uses == "" && len(job.Steps) == 0:
		return errors.New("it has no steps")
	case job.Uses != "" && (len(job.Steps) > 0 || job.Environment != nil || !job.RunsOn.IsZero()):
		return errors.New("a job that calls a workflow has no steps, environment or runs-on")
	}
	return nil
}

// checkCycles refuses jobs that wait for each other.
func (d *definition) checkCycles() error {
	done := map[string]bool{}
	for range d.Jobs.keys {
		for _, key := range d.Jobs.keys {
			ready := true
			for _, needed := range d.Jobs.values[key].Needs {
				ready = ready && done[needed]
			}
			done[key] = done[key] || ready
		}
	}
	for _, key := range d.Jobs.keys {
		if !done[key] {
			return fmt.Errorf("%s: job %s waits for itself", d.path, key)
		}
	}
	return nil
}

// isWorkflow reports whether GitHub reads a file as a workflow.
func isWorkflow(path string) bool {
	name, inside := strings.CutPrefix(path, workflowFolder)
	return inside && !strings.Contains(name, "/") && (strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".yaml"))
}

// definitionAt reads a workflow of the repository at a commit. It is nil where
// there is no such file.
func (r *repository) definitionAt(path, sha string) (*definition, error) {
	text, err := r.git.run("cat-file", "blob", sha+":"+path)
	if err != nil {
		return nil, nil //nolint:nilerr // no such file there
	}
	made, err := parseWorkflow(path, text)
	if err != nil {
		return nil, err
	}
	made.source, made.sha = r.fullName(), sha
	return made, nil
}

// workflowsAt lists the paths of the workflow files at a commit.
func (r *repository) workflowsAt(sha string) []string {
	out, err := r.git.run("ls-tree", "--name-only", sha, workflowFolder)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(strings.Fields(out), func(path string) bool { return !isWorkflow(path) })
}

// workflowOf finds or makes what the repository knows of a workflow file.
func (gh *GitHub) workflowOf(repo *repository, path string) *workflow {
	for _, found := range repo.workflows {
		if found.path == path {
			return found
		}
	}
	made := &workflow{id: gh.id(), path: path, name: path, created: gh.now()}
	repo.workflows = append(repo.workflows, made)
	return made
}

// knownWorkflows makes every workflow of the default branch known, and lists all
// there are.
func (gh *GitHub) knownWorkflows(repo *repository) []*workflow {
	tip := repo.git.branch(repo.defaultBranch)
	for _, path := range repo.workflowsAt(tip) {
		held := gh.workflowOf(repo, path)
		if read, err := repo.definitionAt(path, tip); err == nil && read != nil {
			held.name = read.Name
		}
	}
	return repo.workflows
}
