package githubsim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// payloadLimit is the size above which GitHub does not send a webhook at all.
const payloadLimit = 25 << 20

// Webhook is one webhook on its way to the App.
type Webhook struct {
	GUID       string
	Event      string
	Action     string // empty for events without one
	Repository string // owner/name, empty for webhooks about installations
	Payload    []byte
}

// Fate is what happens to a webhook on its way. The zero value delivers it once
// and in order.
type Fate struct {
	// Drop loses it: it is never sent and not in the log of deliveries.
	Drop bool
	// Fail does not send it either, but writes it down as failed.
	Fail bool
	// Copies is how many times more it is delivered, with the same GUID.
	Copies int
	// Behind is after how many of the webhooks that follow it is delivered. It
	// is delivered by Settle at the latest.
	Behind int
	// Delay holds it, and all behind it, up, in real time.
	Delay time.Duration
}

// delivery is one attempt, made or to be made.
type delivery struct {
	Webhook
	id           int64
	installation int64
	repository   int64
	redelivery   bool
	fate         Fate
	at           time.Time
	took         time.Duration
	status       string
	code         int
	request      http.Header
	response     http.Header
	answer       []byte
}

// deliveries is the queue of webhooks and the log of what became of them.
type deliveries struct {
	disturb func(Webhook) Fate
	waiting []*delivery
	held    []*delivery // behind others
	sending bool
	log     []*delivery // newest last
}

func (d *deliveries) idle() bool { return len(d.waiting) == 0 && len(d.held) == 0 && !d.sending }

// flush puts what waits behind others at the end of the queue.
func (d *deliveries) flush(gh *GitHub) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	if len(d.held) == 0 {
		return
	}
	d.waiting = append(d.waiting, d.held...)
	d.held = nil
	gh.touch()
}

// Disturb lets the function decide what happens to each webhook from now on;
// nil delivers all again. It is called under the simulator's lock and must not
// call its methods.
func (gh *GitHub) Disturb(decide func(Webhook) Fate) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	gh.deliveries.disturb = decide
}

// queue puts a webhook into the queue.
func (gh *GitHub) queue(name string, payload object, found *installation, repo *repository) {
	event, action, _ := strings.Cut(name, ".")
	made := &delivery{
		Webhook:      Webhook{GUID: guid(), Event: event, Action: action, Payload: encode(payload)},
		installation: found.id,
	}
	if repo != nil {
		made.repository, made.Repository = repo.id, repo.fullName()
	}
	if !gh.options.Unchecked {
		if err := gh.contract.CheckWebhook(event, action, made.Payload); err != nil {
			gh.ledger.add(Violation{"WEBHOOK", name, err.Error()})
		}
	}
	if len(made.Payload) > payloadLimit {
		return
	}
	gh.enqueue(made)
}

// enqueue asks for the delivery's fate and puts it where it belongs.
func (gh *GitHub) enqueue(made *delivery) {
	d := &gh.deliveries
	if d.disturb != nil {
		made.fate = d.disturb(made.Webhook)
	}
	if made.fate.Drop {
		return
	}
	var still []*delivery
	var due []*delivery
	for _, held := range d.held {
		if held.fate.Behind--; held.fate.Behind <= 0 {
			due = append(due, held)
		} else {
			still = append(still, held)
		}
	}
	d.held = still
	if made.fate.Behind > 0 {
		d.held = append(d.held, made)
	} else {
		d.waiting = append(d.waiting, made)
	}
	d.waiting = append(d.waiting, due...)
	gh.touch()
}

// deliver sends what is in the queue, one at a time, until the context ends.
func (gh *GitHub) deliver(ctx context.Context) {
	client := &http.Client{
		Timeout: gh.options.HookTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // GitHub does not follow redirects
		},
		Transport: &http.Transport{},
	}
	defer client.CloseIdleConnections()
	for {
		next, url := gh.next(ctx)
		if next == nil {
			return
		}
		if !(Fault{Delay: next.fate.Delay}).waits(ctx) {
			return
		}
		for range 1 + next.fate.Copies {
			attempt := *next
			gh.send(ctx, client, url, &attempt)
			gh.logAttempt(&attempt)
		}
		gh.mu.Lock()
		gh.deliveries.sending = false
		gh.touch()
		gh.mu.Unlock()
	}
}

// next waits for the next delivery; nil when the context ends.
func (gh *GitHub) next(ctx context.Context) (*delivery, string) {
	for {
		gh.mu.Lock()
		d := &gh.deliveries
		if len(d.waiting) > 0 {
			made := d.waiting[0]
			d.waiting, d.sending = d.waiting[1:], true
			url := gh.hookURL
			gh.mu.Unlock()
			return made, url
		}
		changed := gh.changed
		gh.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ""
		}
	}
}

func (gh *GitHub) logAttempt(attempt *delivery) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	attempt.id = gh.id()
	gh.deliveries.log = append(gh.deliveries.log, attempt)
	gh.touch()
}

// send makes one attempt and notes what became of it. Only an answer with 2xx
// in time is a success.
func (gh *GitHub) send(ctx context.Context, client *http.Client, url string, attempt *delivery) {
	attempt.at = gh.options.Clock().UTC()
	attempt.request = gh.hookHeader(attempt)
	if attempt.fate.Fail || url == "" {
		attempt.status = "failed to connect to host"
		return
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(attempt.Payload))
	if err != nil {
		attempt.status = "failed to connect to host"
		return
	}
	request.Header = attempt.request.Clone()
	began := time.Now()
	response, err := client.Do(request)
	attempt.took = time.Since(began)
	if err != nil {
		attempt.status = "failed to connect to host"
		if attempt.took >= gh.options.HookTimeout {
			attempt.status = "timed out"
		}
		return
	}
	defer response.Body.Close()
	attempt.answer, _ = io.ReadAll(io.LimitReader(response.Body, 1<<20))
	attempt.code, attempt.response = response.StatusCode, response.Header
	attempt.status = "OK"
	if response.StatusCode/100 != 2 {
		attempt.status = fmt.Sprintf("Invalid HTTP Response: %d", response.StatusCode)
	}
}

// hookHeader is what GitHub sends along with a webhook.
func (gh *GitHub) hookHeader(attempt *delivery) http.Header {
	mac := hmac.New(sha256.New, []byte(gh.app.secret))
	mac.Write(attempt.Payload)
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("User-Agent", "GitHub-Hookshot/githubsim")
	header.Set("X-GitHub-Delivery", attempt.GUID)
	header.Set("X-GitHub-Event", attempt.Event)
	header.Set("X-GitHub-Hook-ID", decimal(gh.app.id))
	header.Set("X-GitHub-Hook-Installation-Target-ID", decimal(gh.app.id))
	header.Set("X-GitHub-Hook-Installation-Target-Type", "integration")
	header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	return header
}

// guid makes the name of a delivery; it stays the same when it is sent again.
func guid() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
