package config

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
)

// ExampleFile returns the text of local.settings.json.example, which holds every setting of the
// app: copied to local.settings.json it runs against local emulators, once the accounts are filled
// in.
func ExampleFile() []byte {
	var b bytes.Buffer
	b.WriteString("{\n  \"IsEncrypted\": false,\n  \"Values\": {\n")
	all := slices.Concat(HostSettings, Settings)
	for i, s := range all {
		b.WriteString("    " + quoted(s.Name) + ": " + quoted(cmp.Or(s.Example, s.Default)))
		if i < len(all)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("  }\n}\n")
	return b.Bytes()
}

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil { // a string always marshals
		return `""`
	}
	return string(text)
}
