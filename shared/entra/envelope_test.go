package entra_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"glasswatch/shared/entra"
)

func signIn(id string) string {
	return `{"time":"2026-05-01T12:00:00Z","category":"SignInLogs","properties":{"id":"` + id + `","userId":"` + alice + `"}}`
}

const alice = "11111111-2222-4333-8444-555555555555"

func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func byteArray(text string) string {
	numbers := make([]string, len(text))
	for i := range len(text) {
		numbers[i] = fmt.Sprint(text[i])
	}
	return "[" + strings.Join(numbers, ",") + "]"
}

// TestEnvelope gives each form in which records come: which ids are read, and which shapes of
// damage are told.
func TestEnvelope(t *testing.T) {
	a, b, c := signIn("a"), signIn("b"), signIn("c")
	tests := map[string]struct {
		message string
		ids     string
		shapes  string
	}{
		"envelope":                        {`{"records":[` + a + `,` + b + `]}`, "a b", ""},
		"envelope with blanks":            {" { \"Records\" :\n[ " + a + " ,\r\n" + b + " ] } ", "a b", ""},
		"envelope of one object":          {`{"records":` + a + `}`, "a", ""},
		"envelope of text":                {`{"records":` + quoted(`[`+a+`]`) + `}`, "a", ""},
		"records twice":                   {`{"records":[` + a + `],"records":[` + b + `]}`, "a b", ""},
		"empty records":                   {`{"records":[]}`, "", ""},
		"null records":                    {`{"records":null}`, "", ""},
		"null":                            {`null`, "", ""},
		"empty message":                   {``, "", ""},
		"empty array":                     {`[]`, "", ""},
		"bare record":                     {a, "a", ""},
		"array of records":                {`[` + a + `,` + b + `]`, "a b", ""},
		"array of envelopes":              {`[{"records":[` + a + `]},{"records":[` + b + `]}]`, "a b", ""},
		"array of text":                   {`[` + quoted(a) + `,` + quoted(b) + `]`, "a b", ""},
		"lines":                           {a + "\n" + b + "\n", "a b", ""},
		"lines that end in CRLF":          {a + "\r\n" + b + "\r\n", "a b", ""},
		"lines of envelopes":              {`{"records":[` + a + `]}` + "\n" + `{"records":[` + b + `]}`, "a b", ""},
		"text":                            {quoted(`{"records":[` + a + `]}`), "a", ""},
		"text in text":                    {quoted(quoted(`{"records":[` + a + `]}`)), "a", ""},
		"text in text in text":            {quoted(quoted(quoted(a))), "", "nested-text"},
		"bytes":                           {byteArray(`{"records":[` + a + `]}`), "a", ""},
		"bytes after damage":              {`{"records":[x,` + a + `,` + byteArray(b) + `]}`, "a", "syntax bytes"},
		"byte order mark":                 {"\uFEFF" + `{"records":[` + a + `]}`, "a", ""},
		"trailing comma in the list":      {`{"records":[` + a + `,]}`, "a", ""},
		"trailing comma after it":         {`{"records":[` + a + `]},`, "a", ""},
		"trailing NUL":                    {`{"records":[` + a + `]}` + "\x00", "a", ""},
		"truncated in the last record":    {`{"records":[` + a + `,` + b[:40], "a", "truncated"},
		"truncated after a record":        {`{"records":[` + a + `,` + b, "a b", "truncated"},
		"truncated after a comma":         {`[` + a + `,`, "a", "truncated"},
		"truncated lines":                 {a + "\n" + b[:40], "a", "truncated"},
		"truncated second envelope":       {`[{"records":[` + a + `]},{"records":[` + b + `,` + c[:30], "a b", "truncated"},
		"one record broken":               {`{"records":[` + a + `,{"category":'x',"properties":{}},` + c + `]}`, "a c", "syntax"},
		"one record with an open string":  {`{"records":[` + a + `,{"category":"Sign,"properties":{}},` + c + `]}`, "a c", "syntax"},
		"one record with a raw newline":   {`{"records":[` + a + ",{\"category\":\"Sign\nInLogs\"}," + c + `]}`, "a c", "control-character"},
		"one record without its end":      {`{"records":[` + a + `,{"category":"x","properties":{"p":[1,2},` + c + `]}`, "a c", "syntax"},
		"one broken line":                 {a + "\n{\"category\":\n" + c, "a c", "truncated"},
		"bracket too many":                {`{"records":[` + a + `]]}`, "a", "syntax"},
		"a number as record":              {`{"records":[` + a + `,5,` + c + `]}`, "a c", "not-a-record"},
		"a word as record":                {`{"records":[` + a + `,"five",` + c + `]}`, "a c", "syntax"},
		"null as record":                  {`{"records":[` + a + `,null,` + c + `]}`, "a c", ""},
		"something beside the records":    {`{"records":[` + a + `],"more":{"x":1}}`, "a", "envelope"},
		"not JSON":                        {`hello`, "", "syntax"},
		"single quotes throughout":        {`{'category':'SignInLogs'}`, "", "syntax"},
		"nested without end":              {strings.Repeat("[", 200_000), "", "nesting"},
		"nested properly but absurdly":    {strings.Repeat("[", 600) + strings.Repeat("]", 600), "", "nesting"},
		"objects nested without end":      {strings.Repeat(`{"records":[`, 100_000), "", "nesting"},
		"a record nested in many arrays":  {`[[[[[[` + a + `]]]]]]`, "", "nesting"},
		"absurd nesting beside a record":  {`{"records":[` + a + `,{"x":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `},` + c + `]}`, "a c", "nesting"},
		"a record with a list of records": {`{"category":"SignInLogs","records":[1],"properties":{"id":"a"}}`, "a", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			records, damaged := entra.Parse([]byte(test.message))
			var ids, shapes []string
			for _, r := range records {
				ids = append(ids, r.ID)
			}
			for _, d := range damaged {
				shapes = append(shapes, d.Shape)
				if d.Reason == "" {
					t.Error("damage without a reason")
				}
			}
			if got := strings.Join(ids, " "); got != test.ids {
				t.Errorf("records %q, want %q", got, test.ids)
			}
			if got := strings.Join(shapes, " "); got != test.shapes {
				t.Errorf("damage %q, want %q", got, test.shapes)
			}
		})
	}
}

func TestFiveHundredRecordsWithOneBroken(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"records":[`)
	for i := range 500 {
		if i > 0 {
			b.WriteByte(',')
		}
		if i == 250 {
			b.WriteString(`{"category":"SignInLogs","properties":{"id":"broken","x":}}`)
			continue
		}
		b.WriteString(signIn(fmt.Sprint("r", i)))
	}
	b.WriteString(`]}`)
	records, damaged := entra.Parse([]byte(b.String()))
	if len(records) != 499 || len(damaged) != 1 || !bytes.Contains(damaged[0].Raw, []byte("broken")) {
		t.Errorf("%d records, damage %+v", len(records), damaged)
	}
}

