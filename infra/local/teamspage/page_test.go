package teamspage_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"glasswatch/infra/local/teamspage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const script = "../cards/render.mjs"

func start(t *testing.T, o teamspage.Options) *teamspage.Page {
	t.Helper()
	p, err := teamspage.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

func card(text, version string) string {
	quoted, _ := json.Marshal(text)
	return fmt.Sprintf(`{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","contentUrl":null,"content":`+
		`{"type":"AdaptiveCard","version":%q,"body":[{"type":"TextBlock","text":%s,"wrap":true},{"type":"TextBlock","text":"account-1#7 0123456789ab"}]}}]}`, version, quoted)
}

func post(t *testing.T, url, body string, header http.Header) (int, http.Header, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	maps.Copy(r.Header, header)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, resp.Header, nil
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestTheWebhookTakesExactlyWhatWorkflowsTakes(t *testing.T) {
	t.Parallel()
	p := start(t, teamspage.Options{})
	good := card("hello", "1.4")
	cases := []struct {
		name, url, body string
		header          http.Header
		status          int
	}{
		{"good", p.WebhookURL(), good, nil, 202},
		{"content type with charset", p.WebhookURL(), good, http.Header{"Content-Type": {"application/json; charset=utf-8"}}, 202},
		{"without contentUrl", p.WebhookURL(), strings.Replace(good, `"contentUrl":null,`, "", 1), nil, 202},
		{"no signature", strings.Split(p.WebhookURL(), "?")[0], good, nil, 401},
		{"signature re-encoded", strings.Replace(p.WebhookURL(), "%2F", "/", 1), good, nil, 401},
		{"wrong content type", p.WebhookURL(), good, http.Header{"Content-Type": {"text/plain"}}, 415},
		{"not JSON", p.WebhookURL(), "hello", nil, 400},
		{"bare card", p.WebhookURL(), `{"type":"AdaptiveCard","version":"1.4","body":[]}`, nil, 400},
		{"no attachment", p.WebhookURL(), `{"type":"message","attachments":[]}`, nil, 400},
		{"other attachment", p.WebhookURL(), strings.Replace(good, "card.adaptive", "card.o365", 1), nil, 400},
		{"unknown key", p.WebhookURL(), strings.Replace(good, `{"type":"message",`, `{"type":"message","text":"x",`, 1), nil, 400},
		{"something after it", p.WebhookURL(), good + good, nil, 400},
	}
	want := 0
	for _, c := range cases {
		status, _, err := post(t, c.url, c.body, c.header)
		if err != nil || status != c.status {
			t.Errorf("%s: status %d, error %v, want %d", c.name, status, err, c.status)
		}
		if c.status == 202 {
			want++
		}
	}
	if cards := p.Cards(); len(cards) != want {
		t.Errorf("%d cards are kept, want %d", len(cards), want)
	}
	if n := p.Refused(teamspage.Teams); n != len(cases)-want {
		t.Errorf("%d refused, want %d", n, len(cases)-want)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	cases := []struct {
		mode   teamspage.Mode
		status int // 0: the sender gets no answer
		kept   bool
	}{
		{teamspage.Well, 202, true},
		{teamspage.Throttled, 429, false},
		{teamspage.Broken, 500, false},
		{teamspage.Gone, 404, false},
		{teamspage.Reset, 0, false},
		{teamspage.Lost, 0, true},
		{teamspage.Hang, 0, false},
		{teamspage.Half, 0, true},
	}
	for _, c := range cases {
		t.Run(string(c.mode), func(t *testing.T) {
			t.Parallel()
			p := start(t, teamspage.Options{})
			p.SetFault(teamspage.Teams, teamspage.Fault{Mode: c.mode, RetryAfter: 3 * time.Second, Times: 1})
			status, header, err := post(t, p.WebhookURL(), card("x", "1.4"), nil)
			if status != c.status || (err != nil) != (c.status == 0) {
				t.Errorf("status %d, error %v, want %d", status, err, c.status)
			}
			if c.mode == teamspage.Throttled && header.Get("Retry-After") != "3" {
				t.Errorf("Retry-After is %q", header.Get("Retry-After"))
			}
			if kept := len(p.Cards()) == 1; kept != c.kept {
				t.Errorf("kept: %v, want %v", kept, c.kept)
			}
			if status, _, err := post(t, p.WebhookURL(), card("x", "1.4"), nil); status != 202 {
				t.Errorf("after its one time the fault is still there: %d, %v", status, err)
			}
		})
	}
}

func TestFaultsByTheControlAddress(t *testing.T) {
	t.Parallel()
	p := start(t, teamspage.Options{})
	if status, _, err := post(t, p.URL()+"control/fault?channel=teams&mode=broken", "", nil); status != 200 {
		t.Fatalf("status %d, %v", status, err)
	}
	if status, _, _ := post(t, p.WebhookURL(), card("x", "1.4"), nil); status != 500 {
		t.Errorf("status %d, want 500", status)
	}
	if status, _, _ := post(t, p.URL()+"control/fault?channel=pigeon&mode=broken", "", nil); status != 400 {
		t.Errorf("an unknown channel is answered with %d", status)
	}
	if body := fetch(t, p.URL()); !strings.Contains(body, "teams receiver is set to fail (broken)") {
		t.Error("the page does not say that the channel is set to fail")
	}
}

func TestThePageShowsCardsNewestFirstAndWhatIsWrong(t *testing.T) {
	t.Parallel()
	p := start(t, teamspage.Options{Renderer: script})
	for _, body := range []string{
		card("the first <script>alert(1)</script>", "1.4"),
		card("the second", "1.5"),
		card(strings.Repeat("large ", 5000), "1.4"),
		strings.Replace(card("the fourth", "1.4"), `"type":"TextBlock"`, `"type":"Tablecloth"`, 1),
	} {
		if status, _, err := post(t, p.WebhookURL(), body, nil); status != 202 {
			t.Fatalf("status %d, %v", status, err)
		}
	}
	if err := p.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	problems := []string{"", "1.5", "28672", "Tablecloth"}
	for i, c := range p.Cards() {
		said := strings.Join(c.Problems, "; ")
		if (said == "") != (problems[i] == "") || !strings.Contains(said, problems[i]) {
			t.Errorf("card %d: problems %q, want %q", i+1, said, problems[i])
		}
		if len(c.Witnesses) != 1 || c.Witnesses[0] != (teamspage.Witness{Stream: "account-1", Sequence: 7, Hash: "0123456789ab"}) {
			t.Errorf("card %d: witnesses %v", i+1, c.Witnesses)
		}
	}
	page := fetch(t, p.URL())
	for _, want := range []string{"<title>Teams channel: 4 cards</title>", "3 cards would not be shown as it should be", `http-equiv="refresh"`, "glasswatch-card"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
	if strings.Contains(page, "<script") {
		t.Error("markup of a card got into the page")
	}
	if strings.Index(page, "the second") > strings.Index(page, "the first") {
		t.Error("the newest card is not first")
	}
	var listed []struct {
		Problems []string `json:"problems"`
	}
	if err := json.Unmarshal([]byte(fetch(t, p.URL()+"cards.json")), &listed); err != nil || len(listed) != 4 || len(listed[1].Problems) == 0 {
		t.Errorf("cards.json: %v, %+v", err, listed)
	}
}

func sign(secret, id, stamp, body string) string {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		panic(err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "." + body))
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestTheFallbackChecksTheSignature(t *testing.T) {
	t.Parallel()
	p := start(t, teamspage.Options{})
	now := strconv.FormatInt(time.Now().Unix(), 10)
	old := strconv.FormatInt(time.Now().Add(-time.Hour).Unix(), 10)
	const body = `{"specversion":"1.0","id":"a","source":"s","type":"t","data":{"witness":"tenant#3 0123456789ab"}}`
	right := sign(p.FallbackSecret(), "m1", now, body)
	cases := []struct {
		name, id, stamp, signature, kind, body string
		status                                 int
	}{
		{"right", "m1", now, right, "application/cloudevents+json", body, 202},
		{"again", "m1", now, "v1,bm90IHRoaXMgb25l " + right, "application/cloudevents+json; charset=utf-8", body, 202},
		{"other body", "m1", now, right, "application/cloudevents+json", body + " ", 401},
		{"other id", "m2", now, right, "application/cloudevents+json", body, 401},
		{"old", "m1", old, sign(p.FallbackSecret(), "m1", old, body), "application/cloudevents+json", body, 401},
		{"no signature", "m1", now, "", "application/cloudevents+json", body, 401},
		{"not a CloudEvent", "m1", now, sign(p.FallbackSecret(), "m1", now, "{}"), "application/cloudevents+json", "{}", 400},
		{"plain JSON", "m1", now, right, "application/json", body, 415},
	}
	for _, c := range cases {
		status, _, err := post(t, p.FallbackURL(), c.body, http.Header{
			"Content-Type": {c.kind}, "Webhook-Id": {c.id}, "Webhook-Timestamp": {c.stamp}, "Webhook-Signature": {c.signature},
		})
		if err != nil || status != c.status {
			t.Errorf("%s: status %d, %v, want %d", c.name, status, err, c.status)
		}
	}
	m := p.Messages()
	if len(m) != 2 || m[0].Repeat || !m[1].Repeat || len(m[0].Witnesses) != 1 || !bytes.Equal(m[0].Body, []byte(body)) {
		t.Errorf("kept %+v", m)
	}
	if !strings.Contains(fetch(t, p.URL()), "Fallback channel, outside Microsoft 365: 2 messages") {
		t.Error("the page does not show the fallback channel")
	}
}

func TestOnlyLoopback(t *testing.T) {
	t.Parallel()
	if p, err := teamspage.Start(t.Context(), teamspage.Options{Address: "0.0.0.0:0"}); err == nil {
		p.Stop()
		t.Error("the page listens to the whole network")
	}
}
