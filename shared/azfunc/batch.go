package azfunc

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Batch is what an Event Hubs trigger hands over.
type Batch struct {
	// Messages stand in the order of the partition; index i belongs to index i of the lists in Meta.
	Messages []Message
	Meta     Metadata
	// Unframed is set when the body was not of the expected form. Messages then holds one element,
	// the whole body, so that whatever was in it is not lost.
	Unframed bool
}

// Message is the body of one event.
type Message struct {
	Body []byte
	// Undecoded is set when the message did not have the form in which the host delivers events;
	// Body then holds it as far as it could be unwrapped.
	Undecoded bool
}

// DecodeBatch reads the body of a call to an Event Hubs function whose function.json has no
// dataType "binary". binding is the trigger's name in function.json. See Trigger.DecodeBatch.
func DecodeBatch(r io.Reader, binding string) (Batch, error) {
	return Trigger{Name: binding}.DecodeBatch(r)
}

// DecodeBatch reads the body of a call to an Event Hubs function, in every form in which hosts have
// been known to send it: Data.<name> as an array, an object, or a string that holds an array or
// one event, itself encoded once more or not. The whole body is held in memory.
//
// Nothing that was transferred is lost and nothing in it is an error: what cannot be decoded is
// handed over as it came, marked as such. An error means that the transfer broke off; the host has
// to send the batch again.
func (t Trigger) DecodeBatch(r io.Reader) (Batch, error) {
	body, err := io.ReadAll(r)
	if err != nil {
		return Batch{}, fmt.Errorf("read the batch after %d bytes: %w", len(body), err)
	}
	var envelope struct {
		Data     map[string]json.RawMessage
		Metadata json.RawMessage
	}
	// An error leaves Data empty, or complete if only something beside it was odd.
	if err := json.Unmarshal(body, &envelope); err != nil && envelope.Data == nil {
		return unframed(body, envelope.Metadata), nil
	}
	value, present := envelope.Data[t.Name]
	if !present || isNull(value) {
		return unframed(body, envelope.Metadata), nil
	}
	return Batch{Messages: t.messages(value), Meta: DecodeMetadata(envelope.Metadata)}, nil
}

func unframed(body []byte, metadata json.RawMessage) Batch {
	return Batch{
		Messages: []Message{{Body: body, Undecoded: true}},
		Meta:     DecodeMetadata(metadata),
		Unframed: true,
	}
}

// messages finds the events in Data.<name>. A string is unwrapped at most twice: once because the
// host writes arrays and strings as JSON text, once more because a single event is then still a
// JSON string.
func (t Trigger) messages(value json.RawMessage) []Message {
	text := bytes.TrimSpace(value)
	for range 2 {
		if inner, ok := unquote(text); ok {
			text = []byte(inner)
		}
	}
	switch trimmed := bytes.TrimSpace(text); {
	case startsWith(trimmed, '['):
		var elements []json.RawMessage
		if err := json.Unmarshal(trimmed, &elements); err != nil {
			return []Message{{Body: text, Undecoded: true}}
		}
		messages := make([]Message, len(elements))
		for i, element := range elements {
			messages[i] = t.element(element)
		}
		return messages
	case startsWith(trimmed, '{'), startsWith(value, '"'):
		return []Message{t.single(text)}
	default:
		return []Message{{Body: text, Undecoded: true}}
	}
}

// element decodes one element of the array of events.
func (t Trigger) element(raw json.RawMessage) Message {
	if text, ok := unquote(raw); ok {
		return t.single([]byte(text))
	}
	// With no dataType the host parses each event and writes it back as the JSON that it was.
	return Message{Body: raw, Undecoded: t.binary() || !startsWith(raw, '{')}
}

// single decodes one event that is no longer quoted.
func (t Trigger) single(text []byte) Message {
	if !t.binary() {
		return Message{Body: text}
	}
	// function.json decides whether this is base64. Text that happens to be valid base64 is common.
	body, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		return Message{Body: text, Undecoded: true}
	}
	return Message{Body: body}
}

func (t Trigger) binary() bool { return strings.EqualFold(t.DataType, "binary") }

// unquote decodes a JSON string.
func unquote(raw []byte) (string, bool) {
	raw = bytes.TrimSpace(raw)
	if !startsWith(raw, '"') {
		return "", false
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", false
	}
	return text, true
}

func startsWith(b []byte, c byte) bool { return len(b) > 0 && b[0] == c }

func isNull(raw []byte) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) == 0 || string(raw) == "null"
}
