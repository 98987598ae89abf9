package funchost

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
)

const (
	zonelessTime = "2006-01-02T15:04:05.9999999" // .NET's DateTime in arrays: up to seven digits, no Z
	offsetTime   = "2006-01-02T15:04:05.9999999-07:00"
)

// attempt is what changes between the tries of one invocation.
type attempt struct {
	number int   // 0 for the first
	last   error // why the try before failed
	now    time.Time
	random string // RandGuid
}

// batch is one event hub invocation before encoding.
type batch struct {
	function  *function
	partition string
	events    []*azeventhubs.ReceivedEventData
}

// encode renders the request body of a batch (functions-host, sections 3.1, 4.2 and 4.3). It fails
// only without a dataType, when an event is not JSON: the real host then fails the whole batch
// before the handler hears of it.
func (b batch) encode(try attempt) ([]byte, error) {
	data, err := b.data()
	if err != nil {
		return nil, err
	}
	trigger := b.function.eventHub
	context := object(
		member{"IsCheckpointingAfterInvocation", rawJSON("true")},
		member{"FullyQualifiedNamespace", text(trigger.namespace)},
		member{"EventHubName", text(trigger.hub)},
		member{"ConsumerGroup", text(trigger.consumerGroup)},
		member{"PartitionId", text(b.partition)},
	)
	each := func(render func(e *azeventhubs.ReceivedEventData) rawJSON) rawJSON {
		return twice(list(len(b.events), func(i int) rawJSON { return render(b.events[i]) }))
	}
	metadata := append([]member{
		{"TriggerPartitionContext", context},
		{"PartitionContext", context},
		{"PartitionKeyArray", each(partitionKey)},
		{"OffsetArray", each(func(e *azeventhubs.ReceivedEventData) rawJSON { return text(string(number(numericOffset(e)))) })},
		{"OffsetStringArray", each(func(e *azeventhubs.ReceivedEventData) rawJSON { return text(e.Offset) })},
		{"SequenceNumberArray", each(func(e *azeventhubs.ReceivedEventData) rawJSON { return number(e.SequenceNumber) })},
		{"EnqueuedTimeUtcArray", each(enqueuedTime)},
		{"PropertiesArray", each(func(e *azeventhubs.ReceivedEventData) rawJSON { return object(properties(e.Properties)...) })},
		{"SystemPropertiesArray", each(systemProperties)},
	}, b.function.commonMetadata(try)...)
	return invocationBody(b.function.binding, twice(data), metadata), nil
}

func (b batch) data() (rawJSON, error) {
	if b.function.eventHub.dataType == "" {
		for _, event := range b.events {
			if !json.Valid(event.Body) {
				return nil, fmt.Errorf("bind event %d of the batch: it is not JSON and the binding has no dataType", event.SequenceNumber)
			}
		}
	}
	return list(len(b.events), func(i int) rawJSON {
		body := b.events[i].Body
		switch b.function.eventHub.dataType {
		case "string":
			return text(decodeUTF8(body))
		case "binary":
			return text(base64.StdEncoding.EncodeToString(body))
		default:
			var compact bytes.Buffer
			_ = json.Compact(&compact, body) // valid, as seen above
			return compact.Bytes()
		}
	}), nil
}

func partitionKey(e *azeventhubs.ReceivedEventData) rawJSON {
	if e.PartitionKey == nil {
		return null()
	}
	return text(*e.PartitionKey)
}

func numericOffset(e *azeventhubs.ReceivedEventData) int64 {
	offset, err := strconv.ParseInt(e.Offset, 10, 64)
	if err != nil {
		return -1
	}
	return offset
}

func enqueuedTime(e *azeventhubs.ReceivedEventData) rawJSON {
	var at time.Time
	if e.EnqueuedTime != nil {
		at = e.EnqueuedTime.UTC()
	}
	return text(at.Format(zonelessTime))
}

func properties(from map[string]any) []member {
	members := make([]member, 0, len(from)+5)
	for _, name := range slices.Sorted(maps.Keys(from)) {
		members = append(members, member{name, value(from[name])})
	}
	return members
}

func systemProperties(e *azeventhubs.ReceivedEventData) rawJSON {
	return object(append(properties(e.SystemProperties),
		member{"SequenceNumber", number(e.SequenceNumber)},
		member{"Offset", number(numericOffset(e))},
		member{"OffsetString", text(e.Offset)},
		member{"PartitionKey", partitionKey(e)},
		member{"EnqueuedTimeUtc", enqueuedTime(e)},
	)...)
}

// timerState is what the host's schedule monitor knows when a timer fires. The zero value is the
// first run ever.
type timerState struct {
	Last        time.Time `json:"last"`
	Next        time.Time `json:"next"`
	LastUpdated time.Time `json:"lastUpdated"`
}

// timerBody renders the request body of a timer (section 5); a nil state is a schedule that the
// monitor does not follow.
func timerBody(fn *function, state *timerState, pastDue bool, try attempt) []byte {
	status := null()
	if state != nil {
		status = object(
			member{"Last", text(state.Last.UTC().Format(offsetTime))},
			member{"Next", text(state.Next.UTC().Format(offsetTime))},
			member{"LastUpdated", text(state.LastUpdated.UTC().Format(offsetTime))},
		)
	}
	timer := object(
		member{"Schedule", object(member{"AdjustForDST", rawJSON("true")})},
		member{"ScheduleStatus", status},
		member{"IsPastDue", strconv.AppendBool(nil, pastDue)},
	)
	return invocationBody(fn.binding, timer, fn.commonMetadata(try))
}

func (fn *function) commonMetadata(try attempt) []member {
	metadata := []member{{"sys", object(
		member{"MethodName", text(fn.name)},
		member{"UtcNow", text(try.now.UTC().Format(zonelessTime) + "Z")},
		member{"RandGuid", text(try.random)},
	)}}
	if fn.retry == nil {
		return metadata
	}
	exception := null()
	if try.last != nil {
		exception = object(
			member{"ClassName", text("System.Net.Http.HttpRequestException")},
			member{"Message", text(try.last.Error())},
		)
	}
	return append(metadata, member{"RetryContext", object(
		member{"RetryCount", number(int64(try.number))},
		member{"MaxRetryCount", number(int64(fn.retry.limit))},
		member{"Exception", exception},
		member{"Instance", null()},
		member{"State", rawJSON("{}")},
	)})
}

func invocationBody(binding string, data rawJSON, metadata []member) []byte {
	return object(
		member{"Data", object(member{binding, data})},
		member{"Metadata", object(metadata...)},
	)
}
