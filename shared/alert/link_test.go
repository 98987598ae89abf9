package alert_test

import (
	"context"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"glasswatch/shared/alert"
)

var keys = [][]byte{[]byte("0123456789abcdef0123456789abcdef"), []byte("fedcba9876543210fedcba9876543210")}

func query(t *testing.T, link string) url.Values {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

func TestALinkIsGoodForOneIncidentOneChannelAndAWeek(t *testing.T) {
	links := alert.NewLinks("https://app.example/", keys)
	link := links.URL("account-a-1", "teams", noon)
	if !strings.HasPrefix(link, "https://app.example/api/incidents/account-a-1?") {
		t.Fatalf("link %s", link)
	}
	good := query(t, link)
	change := func(name, value string) url.Values {
		changed := url.Values{}
		maps.Copy(changed, good)
		changed[name] = []string{value}
		return changed
	}
	for _, test := range []struct {
		name     string
		incident string
		query    url.Values
		at       time.Time
		want     bool
	}{
		{"as made", "account-a-1", good, noon, true},
		{"on its last day", "account-a-1", good, noon.Add(alert.LinkFor - time.Second), true},
		{"expired", "account-a-1", good, noon.Add(alert.LinkFor + time.Second), false},
		{"another incident", "account-a-11", good, noon, false},
		{"another channel", "account-a-1", change("channel", "fallback"), noon, false},
		{"a later expiry", "account-a-1", change("expires", "99999999999"), noon, false},
		{"an expiry written otherwise", "account-a-1", change("expires", "+"+good.Get("expires")), noon, false},
		{"no token", "account-a-1", change("token", ""), noon, false},
		{"a forged token", "account-a-1", change("token", strings.Repeat("A", 43)), noon, false},
		{"a token twice", "account-a-1", url.Values{"channel": good["channel"], "expires": good["expires"], "token": {good.Get("token"), good.Get("token")}}, noon, false},
		{"nothing at all", "account-a-1", url.Values{}, noon, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := links.Verify(test.incident, test.query, test.at); got != test.want {
				t.Errorf("verified %v, want %v", got, test.want)
			}
		})
	}
}

func TestKeysRotate(t *testing.T) {
	old := alert.NewLinks("https://app.example", keys[1:])
	rotated := alert.NewLinks("https://app.example", keys)
	if !rotated.Verify("account-a-1", query(t, old.URL("account-a-1", "teams", noon)), noon) {
		t.Error("a link signed with the second key is refused")
	}
	if old.Verify("account-a-1", query(t, rotated.URL("account-a-1", "teams", noon)), noon) {
		t.Error("the first key does not sign")
	}
	gone := alert.NewLinks("https://app.example", keys[:1])
	if gone.Verify("account-a-1", query(t, old.URL("account-a-1", "teams", noon)), noon) {
		t.Error("a link of a removed key still opens")
	}
}

type kept struct {
	name string
	sent []alert.Message
}

func (k *kept) Name() string { return k.name }

func (k *kept) Send(_ context.Context, m alert.Message) (int, error) {
	k.sent = append(k.sent, m)
	return 202, nil
}

func TestEachChannelGetsItsOwnLink(t *testing.T) {
	links := alert.NewLinks("https://app.example", keys)
	channel := &kept{name: "fallback"}
	m := alert.Message{Incident: "account-a-1", Links: []alert.Link{{Title: "Portal", URL: "https://entra.example"}}}
	if _, err := alert.WithLinks(channel, links, func() time.Time { return noon }).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := channel.sent[0].Links
	if len(got) != 2 || !links.Verify("account-a-1", query(t, got[0].URL), noon) || query(t, got[0].URL).Get("channel") != "fallback" {
		t.Errorf("links %v", got)
	}
	if len(m.Links) != 1 {
		t.Error("the message of the caller was changed: a second channel would show the first one's link")
	}
	if without := alert.WithLinks(channel, alert.NewLinks("", keys), time.Now); without != alert.Sender(channel) {
		t.Error("without an address there is nothing to add")
	}
}
