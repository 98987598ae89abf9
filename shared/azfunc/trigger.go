package azfunc

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Trigger is what a function.json says about the one binding that starts the function. Fields that
// its kind of trigger does not have are empty.
type Trigger struct {
	Type string // eventHubTrigger, timerTrigger, httpTrigger, …
	Name string // the key of its value in Data

	Cardinality   string // eventHubTrigger: "many" or "one"
	DataType      string // eventHubTrigger: "string", "binary" or empty
	Connection    string // eventHubTrigger: prefix of the settings that say how to connect
	EventHubName  string
	ConsumerGroup string

	Schedule string // timerTrigger

	AuthLevel string   // httpTrigger: "anonymous" or "function"
	Methods   []string // httpTrigger: in upper case
	Route     string   // httpTrigger: below /api, without a leading slash

	Retries bool // the function has a retry policy
}

// HTTP says whether the host passes requests of the public on to the function.
func (t Trigger) HTTP() bool { return strings.EqualFold(t.Type, httpTrigger) }

const httpTrigger = "httpTrigger"

// binding is one element of "bindings"; its fields are the union over the kinds of binding that
// Glasswatch uses.
type binding struct {
	Type          string   `json:"type"`
	Direction     string   `json:"direction"`
	Name          string   `json:"name"`
	Cardinality   string   `json:"cardinality"`
	DataType      string   `json:"dataType"`
	Connection    string   `json:"connection"`
	EventHubName  string   `json:"eventHubName"`
	ConsumerGroup string   `json:"consumerGroup"`
	Schedule      string   `json:"schedule"`
	AuthLevel     string   `json:"authLevel"`
	Methods       []string `json:"methods"`
	Route         string   `json:"route"`
}

// ParseTrigger reads a function.json. It fails unless there is exactly one trigger and what the
// host would otherwise fill in with a default that surprises is written out: an HTTP trigger's
// authLevel, methods and route, and the "http" output without which the host would not pass
// requests on but wrap them.
func ParseTrigger(functionJSON []byte) (Trigger, error) {
	var file struct {
		Bindings []binding       `json:"bindings"`
		Retry    json.RawMessage `json:"retry"`
	}
	if err := json.Unmarshal(functionJSON, &file); err != nil {
		return Trigger{}, fmt.Errorf("read function.json: %w", err)
	}
	var triggers []binding
	answers := 0
	for _, b := range file.Bindings {
		switch {
		case strings.HasSuffix(strings.ToLower(b.Type), "trigger"):
			triggers = append(triggers, b)
		case strings.EqualFold(b.Type, "http") && strings.EqualFold(b.Direction, "out"):
			answers++
		}
	}
	if len(triggers) != 1 {
		return Trigger{}, fmt.Errorf("function.json has %d triggers: it needs exactly one", len(triggers))
	}
	b := triggers[0]
	t := Trigger{
		Type: b.Type, Name: b.Name,
		Cardinality: b.Cardinality, DataType: b.DataType, Connection: b.Connection,
		EventHubName: b.EventHubName, ConsumerGroup: b.ConsumerGroup,
		Schedule:  b.Schedule,
		AuthLevel: b.AuthLevel, Route: b.Route,
		Retries: len(file.Retry) > 0 && string(file.Retry) != "null",
	}
	for _, m := range b.Methods {
		t.Methods = append(t.Methods, strings.ToUpper(m))
	}
	return t, t.check(answers, len(file.Bindings))
}

func (t Trigger) check(answers, bindings int) error {
	var problems []error
	if t.Name == "" {
		problems = append(problems, errors.New("the trigger has no name"))
	}
	if t.HTTP() {
		if answers != 1 || bindings != 2 {
			problems = append(problems, errors.New(`an httpTrigger needs one "http" output and no other binding, or the host wraps its requests`))
		}
		if t.AuthLevel != "anonymous" && t.AuthLevel != "function" {
			problems = append(problems, errors.New(`authLevel must be written out as "anonymous" or "function"`))
		}
		if len(t.Methods) == 0 {
			problems = append(problems, errors.New("methods must be written out: without them the host lets all through"))
		}
		if t.Route == "" {
			problems = append(problems, errors.New("route must be written out"))
		}
	}
	return errors.Join(problems...)
}
