// Package pulse judges whether Glasswatch itself still sees and is heard.
package pulse

import (
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"glasswatch/shared/ledger"
)

// Stream is the partition that holds what Glasswatch knows of itself.
const Stream = "pulse"

// ProgressPrefix begins the keys of progress rows.
const ProgressPrefix = "progress|"

// Progress says how far one partition of the hub has been handled.
type Progress struct {
	Partition  string               `json:"partition"`
	Sequence   int64                `json:"sequence"`             // of the last message handled
	EnqueuedAt time.Time            `json:"enqueuedAt"`           // when the hub took that message
	HandledAt  time.Time            `json:"handledAt"`            // when we had handled it
	Categories map[string]time.Time `json:"categories,omitempty"` // newest enqueued time per log category
}

// maxCategories bounds the row: categories are outside text.
const maxCategories = 40

// Merge takes what is known of the partition from before into p, so that a category that was not
// in the newest batch keeps its time.
func (p *Progress) Merge(before Progress) {
	if p.Categories == nil {
		p.Categories = map[string]time.Time{}
	}
	for category, at := range before.Categories {
		if at.After(p.Categories[category]) && (len(p.Categories) < maxCategories || !p.Categories[category].IsZero()) {
			p.Categories[category] = at
		}
	}
}

// Saw notes that a message of the category came that the hub took at the time.
func (p *Progress) Saw(category string, at time.Time) {
	if p.Categories == nil {
		p.Categories = map[string]time.Time{}
	}
	if known, ok := p.Categories[category]; ok && !at.After(known) || !ok && len(p.Categories) >= maxCategories {
		return
	}
	p.Categories[category] = at
}

var partitionName = regexp.MustCompile(`^[0-9A-Za-z-]{1,40}$`)

// Row is the row that keeps p. It fails for a partition name that cannot be part of a key.
func (p Progress) Row() (ledger.Row, error) {
	if !partitionName.MatchString(p.Partition) {
		return ledger.Row{}, fmt.Errorf("hub partition %.50q cannot be part of a row's key", p.Partition)
	}
	content, err := json.Marshal(p)
	if err != nil {
		return ledger.Row{}, err
	}
	return ledger.Row{Key: ProgressPrefix + p.Partition, Columns: map[string]any{
		"FormatVersion": int64(1),
		"Progress":      string(content),
	}}, nil
}

// ReadProgress reads a row that Row made.
func ReadProgress(row ledger.Row) (Progress, error) {
	var p Progress
	content, ok := row.Columns["Progress"].(string)
	if !ok {
		return p, fmt.Errorf("row %s does not hold what was written to it", row.Key)
	}
	if err := json.Unmarshal([]byte(content), &p); err != nil {
		return p, fmt.Errorf("row %s: %w", row.Key, err)
	}
	return p, nil
}
