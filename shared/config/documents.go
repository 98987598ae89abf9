package config

import (
	"encoding/json"
	"strings"
	"time"
)

const longestDocument = 128 << 10

// uncoverable are the checks that no accepted risk can cover: without them nobody would notice that
// an account has stopped working, is gone, or that nobody watches. A name that ends with - stands for all
// that begin with it.
var uncoverable = []string{"CA-02", "INV-03", "INV-04", "AUTH-04", "PIPE-"}

func parsePosturePolicy(d *draft, value string) []flaw {
	var fields map[string]json.RawMessage
	switch {
	case len(value) > longestDocument:
		return wrong("is longer than %d bytes", longestDocument)
	case json.Unmarshal([]byte(value), &fields) != nil || fields == nil:
		return wrong("is no JSON object")
	}
	d.PosturePolicy = json.RawMessage(value)
	return nil
}

// parseAcceptedRisks keeps every good entry and names the others by their position: a bad one must not
// bring back what others have answered for, nor hide anything.
func parseAcceptedRisks(d *draft, value string) []flaw {
	var items []json.RawMessage
	switch {
	case len(value) > longestDocument:
		return wrong("is longer than %d bytes", longestDocument)
	case json.Unmarshal([]byte(value), &items) != nil:
		return wrong("is no JSON list")
	}
	var flaws []flaw
	for i, item := range items {
		risk, problem := parseRisk(item)
		if problem != "" {
			flaws = append(flaws, wrong("has an entry %d that %s", i+1, problem)...)
			continue
		}
		d.AcceptedRisks = append(d.AcceptedRisks, risk)
	}
	return flaws
}

func parseRisk(item json.RawMessage) (risk AcceptedRisk, problem string) {
	var fields struct{ Check, Account, Owner, Reason, Expires string }
	decoder := json.NewDecoder(strings.NewReader(string(item)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&fields); err != nil {
		return AcceptedRisk{}, "is no object, or has fields other than check, account, owner, reason and expires"
	}
	risk = AcceptedRisk{
		Check:   strings.ToUpper(strings.TrimSpace(fields.Check)),
		Account: strings.ToLower(strings.TrimSpace(fields.Account)),
		Owner:   strings.TrimSpace(fields.Owner),
		Reason:  strings.TrimSpace(fields.Reason),
	}
	switch {
	case risk.Check == "":
		return risk, "names no check"
	case risk.Owner == "":
		return risk, "names no owner"
	case risk.Reason == "":
		return risk, "gives no reason"
	case risk.Account != "" && !isGUID(risk.Account):
		return risk, "has an account that is no object id"
	}
	for _, id := range uncoverable {
		if risk.Check == id || strings.HasSuffix(id, "-") && strings.HasPrefix(risk.Check, id) {
			return risk, "covers a check that nobody can answer for"
		}
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if expires, err := time.Parse(layout, strings.TrimSpace(fields.Expires)); err == nil {
			risk.Expires = expires.UTC()
			return risk, ""
		}
	}
	return risk, "has no date, like 2027-01-31, in expires"
}
