package azfunc_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/azfunc"
)

const (
	signIn = `{"records":[{"time":"2026-05-01T12:00:00.1234567Z","category":"SignInLogs","properties":{"userPrincipalName":"bg1@contoso.com"}}]}`
	audit  = `{"records":[{"time":"2026-05-01T12:00:01Z","category":"AuditLogs"}]}`
)

func golden(t testing.TB, name string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// quote writes s as a JSON string, as often as the host would.
func quote(t testing.TB, s string, times int) string {
	t.Helper()
	for range times {
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		s = string(b)
	}
	return s
}

func bodies(b azfunc.Batch) []string {
	list := make([]string, len(b.Messages))
	for i, m := range b.Messages {
		list[i] = string(m.Body)
	}
	return list
}

func TestBatchIsReadFromEveryFormOfBody(t *testing.T) {
	array := `["` + strings.ReplaceAll(signIn, `"`, `\"`) + `",` + audit + `]`
	for _, test := range []struct {
		name, body, binding, dataType string
		want                          []string
	}{
		{"golden: many, string", golden(t, "many-string.json"), "events", "string", []string{signIn, audit}},
		{"golden: many, untyped", golden(t, "many-untyped.json"), "events", "", []string{signIn, audit}},
		{"golden: many, binary", golden(t, "many-binary.json"), "events", "binary", []string{signIn, audit}},
		{"golden: one, string", golden(t, "one-string.json"), "event", "string", []string{audit}},
		{"bare array of string and object", `{"Data":{"events":` + array + `}}`, "events", "", []string{signIn, audit}},
		{"string holding an array", `{"Data":{"events":` + quote(t, array, 1) + `}}`, "events", "", []string{signIn, audit}},
		{"array encoded once too often", `{"Data":{"events":` + quote(t, array, 2) + `}}`, "events", "", []string{signIn, audit}},
		{"bare object", `{"Data":{"events":` + audit + `}}`, "events", "", []string{audit}},
		{"string holding an object", `{"Data":{"events":` + quote(t, audit, 1) + `}}`, "events", "", []string{audit}},
		{"never unwrapped a third time", `{"Data":{"events":` + quote(t, audit, 3) + `}}`, "events", "", []string{quote(t, audit, 1)}},
		{"one, binary", `{"Data":{"events":"` + base64.StdEncoding.EncodeToString([]byte(audit)) + `"}}`, "events", "binary", []string{audit}},
		{"text that is valid base64 stays text", `{"Data":{"events":"[\"YWJjZA==\"]"}}`, "events", "string", []string{"YWJjZA=="}},
		{"plain text", `{"Data":{"events":"[\"not json\",\"\"]"}}`, "events", "", []string{"not json", ""}},
		{"empty array", `{"Data":{"events":[]},"Metadata":{}}`, "events", "", []string{}},
		{"empty array in a string", `{"Data":{"events":"[]"}}`, "events", "", []string{}},
		{"white space everywhere", " {\n\"Data\" : { \"events\" : \" [ \\\"a\\\" ] \" } } \r\n", "events", "", []string{"a"}},
		{"other values beside it", `{"Data":{"other":"x","events":"[\"a\"]"},"More":1}`, "events", "", []string{"a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			trigger := azfunc.Trigger{Name: test.binding, DataType: test.dataType}
			got, err := trigger.DecodeBatch(iotest.OneByteReader(strings.NewReader(test.body)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, bodies(got)); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
			for i, m := range got.Messages {
				if m.Undecoded {
					t.Errorf("message %d is marked as undecoded", i)
				}
			}
			if got.Unframed {
				t.Error("the batch is marked as unframed")
			}
		})
	}
}

func TestElementThatCannotBeDecodedIsHandedOverMarked(t *testing.T) {
	for _, test := range []struct {
		name, elements, dataType string
		want                     []azfunc.Message
	}{
		{"number, null, array among good ones", `["a",7,null,[1],{"b":1}]`, "", []azfunc.Message{
			{Body: []byte("a")},
			{Body: []byte("7"), Undecoded: true},
			{Body: []byte("null"), Undecoded: true},
			{Body: []byte("[1]"), Undecoded: true},
			{Body: []byte(`{"b":1}`)},
		}},
		{"no base64 where base64 was declared", `["YQ==","not base64",{"b":1}]`, "binary", []azfunc.Message{
			{Body: []byte("a")},
			{Body: []byte("not base64"), Undecoded: true},
			{Body: []byte(`{"b":1}`), Undecoded: true},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := `{"Data":{"events":` + quote(t, test.elements, 1) + `}}`
			got, err := azfunc.Trigger{Name: "events", DataType: test.dataType}.DecodeBatch(strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got.Messages); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBodyOfAnotherFormIsKeptWhole(t *testing.T) {
	for name, body := range map[string]string{
		"no JSON":            "bg1@contoso.com signed in",
		"cut off":            golden(t, "many-string.json")[:300],
		"something after it": `{"Data":{"events":"[]"}} bg1@contoso.com`,
		"empty":              "",
		"no Data":            `{"Metadata":{}}`,
		"Data no object":     `{"Data":"bg1@contoso.com"}`,
		"other binding":      `{"Data":{"others":"[\"bg1@contoso.com\"]"}}`,
		"null":               `{"Data":{"events":null}}`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := azfunc.DecodeBatch(strings.NewReader(body), "events")
			if err != nil {
				t.Fatal(err)
			}
			want := []azfunc.Message{{Body: []byte(body), Undecoded: true}}
			if diff := cmp.Diff(want, got.Messages); diff != "" || !got.Unframed {
				t.Errorf("unframed is %v, messages (-want +got):\n%s", got.Unframed, diff)
			}
		})
	}
	t.Run("an array that is none", func(t *testing.T) {
		got, err := azfunc.DecodeBatch(strings.NewReader(`{"Data":{"events":"[\"bg1@contoso.com"}}`), "events")
		if err != nil {
			t.Fatal(err)
		}
		want := []azfunc.Message{{Body: []byte(`["bg1@contoso.com`), Undecoded: true}}
		if diff := cmp.Diff(want, got.Messages); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
	})
}

func TestBrokenTransferIsAnErrorSoThatTheHostSendsAgain(t *testing.T) {
	whole := golden(t, "many-string.json")
	broken := io.MultiReader(strings.NewReader(whole[:400]), iotest.ErrReader(io.ErrUnexpectedEOF))
	_, err := azfunc.DecodeBatch(broken, "events")
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error is %v", err)
	}
}

func TestLargeBatchIsRead(t *testing.T) {
	event := `{"records":["` + strings.Repeat(`a\"`, 1<<20/3) + `"]}`
	events := make([]string, 16) // 16 events of 1 MiB: some 50 MB on the wire
	for i := range events {
		events[i] = event
	}
	array, err := json.Marshal(events)
	if err != nil {
		t.Fatal(err)
	}
	got, err := azfunc.DecodeBatch(strings.NewReader(`{"Data":{"events":`+quote(t, string(array), 1)+`}}`), "events")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Messages) != 16 || string(got.Messages[15].Body) != event {
		t.Errorf("%d messages, or the last is another", len(got.Messages))
	}
}

func FuzzDecodeBatch(f *testing.F) {
	for _, name := range []string{"many-string.json", "many-untyped.json", "many-binary.json", "one-string.json", "timer.json"} {
		f.Add(golden(f, name), false)
		f.Add(golden(f, name), true)
	}
	f.Add(`{"Data":{"events":"\"\\\"[]\\\"\""}}`, false)
	f.Fuzz(func(t *testing.T, body string, binary bool) {
		trigger := azfunc.Trigger{Name: "events"}
		if binary {
			trigger.DataType = "binary"
		}
		got, err := trigger.DecodeBatch(strings.NewReader(body))
		if err != nil {
			t.Fatalf("a body that was read whole gave %v", err)
		}
		if got.Unframed && (len(got.Messages) != 1 || string(got.Messages[0].Body) != body) {
			t.Errorf("an unframed body was not kept whole: %q", bodies(got))
		}
		if json.Valid([]byte(body)) {
			return
		}
		if !got.Unframed {
			t.Error("what is not JSON passed for a batch")
		}
	})
}

// FuzzMessagesSurvive wraps any two texts as the host does and expects them back.
func FuzzMessagesSurvive(f *testing.F) {
	f.Add(signIn, audit)
	f.Add("", "\u2028</script>\x00")
	f.Add(`"`, `[{"a":1}]`)
	f.Fuzz(func(t *testing.T, first, second string) {
		first, second = strings.ToValidUTF8(first, "?"), strings.ToValidUTF8(second, "?")
		array, err := json.Marshal([]string{first, second})
		if err != nil {
			t.Fatal(err)
		}
		got, err := azfunc.DecodeBatch(strings.NewReader(`{"Data":{"events":`+quote(t, string(array), 1)+`}}`), "events")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{first, second}, bodies(got)); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
	})
}
