package config

import (
	"fmt"
	"io"
	"log/slog"
)

// concealed is all that a Secret ever prints.
const concealed = "[secret]"

// Secret is a text that must not be printed: fmt, log/slog and encoding/json show nothing of it,
// not even whether it is empty. The zero value is the empty secret.
type Secret struct {
	// A pointer, so that printing a struct that holds a Secret in an unexported field, where fmt
	// does not call Format, shows an address.
	text *string
}

// NewSecret makes a secret of text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal returns the text, for the one place that sends or computes with it.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Empty says whether there is no secret.
func (s Secret) Empty() bool { return s.Reveal() == "" }

// Equal says whether both hold the same text. It takes longer the more they have in common, so it
// is no way to check what a stranger presents.
func (s Secret) Equal(other Secret) bool { return s.Reveal() == other.Reveal() }

// String returns a fixed text.
func (s Secret) String() string { return concealed }

// GoString returns a fixed text.
func (s Secret) GoString() string { return concealed }

// Format writes a fixed text whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, concealed) }

// LogValue returns a fixed text.
func (s Secret) LogValue() slog.Value { return slog.StringValue(concealed) }

// MarshalJSON returns a fixed text as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + concealed + `"`), nil }

// MarshalText returns a fixed text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(concealed), nil }
