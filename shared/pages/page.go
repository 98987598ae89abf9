// Package pages writes the web pages that people read.
package pages

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"glasswatch/shared/detect"
	"glasswatch/shared/outside"
)

//go:embed templates/*.html
var sources embed.FS

//go:embed style.css
var style string

// layout holds the templates that every page is built from: "top", "bottom", "style", "severity" and "facts".
var layout = template.Must(template.Must(template.New("style").Funcs(template.FuncMap{
	"line":     outside.Line,
	"sentence": sentence,
	"badge":    badgeOf,
}).Parse(style)).ParseFS(sources, "templates/layout.html"))

// parse builds one page on the layout.
func parse(file string) *template.Template {
	return template.Must(template.Must(layout.Clone()).ParseFS(sources, "templates/"+file))
}

// Frame is what every page begins with.
type Frame struct {
	Answer   string          // first line: one sentence that answers the reader's question
	Severity detect.Severity // of what the answer is about; empty shows none
	Instance string          // INSTANCE_NAME; may be empty
	Clock    Clock
}

// sentence is one line that ends with a full stop.
func sentence(s string, most int) string {
	s = outside.Line(s, most)
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

// Badge is a severity as a page shows it: a word, a shape and, by its class, a colour.
type Badge struct{ Word, Shape, Class string }

// badgeOf takes what it does not know as critical, as detect.Severity.Rank does.
func badgeOf(s detect.Severity) Badge {
	switch s {
	case detect.Info:
		return Badge{"Info", "●", "info"}
	case detect.Medium:
		return Badge{"Medium", "◆", "medium"}
	case detect.High:
		return Badge{"High", "▲", "high"}
	case detect.Critical:
		return Badge{"Critical", "■", "critical"}
	}
	return Badge{"Critical", "■", "critical"}
}

// write renders a page whole before it sends anything, so that a reader never sees half of one. If
// it returns an error before the header was sent, nothing was written.
func write[T any](w http.ResponseWriter, status int, page *template.Template, data T) error {
	var body bytes.Buffer
	if err := page.ExecuteTemplate(&body, "page", data); err != nil {
		return fmt.Errorf("render a page: %w", err)
	}
	SetHeaders(w.Header())
	w.WriteHeader(status)
	if _, err := w.Write(body.Bytes()); err != nil {
		return fmt.Errorf("send a page: %w", err)
	}
	return nil
}

// SetHeaders sets what every page is sent with: nothing is loaded or run but the one stylesheet,
// nothing is kept, no address is given away, and no other page can frame it or take its forms.
func SetHeaders(h http.Header) {
	sum := sha256.Sum256([]byte(style))
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+
		"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Robots-Tag", "noindex, nofollow")
}
