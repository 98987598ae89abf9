package funchost

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
	"github.com/google/go-cmp/cmp"
)

const (
	signIn = `{"records":[{"time":"2026-05-01T12:00:00.1234567Z","category":"SignInLogs","properties":{"userPrincipalName":"bg1@contoso.com"}}]}`
	audit  = `{"records":[{"time":"2026-05-01T12:00:01Z","category":"AuditLogs"}]}`
	guid   = "4e773554-f6b7-4ea2-b07d-4c5fd5aba741"
)

func at(text string) time.Time {
	parsed, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return parsed
}

func event(body, offset string, sequence int64, enqueued string) *azeventhubs.ReceivedEventData {
	when := at(enqueued)
	return &azeventhubs.ReceivedEventData{
		EventData: azeventhubs.EventData{Body: []byte(body)}, Offset: offset, SequenceNumber: sequence, EnqueuedTime: &when,
	}
}

func exampleBatch(dataType string, retry *retryPolicy) batch {
	return batch{
		function: &function{name: "EntraLogs", binding: "events", retry: retry, eventHub: &eventHubTrigger{
			namespace: "ns1.servicebus.windows.net", hub: "entra-logs", consumerGroup: "bg", dataType: dataType,
		}},
		partition: "0",
		events: []*azeventhubs.ReceivedEventData{
			event(signIn, "4294967296", 101, "2026-05-01T12:00:05.123Z"),
			event(audit, "4294968512", 102, "2026-05-01T12:00:05.139Z"),
		},
	}
}

