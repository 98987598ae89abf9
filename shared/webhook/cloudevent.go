package webhook

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
	"glasswatch/shared/outside"
)

// Bounds of what is sent, in runes and in numbers. A whole request stays below 400 KB whatever the
// log records hold; PagerDuty takes 512 KB.
const (
	maxHeadline, maxText, maxName = 1000, 1000, 200
	maxFacts, maxActions          = 50, 10
	maxLinks, maxURL              = 10, 2000
)

type event struct {
	SpecVersion     string `json:"specversion"`
	ID              string `json:"id"`
	Source          string `json:"source"`
	Type            string `json:"type"`
	Subject         string `json:"subject"`
	Time            string `json:"time"`
	DataContentType string `json:"datacontenttype"`
	Data            Data   `json:"data"`
}

// Data is what a message says, for machines. It is the data of a CloudEvents event and the
// custom_details of a page.
type Data struct {
	V          int          `json:"v"` // 1
	ID         string       `json:"id"`
	Kind       string       `json:"kind"`
	Severity   string       `json:"severity"`
	Progress   *string      `json:"progress"` // acknowledged or closed, on a notice of that
	Rule       *string      `json:"rule"`
	Incident   *string      `json:"incident"`
	Account    *string      `json:"account"`
	Headline   string       `json:"headline"`
	Mark       *string      `json:"mark"` // "not yet recorded", "repeated", "expected: drill …", …
	Facts      []alert.Fact `json:"facts"`
	MoreFacts  int          `json:"moreFacts"` // how many were left out
	Meaning    *string      `json:"meaning"`
	Actions    []string     `json:"actions"`
	Links      []alert.Link `json:"links"` // https, or http on this machine
	HappenedAt *time.Time   `json:"happenedAt"`
	Witness    string       `json:"witness"` // "<stream>#<sequence> <12 hex digits>", or "unrecorded"
	Stream     *string      `json:"stream"`
	Sequence   *uint64      `json:"sequence"`
	EntryHash  *string      `json:"entryHash"` // 64 hex digits
}

func dataOf(m alert.Message) Data {
	d := Data{
		V: 1, ID: eventID(m), Kind: word(string(m.Kind), "alert"), Severity: severityOf(m),
		Progress: orNull(string(m.Progress), maxName), Rule: orNull(m.Rule, maxName), Incident: orNull(m.Incident, maxName),
		Account: orNull(m.Account, maxName), Headline: outside.Line(m.Headline, maxHeadline), Mark: orNull(m.Mark, maxText),
		Facts: []alert.Fact{}, MoreFacts: max(0, len(m.Facts)-maxFacts), Meaning: orNull(m.Meaning, maxText),
		Actions: []string{}, Links: []alert.Link{}, Witness: outside.Line(m.Witness(), 2*maxName),
		Stream: orNull(m.Stream, maxName), EntryHash: orNull(m.EntryHash, maxName),
	}
	for _, f := range m.Facts[:min(len(m.Facts), maxFacts)] {
		d.Facts = append(d.Facts, alert.Fact{Name: outside.Line(f.Name, maxName), Value: outside.Line(f.Value, maxText)})
	}
	for _, a := range m.Actions[:min(len(m.Actions), maxActions)] {
		d.Actions = append(d.Actions, outside.Line(a, maxText))
	}
	for _, l := range m.Links {
		if len(d.Links) < maxLinks && len(l.URL) <= maxURL && outside.Openable(l.URL) {
			d.Links = append(d.Links, alert.Link{Title: outside.Line(l.Title, maxName), URL: l.URL})
		}
	}
	if !m.HappenedAt.IsZero() {
		d.HappenedAt = new(m.HappenedAt.UTC())
	}
	if m.Sequence != 0 {
		d.Sequence = new(m.Sequence)
	}
	return d
}

func orNull(s string, most int) *string {
	if s = outside.Line(s, most); s == "" {
		return nil
	}
	return &s
}

func cloudEvent(m alert.Message, instance string, now time.Time) event {
	at := m.HappenedAt
	if at.IsZero() {
		at = now
	}
	return event{
		SpecVersion: "1.0", ID: eventID(m), Source: source(instance),
		Type:    fmt.Sprintf("glasswatch.%s.%s", word(string(m.Kind), "alert"), severityOf(m)),
		Subject: cmp.Or(outside.Line(m.Account, maxName), "tenant"),
		Time:    at.UTC().Format(time.RFC3339Nano), DataContentType: "application/json", Data: dataOf(m),
	}
}

// source makes a URI reference of the instance's name.
func source(instance string) string {
	return (&url.URL{Path: cmp.Or(outside.Line(instance, maxName), "glasswatch")}).String()
}

var (
	plainWord = regexp.MustCompile(`^[a-zA-Z]{1,30}$`)
	plainID   = regexp.MustCompile(`^[0-9A-Za-z_|+:-]{1,200}$`)
)

func word(s, otherwise string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return otherwise
}

// severityOf takes what it does not know as critical, as detect.Severity.Rank does.
func severityOf(m alert.Message) string { return word(string(m.Severity), string(detect.Critical)) }

// eventID is the message's id where that can stand in a header and before the signature's dot, else a
// hash of it: an odd id must not keep an alert from being sent.
func eventID(m alert.Message) string {
	if plainID.MatchString(m.ID) {
		return m.ID
	}
	sum := sha256.Sum256([]byte(m.ID))
	return hex.EncodeToString(sum[:])
}

func sign(header http.Header, key []byte, id string, now time.Time, body []byte) {
	timestamp := strconv.FormatInt(now.Unix(), 10)
	header.Set("Webhook-Id", id)
	header.Set("Webhook-Timestamp", timestamp)
	if key == nil {
		return
	}
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s.%s.%s", id, timestamp, body) // a hash never fails to write
	header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}
