package comment

import (
	"strings"
	"testing"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/stack"
	"github.com/trunkline/trunkline/promote"
)

func TestTakenBack(t *testing.T) {
	t.Parallel()
	back := Back{Kind: promote.NoticeRollback, Environment: "prod", Notice: "prod goes back from `4d03e77` to `9f1c2ab`, because customers complain",
		Range: promote.Range{From: subnet, To: old, Back: true, Commits: []promote.Commit{vpc, direct, dns, subnet}},
		Stays: []planner.InstancePreview{{Instance: stack.Instance{Stack: "prod", Component: "queue", Environment: "prod"}, Outcome: planner.Removed,
			Removal: &planner.Removal{State: "s3 bucket=acme key=queue.tfstate", Commit: subnet.SHA, Commands: []string{"git checkout --detach " + subnet.SHA, "terraform destroy"}}}}}
	golden(t, "notice-rollback.md", TakenBack(back, Options{}))
	back.Stays, back.Kind, back.Notice = nil, promote.NoticeRollbackStopped, "the rollback of prod from `4d03e77` to `9f1c2ab` stopped (verify smoke) and is not tried again by itself"
	golden(t, "notice-rollback-stopped.md", TakenBack(back, Options{}))
	back.Kind, back.Notice = promote.NoticeNotBack, "prod is not rolled back after the failure of `4d03e77`, because #42 changes `schema/1.sql`, which is declared irreversible in prod"
	golden(t, "notice-not-back.md", TakenBack(back, Options{OnlyLong: true}))
	pull := RevertPull(Reverting{Range: back.Range, Environment: "prod", By: carol, AskedOn: 42}, Options{})
	golden(t, "revert-pull.md", pull.Title+"\n\n"+pull.Body)
}

// What comes from outside mentions nobody and breaks out of nothing, except those whose commits are taken back.
func TestTakenBackOfStrangers(t *testing.T) {
	t.Parallel()
	hostile := subnet
	hostile.Author.Login = "@everyone](http://x)"
	text := TakenBack(Back{Kind: promote.NoticeRollback, Environment: "prod", Notice: "because of @all\n# it", Range: promote.Range{From: hostile, To: old, Back: true,
		Commits: []promote.Commit{dns, hostile}}}, Options{})
	if !strings.Contains(text, "@carol") || strings.Contains(text, "@all") || strings.Contains(text, "@everyone") || strings.Contains(text, "\n# it") {
		t.Errorf("it says:\n%s", text)
	}
}