// golden files are the examples of the reference, compacted; no code of ours wrote them.
func golden(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", "golden", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestBatchIsEncodedByteForByte(t *testing.T) {
	try := attempt{now: at("2026-05-01T12:00:05.4012345Z"), random: guid}
	for _, test := range []struct {
		dataType, golden string
		whole            bool // else the golden file has the Data section alone
	}{
		{"string", "string.json", true},
		{"binary", "binary.json", false},
		{"", "unset.json", false},
	} {
		t.Run(test.golden, func(t *testing.T) {
			got, err := exampleBatch(test.dataType, nil).encode(try)
			if err != nil {
				t.Fatal(err)
			}
			want := golden(t, test.golden)
			if !test.whole {
				beginning := strings.TrimSuffix(want, "}") + `,"Metadata":`
				if !strings.HasPrefix(string(got), beginning) {
					t.Errorf("body begins\n%.600s\nwant\n%s", got, beginning)
				}
				return
			}
			if diff := cmp.Diff(want, string(got)); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRetryContextAppearsWithAPolicyOnly(t *testing.T) {
	policy := &retryPolicy{limit: -1, minimum: time.Second, maximum: time.Second}
	try := attempt{number: 1, last: os.ErrDeadlineExceeded, now: at("2026-05-01T12:00:05Z"), random: guid}
	body, err := exampleBatch("string", policy).encode(try)
	if err != nil {
		t.Fatal(err)
	}
	want := `,"RetryContext":{"RetryCount":1,"MaxRetryCount":-1,"Exception":{"ClassName":"System.Net.Http.HttpRequestException","Message":"i/o timeout"},"Instance":null,"State":{}}}}`
	if !strings.HasSuffix(string(body), want) {
		t.Errorf("body ends %s, want %s", body[len(body)-200:], want)
	}
	first, err := exampleBatch("string", policy).encode(attempt{now: try.now, random: guid})
	if err != nil || !strings.Contains(string(first), `"RetryCount":0,"MaxRetryCount":-1,"Exception":null`) {
		t.Errorf("the first try has no retry context: %v", err)
	}
}

func TestBatchWithoutDataTypeFailsOnTextThatIsNotJSON(t *testing.T) {
	for _, dataType := range []string{"", "string", "binary"} {
		b := exampleBatch(dataType, nil)
		b.events[1].Body = []byte("not json")
		_, err := b.encode(attempt{})
		if (err != nil) != (dataType == "") {
			t.Errorf("dataType %q: error %v", dataType, err)
		}
	}
}

func TestMetadataOfAnEventWithEverything(t *testing.T) {
	b := exampleBatch("string", nil)
	full := event("{}", "not a number", 7, "2026-05-01T12:00:05Z")
	full.PartitionKey = new("key")
	full.Properties = map[string]any{"b": int32(5), "a": "x\"y", "f": 1.0, "t": at("2026-05-01T12:00:05.5Z")}
	full.SystemProperties = map[string]any{"x-opt-more": true}
	b.events = []*azeventhubs.ReceivedEventData{full}
	body, err := b.encode(attempt{})
	if err != nil {
		t.Fatal(err)
	}
	var read struct{ Metadata map[string]any }
	if err := json.Unmarshal(body, &read); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"PartitionKeyArray":     `["key"]`,
		"OffsetArray":           `["-1"]`,
		"OffsetStringArray":     `["not a number"]`,
		"EnqueuedTimeUtcArray":  `["2026-05-01T12:00:05"]`,
		"PropertiesArray":       `[{"a":"x\"y","b":5,"f":1.0,"t":"2026-05-01T12:00:05.5Z"}]`,
		"SystemPropertiesArray": `[{"x-opt-more":true,"SequenceNumber":7,"Offset":-1,"OffsetString":"not a number","PartitionKey":"key","EnqueuedTimeUtc":"2026-05-01T12:00:05"}]`,
	} {
		if diff := cmp.Diff(any(want), read.Metadata[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTimerIsEncodedByteForByte(t *testing.T) {
	fn := &function{name: "PostureDaily", binding: "timer", timer: &timerTrigger{}}
	try := attempt{now: at("2026-05-01T06:00:00.0301234Z"), random: guid}
	ran := at("2026-04-30T06:00:00.0012345Z")
	got := timerBody(fn, &timerState{Last: ran, LastUpdated: ran, Next: at("2026-05-01T06:00:00Z")}, false, try)
	if diff := cmp.Diff(golden(t, "timer.json"), string(got)); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if first := string(timerBody(fn, &timerState{}, true, try)); !strings.Contains(first, `"Last":"0001-01-01T00:00:00+00:00"`) || !strings.Contains(first, `"IsPastDue":true`) {
		t.Errorf("first run: %s", first)
	}
	if unmonitored := string(timerBody(fn, nil, false, try)); !strings.Contains(unmonitored, `"ScheduleStatus":null`) {
		t.Errorf("without monitor: %s", unmonitored)
	}
}

// Json.NET leaves HTML's characters alone and escapes three line ends beyond ASCII; .NET's decoder
// makes one U+FFFD of each maximal wrong piece.
func TestTextIsWrittenAsDotNetWritesIt(t *testing.T) {
	for _, test := range []struct{ name, body, want string }{
		{"plain", "a<b>&'é", `"a<b>&'é"`},
		{"escapes", "\"\\/\b\f\n\r\t\x00\x1f\x7f", `"\"\\/\b\f\n\r\t\u0000\u001f` + "\x7f" + `"`},
		{"line ends", "\u0085\u2028\u2029", `"\u0085\u2028\u2029"`},
		{"a lone wrong byte each", "\xff\xfe", `"` + "\uFFFD\uFFFD" + `"`},
		{"a cut character is one piece", "a\xe2\x82b", `"a` + "\uFFFD" + `b"`},
		{"a surrogate is three pieces", "\xed\xa0\x80", `"` + "\uFFFD\uFFFD\uFFFD" + `"`},
		{"a cut character at the end", "\xf0\x9f\x98", `"` + "\uFFFD" + `"`},
		{"an overlong form", "\xc0\xaf", `"` + "\uFFFD\uFFFD" + `"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := string(text(decodeUTF8([]byte(test.body)))); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