// TestRecordsOwnTheirBytes: what is kept must not change, nor be kept alive, with the batch.
func TestRecordsOwnTheirBytes(t *testing.T) {
	message := []byte(`{"records":[` + signIn("a") + `,{"category":5,"x":tru}]}`)
	records, damaged := entra.Parse(message)
	clear(message)
	if string(records[0].Raw) != signIn("a") || !json.Valid(records[0].Properties) || records[0].Category != "SignInLogs" {
		t.Errorf("record changed with its message: %q", records[0].Raw)
	}
	if string(damaged[0].Raw) != `{"category":5,"x":tru}]}` {
		t.Errorf("damage changed with its message: %q", damaged[0].Raw)
	}
}

// TestHostileTextTakesLinearTime would run for hours if reading on after damage cost the square.
func TestHostileTextTakesLinearTime(t *testing.T) {
	for name, unit := range map[string]string{
		"open arrays":    "[",
		"open objects":   `{"a":`,
		"open records":   `,{"category":[`,
		"open envelopes": `{"records":[`,
		"small objects":  `,{},`,
		"broken records": `{"category":x},`,
		"quotes":         `"`,
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			message := []byte("!" + strings.Repeat(unit, 2<<20/len(unit)))
			records, damaged := entra.Parse(message)
			t.Logf("%d records, %d pieces of damage, %v", len(records), len(damaged), time.Since(start))
			if len(damaged) == 0 {
				t.Error("no damage told")
			}
		})
	}
}

// FuzzParse holds Parse to its promises on any bytes: no panic, valid JSON in every record, bytes in
// every damage, and that a record kept as its bytes is read the same again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"records":[` + signIn("a") + `,` + signIn("b") + `]}`))
	f.Add([]byte(quoted(signIn("a")) + "\x00\n[" + byteArray(signIn("b")) + `,{"records":[{"x":1}`))
	f.Add([]byte(`{"records":[{"category":'x'},` + signIn("c") + `],"y":"z"}`))
	f.Fuzz(func(t *testing.T, message []byte) {
		records, damaged := entra.Parse(message)
		for _, r := range records {
			if !json.Valid(r.Raw) || !json.Valid(r.Properties) {
				t.Errorf("record of invalid JSON: %q", r.Raw)
			}
			again, _ := entra.Parse(r.Raw)
			if len(again) != 1 || describe(again, nil) != describe([]entra.Record{r}, nil) {
				t.Errorf("read again, %q is %q", r.Raw, describe(again, nil))
			}
			if _, err := entra.Canonical(r.Properties); err != nil {
				t.Error(err)
			}
		}
		for _, d := range damaged {
			if len(d.Raw) == 0 || d.Shape == "" {
				t.Errorf("empty damage %+v", d)
			}
		}
	})
}
