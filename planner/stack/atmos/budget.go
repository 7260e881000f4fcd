package atmos

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"text/template"
	"text/template/parse"
)

// How many turns all loops of all templates may take together: a fraction of a second, and more in a large repository.
const (
	minSteps      = 300_000
	stepsForAByte = 20
)

// tick is the function that each turn of a loop and each use of a named template calls.
const tick = "trunkline_tick"

// budget is what templates may still spend. Nobody can end a template from outside that only loops, and whoever opens a
// pull request writes templates.
type budget struct{ spent, more atomic.Int64 }

// grow gives steps for manifests of that many bytes.
func (b *budget) grow(bytes int) { b.more.Add(int64(bytes) * stepsForAByte) }

func (b *budget) spend(steps int) error {
	if b.spent.Add(int64(steps)) > minSteps+b.more.Load() {
		return errors.New("the templates take more steps than manifests need")
	}
	return nil
}

// meter has the loops and the named parts of a template spend from the budget. A template that uses itself is refused:
// it would only end where memory does.
func meter(parsed *template.Template) error {
	uses := map[string][]string{}
	for _, one := range parsed.Templates() {
		if one.Tree == nil || one.Root == nil {
			continue
		}
		meterList(one.Tree, one.Root, func(used string) { uses[one.Name()] = append(uses[one.Name()], used) })
		if one.Name() != parsed.Name() {
			prepend(one.Tree, one.Root)
		}
	}
	ends := map[string]bool{}
	for name := range uses {
		if circular(uses, name, ends) {
			return fmt.Errorf("the template %q uses itself", name)
		}
	}
	return nil
}

// circular tells whether a template leads back to itself. In ends are those that are being looked at (false) and those
// that do not (true).
func circular(uses map[string][]string, name string, ends map[string]bool) bool {
	if done, seen := ends[name]; seen {
		return !done
	}
	ends[name] = false
	found := slices.ContainsFunc(uses[name], func(used string) bool { return circular(uses, used, ends) })
	ends[name] = !found
	return found
}

func meterList(tree *parse.Tree, list *parse.ListNode, uses func(string)) {
	if list == nil {
		return
	}
	for _, node := range list.Nodes {
		switch node := node.(type) {
		case *parse.RangeNode:
			meterList(tree, node.List, uses)
			meterList(tree, node.ElseList, uses)
			prepend(tree, node.List)
		case *parse.IfNode:
			meterList(tree, node.List, uses)
			meterList(tree, node.ElseList, uses)
		case *parse.WithNode:
			meterList(tree, node.List, uses)
			meterList(tree, node.ElseList, uses)
		case *parse.TemplateNode:
			uses(node.Name)
		}
	}
}

// prepend puts a call of tick before what is in the list.
func prepend(tree *parse.Tree, list *parse.ListNode) {
	call := &parse.CommandNode{NodeType: parse.NodeCommand, Pos: list.Pos, Args: []parse.Node{
		parse.NewIdentifier(tick).SetPos(list.Pos).SetTree(tree),
	}}
	pipe := &parse.PipeNode{NodeType: parse.NodePipe, Pos: list.Pos, Cmds: []*parse.CommandNode{call}}
	action := &parse.ActionNode{NodeType: parse.NodeAction, Pos: list.Pos, Pipe: pipe}
	list.Nodes = append([]parse.Node{action}, list.Nodes...)
}
