package store

import (
	"context"
	"fmt"
	"sync"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riversqlite"
)

// driver is River's for SQLite with another listener. River's own looks into a table twenty times a second, so that
// each step of a preview or of a deployment would wait for its turn to be noticed. But this process alone has the
// database open, and knows when it has committed a job.
type driver struct {
	*riversqlite.Driver
	listener *listener
}

// GetListener returns the listener of this process, in place of one on the database.
func (d driver) GetListener(*riverdriver.GetListenenerParams) riverdriver.Listener { return d.listener }

// listener tells River's client of jobs that were committed. One that is missed is found when the queue is looked at
// the next time, so nothing here waits or fails.
type listener struct {
	committed chan riverdriver.Notification

	mu     sync.Mutex
	topics map[string]bool
}

func newListener() *listener {
	return &listener{committed: make(chan riverdriver.Notification, 1000), topics: map[string]bool{}}
}

// insertTopic is the one on which River's clients hear of new jobs.
const insertTopic = "river_insert"

// tell that there are new jobs in the queues.
func (l *listener) tell(queues map[Topic]bool) {
	l.mu.Lock()
	listening := l.topics[insertTopic]
	l.mu.Unlock()
	if !listening {
		return
	}
	for queue := range queues {
		select {
		case l.committed <- riverdriver.Notification{Topic: insertTopic, Payload: fmt.Sprintf(`{"queue": %q}`, queue)}:
		default:
		}
	}
}

// WaitForNotification waits for the next one.
func (l *listener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case notification := <-l.committed:
		return &notification, nil
	}
}

// Listen to a topic from now on.
func (l *listener) Listen(_ context.Context, topic string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.topics[topic] = true
	return nil
}

// Unlisten to it.
func (l *listener) Unlisten(_ context.Context, topic string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.topics, topic)
	return nil
}

// Connect, Close and Ping have nothing to do: there is no connection.
func (l *listener) Connect(context.Context) error { return nil }

// Close does nothing.
func (l *listener) Close(context.Context) error { return nil }

// Ping does nothing.
func (l *listener) Ping(context.Context) error { return nil }

// Schema is none.
func (l *listener) Schema() string { return "" }

// SetAfterConnectExec is for River's own tests.
func (l *listener) SetAfterConnectExec(string) {}
