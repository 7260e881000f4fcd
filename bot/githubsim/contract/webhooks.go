package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// document is the name under which the compiler knows the webhook schemas.
const document = "webhooks.json"

func (c *Contract) readWebhooks() error {
	text, err := data.ReadFile("data/webhooks.json")
	if err != nil {
		return err
	}
	value, err := decode(text)
	if err != nil {
		return fmt.Errorf("read GitHub's webhook schemas: %w", err)
	}
	c.compiler = jsonschema.NewCompiler()
	if err := c.compiler.AddResource(document, value); err != nil {
		return fmt.Errorf("read GitHub's webhook schemas: %w", err)
	}
	described, _ := value.(map[string]any)["webhooks"].(map[string]any)
	for key := range described {
		c.webhooks[key] = nil
	}
	return nil
}

// Webhooks lists the keys of the webhooks that can be checked.
func (c *Contract) Webhooks() []string {
	c.compiling.Lock()
	defer c.compiling.Unlock()
	var found []string
	for key := range c.webhooks {
		found = append(found, key)
	}
	return found
}

// CheckWebhook holds a payload against GitHub's schema for the event and its
// action. The action of push, status and ping is empty.
func (c *Contract) CheckWebhook(event, action string, payload []byte) error {
	schema, err := c.webhook(event, action)
	if err != nil {
		return err
	}
	value, err := decode(payload)
	if err != nil {
		return fmt.Errorf("webhook %s: %w", event, err)
	}
	return schema.Validate(value)
}

// webhook compiles a schema when it is first asked for: most programs send only
// a few of them.
func (c *Contract) webhook(event, action string) (*jsonschema.Schema, error) {
	key := event
	if action != "" {
		key += "-" + action
	}
	key = strings.ReplaceAll(key, "_", "-")
	c.compiling.Lock()
	defer c.compiling.Unlock()
	schema, known := c.webhooks[key]
	if !known {
		return nil, fmt.Errorf("GitHub's description has no webhook %s", key)
	}
	if schema != nil {
		return schema, nil
	}
	schema, err := c.compiler.Compile(document + "#/webhooks/" + key)
	if err != nil {
		return nil, fmt.Errorf("schema of webhook %s: %w", key, err)
	}
	c.webhooks[key] = schema
	return schema, nil
}

// decode reads JSON with numbers kept as they are written, since GitHub's ids
// do not fit a float.
func decode(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return value, nil
}
