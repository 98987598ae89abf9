package checkposture

import (
	"slices"

	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
	"glasswatch/shared/posture"
)

// told makes a message of every change. On the very first run everything is new: then only what is
// critical alerts on its own, and the digest tells of the rest.
func (c *Checker) told(a Assessment) []alert.Message {
	var list []alert.Message
	for _, change := range a.Changes {
		if a.First && change.Finding.Severity != posture.Critical {
			continue
		}
		list = append(list, changed(change, a.Snapshot))
	}
	return list
}

func changed(change posture.Change, s posture.Snapshot) alert.Message {
	f := change.Finding
	m := alert.Message{
		Kind: alert.MessageAlert, Severity: f.Severity.Alert(), Rule: f.Check, Account: label(s, f.Account),
		Meaning: why(f.Check), Actions: []string{remedy(f)},
		Facts: []alert.Fact{{Name: "Check", Value: f.Check + ": " + f.Title}, {Name: "Found", Value: f.Observed}},
		Links: []alert.Link{{Title: "Open the portal", URL: f.Portal}, {Title: "Why this matters", URL: f.Source}},
	}
	switch change.Kind {
	case posture.Recovered:
		m.Kind, m.Severity, m.Actions = alert.MessageNotice, detect.Info, nil
		m.Emphasis = "Mended"
	case posture.WentBlind:
		m.Emphasis = "Nobody can tell any more"
		m.Facts = append(m.Facts, alert.Fact{Name: "Missing", Value: f.Missing})
	case posture.StillUnknown:
		m.Emphasis = "Unknown for two days"
		m.Facts = append(m.Facts, alert.Fact{Name: "Missing", Value: f.Missing})
	case posture.Worsened:
		m.Emphasis = "Posture check failed"
		if f.State == posture.Warn {
			m.Emphasis = "Posture warning"
			m.Severity = lower(m.Severity)
		}
	}
	m.Headline = m.Emphasis + ": " + f.Observed
	return m
}

// lower is one step less: a warning is not yet a failure.
func lower(s detect.Severity) detect.Severity {
	if s == detect.Critical {
		return detect.High
	}
	return detect.Medium
}

func why(id string) string {
	for _, c := range posture.Suite {
		if c.ID == id {
			return c.Why
		}
	}
	return ""
}

func label(s posture.Snapshot, id string) string {
	for _, a := range s.Accounts {
		if a.ID == id && a.Name != "" {
			return a.Name
		}
	}
	return id
}

// remedy is what to do about a finding. What nobody could look at is not mended by the check's own
// fix: first somebody must be able to look.
func remedy(f posture.Finding) string {
	if f.State != posture.Unknown {
		return f.Fix
	}
	granted := slices.ContainsFunc(posture.Permissions, func(p posture.Permission) bool { return p.Name == f.Missing })
	switch {
	case granted:
		return "Grant Glasswatch the application permission " + f.Missing + " of Microsoft Graph, so that it can look."
	case f.Missing == "an approved baseline":
		return "Compare the keys with those in your safes, then run: glasswatch posture approve --by NAME --note TEXT"
	default:
		return "Find out why nobody could look, for want of " + f.Missing + ": glasswatch posture"
	}
}
