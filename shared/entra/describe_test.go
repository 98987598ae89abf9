package entra_test

import (
	"flag"
	"fmt"
	"strings"
	"time"

	"glasswatch/shared/entra"
)

var update = flag.Bool("update", false, "write the golden files anew")

// describe prints all that was read, one fact a line, so that a golden file shows what changed.
func describe(records []entra.Record, damaged []entra.Damage) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	for _, r := range records {
		line("record %s category=%q operation=%q id=%q tenant=%q correlation=%q", r.Kind, r.Category, r.Operation, r.ID, r.TenantID, r.CorrelationID)
		line("  resource %q", r.ResourceID)
		line("  happened %s logged %s", r.Happened.Format(time.RFC3339Nano), r.Logged.Format(time.RFC3339Nano))
		for _, p := range r.Parties {
			line("  party %+v", p)
		}
		if s := r.SignIn; s != nil {
			known := *s
			known.Compliant, known.Managed = nil, nil
			line("  signIn %+v", known)
			line("  compliant %s managed %s", truth(s.Compliant), truth(s.Managed))
		}
		if r.Audit != nil {
			line("  audit %+v", *r.Audit)
		}
		if r.Risk != nil {
			line("  risk %+v", *r.Risk)
		}
		if r.Activity != nil {
			line("  activity %+v", *r.Activity)
		}
		if r.Canary != nil {
			line("  canary %+v", *r.Canary)
		}
		line("  bytes %d properties %d", len(r.Raw), len(r.Properties))
	}
	for _, d := range damaged {
		line("damage %s: %s (%d bytes)", d.Shape, d.Reason, len(d.Raw))
	}
	return b.String()
}

func truth(b *bool) string {
	if b == nil {
		return "unknown"
	}
	return fmt.Sprint(*b)
}
