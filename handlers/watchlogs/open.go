package watchlogs

import (
	"bytes"
	"encoding/json"
	"io"
	"time"

	"glasswatch/shared/azfunc"
)

// batch is what the host handed over, with only those messages unwrapped that may matter.
type batch struct {
	total    int // messages in the batch
	messages []Message
	meta     azfunc.Metadata
	// newest is, per log category, when the hub took the newest message of it; also of messages
	// that were passed over.
	newest map[string]time.Time
}

// open reads the batch. Where the scan cannot follow the form of the body, everything is unwrapped.
func (w *Watcher) open(body io.Reader) (batch, error) {
	raw, err := io.ReadAll(body)
	if err != nil {
		return batch{}, err
	}
	b := batch{newest: map[string]time.Time{}}
	selection, framed := w.Scanner.Select(raw)
	if !framed {
		return w.unwrapAll(raw)
	}
	b.total = selection.Total()
	b.meta = metadata(selection.Rest)
	if n := len(b.meta.SequenceNumbers); n > 0 && n != b.total {
		return w.unwrapAll(raw) // two broken messages that complete each other look like one
	}
	for n := range selection.Total() {
		m := selection.Message(n)
		b.saw(string(m.Category), b.meta.EnqueuedTime(n))
		if !m.Look {
			continue
		}
		text, err := selection.Unescape(n)
		if err != nil {
			return w.unwrapAll(raw)
		}
		b.messages = append(b.messages, Message{Body: text, EnqueuedAt: b.meta.EnqueuedTime(n)})
	}
	return b, nil
}

// metadata reads what follows Data in the body: `},"Metadata":{…}}`. It is auxiliary: what cannot be
// read is left out.
func metadata(rest []byte) azfunc.Metadata {
	after, ok := bytes.CutPrefix(bytes.TrimLeft(rest, "} \t\r\n"), []byte(","))
	if !ok {
		return azfunc.Metadata{}
	}
	var named struct{ Metadata json.RawMessage }
	if json.Unmarshal(append([]byte("{"), after...), &named) != nil {
		return azfunc.Metadata{}
	}
	return azfunc.DecodeMetadata(named.Metadata)
}

func (w *Watcher) unwrapAll(raw []byte) (batch, error) {
	b := batch{newest: map[string]time.Time{}}
	all, err := azfunc.DecodeBatch(bytes.NewReader(raw), "events")
	if err != nil {
		return b, err
	}
	b.total, b.meta = len(all.Messages), all.Meta
	for n, m := range all.Messages {
		b.messages = append(b.messages, Message{Body: m.Body, EnqueuedAt: all.Meta.EnqueuedTime(n)})
	}
	return b, nil
}

func (b *batch) saw(category string, at time.Time) {
	if category != "" && at.After(b.newest[category]) {
		b.newest[category] = at
	}
}
