package teamspage

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// clockDrift is how far a signed message's time may be from ours (Standard Webhooks: five minutes).
const clockDrift = 5 * time.Minute

// Message is one CloudEvent that the fallback channel was sent.
type Message struct {
	Number    int // from 1, in order of arrival
	ArrivedAt time.Time
	ID        string // webhook-id: the same over all tries of one message
	Type      string // the CloudEvent's
	Subject   string
	Body      []byte
	Witnesses []Witness
	Repeat    bool // a message with this id had come before
	Lost      bool // taken, but the sender got no whole answer
}

// takeMessage is the fallback receiver. It checks the signature by itself, after the text of
// Standard Webhooks: HMAC-SHA256 of "id.timestamp.body" in base64, after "v1,"; several signatures
// may stand in the header with blanks between.
func (p *Page) takeMessage(r *http.Request, lost bool) (status int, answer string) {
	if r.Method != http.MethodPost {
		return http.StatusMethodNotAllowed, "only POST"
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return http.StatusBadRequest, "the body could not be read"
	}
	id, stamp := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if id == "" || err != nil {
		return http.StatusUnauthorized, "webhook-id or webhook-timestamp is missing or wrong"
	}
	if d := p.now().Sub(time.Unix(seconds, 0)).Abs(); d > clockDrift {
		return http.StatusUnauthorized, fmt.Sprintf("webhook-timestamp is %s off", d)
	}
	if !p.signed(r.Header.Get("webhook-signature"), id, stamp, body) {
		return http.StatusUnauthorized, "no signature in webhook-signature is right"
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/cloudevents+json" {
		return http.StatusUnsupportedMediaType, "Content-Type is not application/cloudevents+json"
	}
	var event struct {
		Specversion string `json:"specversion"`
		ID          string `json:"id"`
		Source      string `json:"source"`
		Type        string `json:"type"`
		Subject     string `json:"subject"`
	}
	if err := json.Unmarshal(body, &event); err != nil {
		return http.StatusBadRequest, "not JSON: " + err.Error()
	}
	if event.Specversion != "1.0" || event.ID == "" || event.Source == "" || event.Type == "" {
		return http.StatusBadRequest, "not a CloudEvent 1.0: specversion, id, source and type are required"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	m := Message{
		Number: len(p.messages) + 1, ArrivedAt: p.now(), ID: id, Type: event.Type, Subject: event.Subject,
		Body: body, Witnesses: witnesses(body), Lost: lost,
	}
	for _, earlier := range p.messages {
		m.Repeat = m.Repeat || earlier.ID == id
	}
	p.messages = append(p.messages, m)
	p.announce()
	return http.StatusAccepted, ""
}

func (p *Page) signed(header, id, stamp string, body []byte) bool {
	mac := hmac.New(sha256.New, p.secret)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	want := mac.Sum(nil)
	for one := range strings.FieldsSeq(header) {
		version, encoded, _ := strings.Cut(one, ",")
		got, err := base64.StdEncoding.DecodeString(encoded)
		if version == "v1" && err == nil && hmac.Equal(got, want) {
			return true
		}
	}
	return false
}
