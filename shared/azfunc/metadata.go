package azfunc

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// NoSequence stands in Metadata.SequenceNumbers where a number could not be read. The hub counts
// from 0.
const NoSequence int64 = -1

// Metadata is what the host says about a batch. All of it is optional: older hosts leave fields
// out, and a function started by hand has hardly any. A list is either empty or has one element
// per message.
type Metadata struct {
	Namespace     string // fully qualified, like name.servicebus.windows.net
	EventHubName  string
	ConsumerGroup string
	PartitionID   string

	SequenceNumbers []int64     // NoSequence where unreadable
	Offsets         []string    // as the broker wrote them; empty where unreadable
	EnqueuedTimes   []time.Time // UTC; zero where unreadable
	PartitionKeys   []string    // empty where the sender gave none

	Retrying      bool // the function has a retry policy, so the next two mean something
	RetryCount    int  // 0 at the first attempt
	MaxRetryCount int  // -1: for ever

	InvokedAt time.Time // when the host made the call, UTC
}

// SequenceNumber returns the sequence number of message i, and whether it is known.
func (m Metadata) SequenceNumber(i int) (int64, bool) {
	if i < 0 || i >= len(m.SequenceNumbers) || m.SequenceNumbers[i] == NoSequence {
		return 0, false
	}
	return m.SequenceNumbers[i], true
}

// EnqueuedTime returns when the hub took message i, or the zero time if that is not known.
func (m Metadata) EnqueuedTime(i int) time.Time {
	if i < 0 || i >= len(m.EnqueuedTimes) {
		return time.Time{}
	}
	return m.EnqueuedTimes[i]
}

// DecodeMetadata reads the Metadata object of a call. What it cannot read it leaves out: metadata
// never fails a batch.
func DecodeMetadata(raw []byte) Metadata {
	fields := object(raw)
	partition := object(fields["TriggerPartitionContext"])
	if len(partition) == 0 {
		partition = object(fields["PartitionContext"])
	}
	m := Metadata{
		Namespace:     text(partition["FullyQualifiedNamespace"]),
		EventHubName:  text(partition["EventHubName"]),
		ConsumerGroup: text(partition["ConsumerGroup"]),
		PartitionID:   text(partition["PartitionId"]),
		InvokedAt:     moment(object(fields["sys"])["UtcNow"]),
	}
	// Without an array of its own a fact may still stand in the system properties, or, for a single
	// event, under its name in the singular.
	system := array(fields["SystemPropertiesArray"])
	find := func(name, property, single string) []json.RawMessage {
		if list := array(fields[name]); list != nil {
			return list
		}
		if len(system) > 0 {
			list := make([]json.RawMessage, len(system))
			for i, properties := range system {
				list[i] = object(properties)[property]
			}
			return list
		}
		if value, ok := fields[single]; ok {
			return []json.RawMessage{value}
		}
		return nil
	}
	m.SequenceNumbers = each(find("SequenceNumberArray", "SequenceNumber", "SequenceNumber"), sequence)
	m.EnqueuedTimes = each(find("EnqueuedTimeUtcArray", "EnqueuedTimeUtc", "EnqueuedTimeUtc"), moment)
	m.PartitionKeys = each(find("PartitionKeyArray", "PartitionKey", "PartitionKey"), text)
	// OffsetArray says "-1" where the broker's offset is no number, so it comes last.
	if list := array(fields["OffsetStringArray"]); list != nil {
		m.Offsets = each(list, text)
	} else {
		m.Offsets = each(find("OffsetArray", "OffsetString", "OffsetString"), text)
	}
	if retry := object(fields["RetryContext"]); len(retry) > 0 {
		m.Retrying = true
		m.RetryCount = count(retry["RetryCount"])
		m.MaxRetryCount = count(retry["MaxRetryCount"])
	}
	return m
}

// peel takes the JSON text out of a JSON string, which is how the host writes arrays, numbers and
// strings into metadata. Values that are not strings stay as they are.
func peel(raw []byte) []byte {
	if inner, ok := unquote(raw); ok {
		return []byte(inner)
	}
	return raw
}

// object reads a JSON object; anything else is an empty one.
func object(raw []byte) map[string]json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(peel(raw), &fields) != nil {
		return nil
	}
	return fields
}

// array reads a JSON array; anything else is nil.
func array(raw []byte) []json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(peel(raw), &list) != nil {
		return nil
	}
	return list
}

// text reads a string, however often it is quoted, or a number as it is written.
func text(raw json.RawMessage) string {
	if isNull(raw) {
		return ""
	}
	value := peel(peel(raw))
	if isNull(value) || startsWith(value, '{') || startsWith(value, '[') {
		return ""
	}
	return string(value)
}

func sequence(raw json.RawMessage) int64 {
	n, err := strconv.ParseInt(text(raw), 10, 64)
	if err != nil || n < 0 {
		return NoSequence
	}
	return n
}

func count(raw json.RawMessage) int {
	n, err := strconv.ParseInt(text(raw), 10, 32)
	if err != nil {
		return 0
	}
	return int(n)
}

// moment reads a time. The host often leaves out the zone, which then is UTC. .NET's smallest time
// stands for "never" and is the zero time.
func moment(raw json.RawMessage) time.Time {
	value := strings.TrimSpace(text(raw))
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, value); err == nil { // a fraction is read without being in the layout
			if t.Year() <= 1 {
				return time.Time{}
			}
			return t.UTC()
		}
	}
	return time.Time{}
}

func each[T any](list []json.RawMessage, read func(json.RawMessage) T) []T {
	if list == nil {
		return nil
	}
	values := make([]T, len(list))
	for i, raw := range list {
		values[i] = read(raw)
	}
	return values
}
