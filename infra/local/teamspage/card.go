package teamspage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	// maxCard is what Teams takes for one message ("Request Entity too large" above it).
	maxCard        = 28 << 10
	maxBody        = 4 << 20
	cardType       = "application/vnd.microsoft.card.adaptive"
	renderPatience = 20 * time.Second
)

// Witness is the line by which a message names its ledger entry.
type Witness struct {
	Stream   string `json:"stream"`
	Sequence uint64 `json:"sequence"`
	Hash     string `json:"hash"` // the first 12 hex digits
}

var witnessLine = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9-]*)#([0-9]{1,20}) ([0-9a-f]{12})$`)

// parseWitness reads a text that is a witness line and nothing else. Zero-width characters, by
// which a card keeps a client from reading markup into a text, are passed over.
func parseWitness(text string) (Witness, bool) {
	m := witnessLine.FindStringSubmatch(strings.TrimSpace(strings.ReplaceAll(text, "\u200b", "")))
	if m == nil {
		return Witness{}, false
	}
	n, err := strconv.ParseUint(m[2], 10, 64)
	return Witness{m[1], n, m[3]}, err == nil
}

// witnesses finds the witness lines among all texts of a piece of JSON.
func witnesses(raw []byte) []Witness {
	var out []Witness
	dec := json.NewDecoder(bytes.NewReader(raw))
	for {
		token, err := dec.Token()
		if err != nil {
			return out
		}
		if text, ok := token.(string); ok {
			for line := range strings.SplitSeq(text, "\n") {
				if w, ok := parseWitness(line); ok {
					out = append(out, w)
				}
			}
		}
	}
}

type envelope struct {
	Type        string `json:"type"`
	Attachments []struct {
		ContentType string          `json:"contentType"`
		ContentURL  *string         `json:"contentUrl"`
		Content     json.RawMessage `json:"content"`
	} `json:"attachments"`
}

// checkEnvelope says what is wrong with a request body, and hands out the card in it.
func checkEnvelope(body []byte) (json.RawMessage, error) {
	var e envelope
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&e); err != nil {
		return nil, fmt.Errorf("not the JSON of a message: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the message")
	}
	switch {
	case e.Type != "message":
		return nil, fmt.Errorf("type is %q, not \"message\"", e.Type)
	case len(e.Attachments) != 1:
		return nil, fmt.Errorf("%d attachments instead of one", len(e.Attachments))
	case e.Attachments[0].ContentType != cardType:
		return nil, fmt.Errorf("the attachment is %q, not %q", e.Attachments[0].ContentType, cardType)
	case !bytes.HasPrefix(bytes.TrimSpace(e.Attachments[0].Content), []byte("{")):
		return nil, errors.New("the attachment has no content")
	}
	return e.Attachments[0].Content, nil
}

// takeCard is the webhook: it returns whether the card was taken, and the answer's status and body.
func (p *Page) takeCard(r *http.Request, lost bool) (status int, answer string) {
	if r.Method != http.MethodPost {
		return http.StatusMethodNotAllowed, "only POST"
	}
	if r.URL.RawQuery != p.signature {
		return http.StatusUnauthorized, "the signature in the address is missing or wrong"
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return http.StatusUnsupportedMediaType, "Content-Type is not application/json"
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return http.StatusBadRequest, "the body could not be read"
	}
	content, err := checkEnvelope(body)
	if err != nil {
		return http.StatusBadRequest, err.Error()
	}
	c := Card{ArrivedAt: p.now(), Size: len(body), Body: body, Witnesses: witnesses(content), Lost: lost}
	if len(body) > maxCard {
		c.Problems = append(c.Problems, fmt.Sprintf("%d bytes: Teams takes %d at most", len(body), maxCard))
	}
	var version struct {
		Version string `json:"version"`
	}
	if err := json.Unmarshal(content, &version); err != nil || version.Version != "1.4" {
		c.Problems = append(c.Problems, fmt.Sprintf("card version is %q, and Workflows takes 1.4", version.Version))
	}
	p.keepCard(c)
	return http.StatusAccepted, ""
}

func (p *Page) keepCard(c Card) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.Number = len(p.cards) + 1
	c.Rendered = p.renderer == nil
	p.cards = append(p.cards, c)
	p.announce()
	if p.renderer == nil {
		return
	}
	p.pending++
	p.running.Go(func() { p.render(c.Number, c.Body) })
}

func (p *Page) render(number int, body []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), renderPatience)
	defer cancel()
	html, problems, err := p.renderer.render(ctx, body)
	if err != nil {
		problems = append(problems, err.Error())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &p.cards[number-1]
	c.HTML, c.Rendered = html, true
	c.Problems = append(c.Problems, problems...)
	p.pending--
	p.announce()
}
