package alert

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// LinkFor is how long a signed link opens an incident.
const LinkFor = 7 * 24 * time.Hour

// Links makes and checks the links by which an incident is opened and acknowledged. A link is
// good for one incident, one channel and a week; it closes nothing.
type Links struct {
	base string
	keys [][]byte // the first signs, all verify
}

// NewLinks makes links below base, the app's public address. Without a base or keys there are none.
func NewLinks(base string, keys [][]byte) Links {
	return Links{base: strings.TrimRight(base, "/"), keys: keys}
}

// Usable says whether links can be made.
func (l Links) Usable() bool { return l.base != "" && len(l.keys) > 0 }

// URL is the link to an incident for the readers of a channel; empty if links cannot be made.
func (l Links) URL(incident, channel string, now time.Time) string {
	if !l.Usable() || incident == "" {
		return ""
	}
	expires := now.Add(LinkFor).Unix()
	query := url.Values{
		"channel": {channel},
		"expires": {strconv.FormatInt(expires, 10)},
		"token":   {base64.RawURLEncoding.EncodeToString(token(l.keys[0], incident, channel, expires))},
	}
	return l.base + "/api/incidents/" + url.PathEscape(incident) + "?" + query.Encode()
}

// Verify says whether the three query values were made by URL for this incident and are not
// expired. It takes the same time for every wrong token of the right length.
func (l Links) Verify(incident string, query url.Values, now time.Time) bool {
	for _, name := range []string{"channel", "expires", "token"} {
		if len(query[name]) != 1 {
			return false
		}
	}
	expires, err := strconv.ParseInt(query.Get("expires"), 10, 64)
	if err != nil || now.Unix() > expires || strconv.FormatInt(expires, 10) != query.Get("expires") {
		return false
	}
	given, err := base64.RawURLEncoding.Strict().DecodeString(query.Get("token"))
	if err != nil {
		return false
	}
	good := false
	for _, key := range l.keys {
		good = hmac.Equal(given, token(key, incident, query.Get("channel"), expires)) || good
	}
	return good
}

// token signs the three values. Each is preceded by its length, so that no two sets of values are
// signed alike.
func token(key []byte, incident, channel string, expires int64) []byte {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "glasswatch incident link v1\n%d:%s%d:%s%d", len(incident), incident, len(channel), channel, expires)
	return mac.Sum(nil)
}

// linked is a channel whose messages begin with their own link to the incident.
type linked struct {
	Sender
	links Links
	now   func() time.Time
}

// WithLinks gives every message of the channel a link of its own to its incident, made when it is
// sent, so that no link ever stands in storage.
func WithLinks(s Sender, links Links, now func() time.Time) Sender {
	if !links.Usable() {
		return s
	}
	return linked{Sender: s, links: links, now: now}
}

func (l linked) Send(ctx context.Context, m Message) (int, error) {
	if address := l.links.URL(m.Incident, l.Name(), l.now()); address != "" {
		title := "Open and acknowledge the incident"
		if m.Kind == MessageNotice {
			title = "Open the incident"
		}
		m.Links = append([]Link{{Title: title, URL: address}}, m.Links...)
	}
	return l.Sender.Send(ctx, m)
}
