package detect_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/detect"
	"glasswatch/shared/entra"
)

// Records as they come over the wire, in testdata, and what is said of them.
func TestFromTheWireToTheHeadline(t *testing.T) {
	for file, want := range map[string][]string{
		"signins.json": {
			"signin-blocked critical: Break-glass sign-in blocked: bg-alpha from 203.0.113.7 (Oslo, NO) to Azure Portal, compliant Windows device: blocked by Conditional Access (53003)",
			"signin-success critical: Break-glass sign-in succeeded: bg-alpha from 2001:db8::7 (NO) to Azure Portal, unmanaged macOS device",
			"signin-failed high: Break-glass sign-in failed: bg-beta from 198.51.100.4 to 00000002-0000-0000-c000-000000000000, unknown device: wrong user name or password (50126)",
		},
		"changes.json": {
			"policy-now-applies critical: Conditional Access policy Require MFA for admins now applies to bg-alpha: changed by mallory@contoso.com; its exclusion was removed",
			"exclusion-group-changed critical: Exclusion group of the break-glass accounts changed: Remove member from group (bg-beta@contoso.com) by mallory@contoso.com",
			"account-changed critical: Role Global Administrator was taken from bg-alpha by mallory@contoso.com",
			"monitoring-changed critical: Something Glasswatch depends on was deleted: namespaces/gw-hub by mallory@contoso.com (MICROSOFT.EVENTHUB/NAMESPACES/DELETE, Start)",
		},
	} {
		t.Run(file, func(t *testing.T) {
			message, err := os.ReadFile(filepath.Join("testdata", file))
			if err != nil {
				t.Fatal(err)
			}
			records, damaged := entra.Parse(message)
			if len(damaged) > 0 {
				t.Fatal(damaged)
			}
			var got []string
			d := detect.NewDetector(setting())
			for _, rec := range records {
				e := arrive(rec, reached)
				if e.Account == "" && !d.TenantWide(rec) {
					t.Errorf("%s: passed over", rec.ID)
				}
				v, _ := d.Judge(e, detect.History{})
				got = append(got, v.HeadlineRule+" "+string(v.Severity)+": "+v.Headline)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
