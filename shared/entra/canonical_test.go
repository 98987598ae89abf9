package entra_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"glasswatch/shared/entra"
)

func TestCanonical(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"keys sorted, white space gone":        {` { "b" : [ 1 , {"z":1,"y":2} ] , "a" : null } `, `{"a":null,"b":[1,{"y":2,"z":1}]}`},
		"numbers as written":                   {`{"a":638949921850717730,"b":1.0,"c":1e2,"d":-0}`, `{"a":638949921850717730,"b":1.0,"c":1e2,"d":-0}`},
		"last of duplicate keys":               {`{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`},
		"duplicate keys, one escaped":          {`{"a":1,"\u0061":3}`, `{"a":3}`},
		"keys that differ in case stay":        {`{"c_Sid":1,"C_Sid":2}`, `{"C_Sid":2,"c_Sid":1}`},
		"escapes make no difference":           {`{"a":"\u0041\/\u00e9\n\""}`, `{"a":"A/é\u000a\""}`},
		"pipeline fields left out":             {`{"__UDI_RequiredFields_EventTime":1,"processingTimeInMilliseconds":5,"time":"x","_TimeReceived":"y","id":"r"}`, `{"id":"r"}`},
		"pipeline fields kept further down":    {`{"a":{"time":"x","__UDI_x":1}}`, `{"a":{"__UDI_x":1,"time":"x"}}`},
		"last of duplicates that are left out": {`{"time":1,"time":2}`, `{}`},
		"empty":                                {`{}`, `{}`},
		"a list":                               {`[ ]`, `[]`},
		"text":                                 {`"a\u0000b"`, `"a\u0000b"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := entra.Canonical([]byte(test.in))
			if err != nil || string(got) != test.want {
				t.Errorf("got %s, %v, want %s", got, err, test.want)
			}
		})
	}
	for _, bad := range []string{``, `{`, `{"a":1}}`, `nul`, strings.Repeat("[", 501) + strings.Repeat("]", 501)} {
		if got, err := entra.Canonical([]byte(bad)); err == nil {
			t.Errorf("%.20q gave %s and no error", bad, got)
		}
	}
}

// FuzzCanonical: canonical form is JSON, stays as it is, and exists exactly for what encoding/json
// reads (nesting aside).
func FuzzCanonical(f *testing.F) {
	f.Add([]byte(`{"b":[1,{"z":"\ud83d\ude00"}],"a":null,"a":-1.5e+3,"time":0}`))
	f.Add([]byte(`"\ud800"`))
	f.Fuzz(func(t *testing.T, in []byte) {
		first, err := entra.Canonical(in)
		if valid := json.Valid(in); valid != (err == nil) && bytes.Count(in, []byte("["))+bytes.Count(in, []byte("{")) <= 500 {
			t.Fatalf("valid %v, error %v", valid, err)
		}
		if err != nil {
			return
		}
		second, err := entra.Canonical(first)
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%q became %q, %v", first, second, err)
		}
	})
}
