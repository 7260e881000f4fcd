package githubsim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// redeliverable is for how long GitHub keeps a delivery.
const redeliverable = 3 * 24 * time.Hour

// Delivery is one attempt to deliver a webhook.
type Delivery struct {
	ID         int64
	GUID       string
	Event      string
	Action     string
	At         time.Time
	Redelivery bool
	Status     string // OK, or what went wrong
	StatusCode int    // 0 when there was no answer
}

// Delivered reports whether the App took the webhook.
func (d Delivery) Delivered() bool { return d.StatusCode/100 == 2 }

// Deliveries lists the attempts so far, oldest first.
func (gh *GitHub) Deliveries() []Delivery {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	var found []Delivery
	for _, one := range gh.deliveries.log {
		found = append(found, Delivery{one.id, one.GUID, one.Event, one.Action, one.at, one.redelivery, one.status, one.code})
	}
	return found
}

// recent lists the attempts that GitHub still keeps, newest first.
func (gh *GitHub) recent() []*delivery {
	var found []*delivery
	for _, one := range slices.Backward(gh.deliveries.log) {
		if gh.options.Clock().Sub(one.at) <= redeliverable {
			found = append(found, one)
		}
	}
	return found
}

// listDeliveries answers apps/list-webhook-deliveries. It pages by cursor.
func listDeliveries(c *call) (reply, error) {
	size := c.queryNumber("per_page", 30)
	if size < 1 || size > 100 {
		size = 30
	}
	query := c.query()
	found := slices.DeleteFunc(c.gh.recent(), func(one *delivery) bool {
		switch query.Get("status") {
		case "success":
			return one.code/100 != 2
		case "failure":
			return one.code/100 == 2
		}
		return false
	})
	if cursor := query.Get("cursor"); cursor != "" {
		at := slices.IndexFunc(found, func(one *delivery) bool { return "v1_"+decimal(one.id) == cursor })
		if at < 0 {
			return reply{}, &Problem{Status: http.StatusUnprocessableEntity, Message: "Invalid cursor"}
		}
		found = found[at:]
	}
	header := http.Header{}
	if len(found) > size {
		query.Set("cursor", "v1_"+decimal(found[size].id))
		header.Set("Link", "<"+c.gh.url+c.request.URL.EscapedPath()+"?"+query.Encode()+`>; rel="next"`)
		found = found[:size]
	}
	return reply{status: http.StatusOK, body: shown(found, deliveryShape), header: header}, nil
}

func deliveryShape(one *delivery) object {
	shape := object{
		"id": one.id, "guid": one.GUID, "delivered_at": one.at.Format(time.RFC3339), "redelivery": one.redelivery,
		"duration": one.took.Seconds(), "status": one.status, "status_code": one.code, "event": one.Event,
		"action": orNull(one.Action), "installation_id": one.installation, "repository_id": nil, "throttled_at": nil,
	}
	if one.repository != 0 {
		shape["repository_id"] = one.repository
	}
	return shape
}

// getDelivery answers apps/get-webhook-delivery.
func getDelivery(c *call) (reply, error) {
	found, err := c.delivery()
	if err != nil {
		return reply{}, err
	}
	flat := func(header http.Header) any {
		if header == nil {
			return nil
		}
		shape := object{}
		for name, values := range header {
			shape[name] = strings.Join(values, ", ")
		}
		return shape
	}
	var answer any
	if found.answer != nil {
		answer = string(found.answer)
	}
	return ok(merge(deliveryShape(found), object{
		"url":      c.gh.hookURL,
		"request":  object{"headers": flat(found.request), "payload": json.RawMessage(found.Payload)},
		"response": object{"headers": flat(found.response), "payload": answer},
	}))
}

// redeliver answers apps/redeliver-webhook-delivery: the same webhook with the
// same GUID is sent again.
func redeliver(c *call) (reply, error) {
	found, err := c.delivery()
	if err != nil {
		return reply{}, err
	}
	again := &delivery{
		Webhook: found.Webhook, installation: found.installation, repository: found.repository, redelivery: true,
	}
	c.gh.enqueue(again)
	return reply{status: http.StatusAccepted, body: object{}}, nil
}

func (c *call) delivery() (*delivery, error) {
	id, err := c.number("delivery_id")
	if err != nil {
		return nil, err
	}
	for _, one := range c.gh.recent() {
		if one.id == id {
			return one, nil
		}
	}
	return nil, notFound()
}

// getHookConfig answers apps/get-webhook-config-for-app.
func getHookConfig(c *call) (reply, error) {
	return ok(object{"content_type": "json", "secret": "********", "insecure_ssl": "0", "url": c.gh.hookURL})
}
