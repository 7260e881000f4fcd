package contract

import "testing"

func TestLoad(t *testing.T) {
	t.Parallel()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range c.Operations() {
		if len(c.Permissions(op)) == 0 && op.ID != "actions/list-workflow-runs-for-repo" {
			t.Errorf("%s %s: no row in permissions.tsv", op.Method, op.Path)
		}
	}
	for _, key := range c.Webhooks() {
		if _, err := c.webhook(key, ""); err != nil {
			t.Error(err)
		}
	}
}
