package azfunc_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/azfunc"
)

func at(t testing.TB, s string) time.Time {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.UTC()
}

func TestMetadataOfGoldenBodies(t *testing.T) {
	for _, test := range []struct {
		file, binding string
		want          azfunc.Metadata
	}{
		{"many-string.json", "events", azfunc.Metadata{
			Namespace: "ns1.servicebus.windows.net", EventHubName: "entra-logs", ConsumerGroup: "bg", PartitionID: "0",
			SequenceNumbers: []int64{101, 102},
			Offsets:         []string{"4294967296", "4294968512"},
			EnqueuedTimes:   []time.Time{at(t, "2026-05-01T12:00:05.123Z"), at(t, "2026-05-01T12:00:05.139Z")},
			PartitionKeys:   []string{"", ""},
			InvokedAt:       at(t, "2026-05-01T12:00:05.4012345Z"),
		}},
		{"one-string.json", "event", azfunc.Metadata{
			SequenceNumbers: []int64{102},
			Offsets:         []string{"4294968512"},
			EnqueuedTimes:   []time.Time{at(t, "2026-05-01T12:00:05Z")},
			InvokedAt:       at(t, "2026-05-01T12:00:05.4012345Z"),
		}},
		{"many-binary.json", "events", azfunc.Metadata{}},
	} {
		t.Run(test.file, func(t *testing.T) {
			got, err := azfunc.DecodeBatch(strings.NewReader(golden(t, test.file)), test.binding)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got.Meta); diff != "" {
				t.Errorf("metadata (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMetadataIsReadLeniently(t *testing.T) {
	for _, test := range []struct {
		name, raw string
		want      azfunc.Metadata
	}{
		{"nothing", ``, azfunc.Metadata{}},
		{"null", `null`, azfunc.Metadata{}},
		{"no object", `[1,2]`, azfunc.Metadata{}},
		{"wrong types", `{"PartitionContext":7,"SequenceNumberArray":{"a":1},"EnqueuedTimeUtcArray":true,"sys":"x","RetryContext":[]}`, azfunc.Metadata{}},
		{
			"older extension: only PartitionContext and numeric offsets", `{"PartitionContext":{"PartitionId":"3"},"OffsetArray":"[\"17\"]"}`,
			azfunc.Metadata{PartitionID: "3", Offsets: []string{"17"}},
		},
		{"true offset before the numeric one", `{"OffsetArray":"[\"-1\"]","OffsetStringArray":"[\"1:2:3\"]"}`, azfunc.Metadata{Offsets: []string{"1:2:3"}}},
		{
			"only system properties", `{"SystemPropertiesArray":"[{\"SequenceNumber\":7,\"OffsetString\":\"9\",\"PartitionKey\":\"k\",\"EnqueuedTimeUtc\":\"2026-05-01T12:00:05\"}]"}`,
			azfunc.Metadata{SequenceNumbers: []int64{7}, Offsets: []string{"9"}, PartitionKeys: []string{"k"}, EnqueuedTimes: []time.Time{at(t, "2026-05-01T12:00:05Z")}},
		},
		{
			"unreadable among readable", `{"SequenceNumberArray":"[\"x\",5,null,-3,9223372036854775808]","EnqueuedTimeUtcArray":["soon","2026-05-01T12:00:05.1"]}`,
			azfunc.Metadata{SequenceNumbers: []int64{-1, 5, -1, -1, -1}, EnqueuedTimes: []time.Time{{}, at(t, "2026-05-01T12:00:05.1Z")}},
		},
		{
			"times: no fraction, seven digits, zone, smallest", `{"EnqueuedTimeUtcArray":"[\"2026-05-01T12:00:05\",\"2026-05-01T12:00:05.1234567\",\"2026-05-01T14:00:05+02:00\",\"0001-01-01T00:00:00\",\"0001-01-01T00:00:00+00:00\",\"0001-01-01T00:00:00-05:00\"]"}`,
			azfunc.Metadata{EnqueuedTimes: []time.Time{at(t, "2026-05-01T12:00:05Z"), at(t, "2026-05-01T12:00:05.1234567Z"), at(t, "2026-05-01T12:00:05Z"), {}, {}, {}}},
		},
		{
			"retry, numbers plain", `{"RetryContext":{"RetryCount":1,"MaxRetryCount":-1,"Exception":{"ClassName":"x"},"Instance":null,"State":{}}}`,
			azfunc.Metadata{Retrying: true, RetryCount: 1, MaxRetryCount: -1},
		},
		{
			"retry, numbers as text", `{"RetryContext":"{\"RetryCount\":\"2\",\"MaxRetryCount\":\"5\"}"}`,
			azfunc.Metadata{Retrying: true, RetryCount: 2, MaxRetryCount: 5},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, azfunc.DecodeMetadata([]byte(test.raw))); diff != "" {
				t.Errorf("metadata (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFactsOfOneMessage(t *testing.T) {
	meta := azfunc.DecodeMetadata([]byte(`{"SequenceNumberArray":"[0,\"x\"]","EnqueuedTimeUtcArray":"[\"2026-05-01T12:00:05\"]"}`))
	if n, known := meta.SequenceNumber(0); n != 0 || !known {
		t.Errorf("message 0 has sequence number %d, known %v", n, known)
	}
	for _, i := range []int{-1, 1, 2} {
		if n, known := meta.SequenceNumber(i); known {
			t.Errorf("message %d has sequence number %d", i, n)
		}
	}
	if got := meta.EnqueuedTime(0); !got.Equal(at(t, "2026-05-01T12:00:05Z")) {
		t.Errorf("message 0 was enqueued at %s", got)
	}
	if got := meta.EnqueuedTime(1); !got.IsZero() {
		t.Errorf("message 1 was enqueued at %s", got)
	}
}

func TestTimer(t *testing.T) {
	status := func(last, rest string) string {
		return `{"Data":{"timer":{"ScheduleStatus":{"Last":"` + last + `","Next":"2026-05-01T06:00:00+00:00"}` + rest + `}}}`
	}
	next := at(t, "2026-05-01T06:00:00Z")
	for _, test := range []struct {
		name, body string
		want       azfunc.Timer
	}{
		{"golden", golden(t, "timer.json"), azfunc.Timer{Last: at(t, "2026-04-30T06:00:00.0012345Z"), Next: next}},
		{"very first run", status("0001-01-01T00:00:00+00:00", ""), azfunc.Timer{Next: next}},
		{"very first run, older extension", status("0001-01-01T00:00:00", ""), azfunc.Timer{Next: next}},
		{"past due", status("2026-04-30T06:00:00", `,"IsPastDue":true`), azfunc.Timer{Last: at(t, "2026-04-30T06:00:00Z"), Next: next, PastDue: true}},
		{"no status", `{"Data":{"timer":{"ScheduleStatus":null,"IsPastDue":false}}}`, azfunc.Timer{}},
		{"in a string", `{"Data":{"timer":"{\"IsPastDue\":true}"}}`, azfunc.Timer{PastDue: true}},
		{"nothing", ``, azfunc.Timer{}},
		{"no JSON", `now`, azfunc.Timer{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := azfunc.DecodeTimer(strings.NewReader(test.body), "timer")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("timer (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzDecodeMetadata(f *testing.F) {
	f.Add(`{"SequenceNumberArray":"[101,102]","EnqueuedTimeUtcArray":"[\"2026-05-01T12:00:05.123\",\"0001-01-01T00:00:00\"]","RetryContext":{"RetryCount":1,"MaxRetryCount":-1}}`)
	f.Add(`{"SystemPropertiesArray":"[{\"SequenceNumber\":1},null,7]","TriggerPartitionContext":{"PartitionId":"0"}}`)
	f.Fuzz(func(t *testing.T, raw string) {
		meta := azfunc.DecodeMetadata([]byte(raw))
		for i, n := range meta.SequenceNumbers {
			if _, known := meta.SequenceNumber(i); known != (n >= 0) {
				t.Errorf("sequence number %d of message %d is known: %v", n, i, known)
			}
		}
		for i, enqueued := range meta.EnqueuedTimes {
			if enqueued.Location() != time.UTC || enqueued.Year() == 1 && !enqueued.IsZero() {
				t.Errorf("message %d was enqueued at %s", i, enqueued)
			}
		}
	})
}
