package deploy

import (
	"context"
	"testing"

	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// TestAbortBeforeThePlan: a secret's command or an artifact's may hang.
func TestAbortBeforeThePlan(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.hangs = make(chan struct{})
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		<-s.hangs
		s.write(func(tx *store.Tx) error { return second(tx.AskAbort(s.id, promote.Person{ID: 3, Login: "bob"})) })
	}()
	deployment, err := s.deploy(context.Background())
	if err != nil || deployment.Phase != promote.Aborted {
		t.Errorf("it is %s, %v", deployment.Phase, err)
	}
	<-asked
}
