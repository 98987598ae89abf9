package breakglass

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"glasswatch/shared/entra"
)

// identity is the id of an event: the same for all revisions of one record, by whichever
// diagnostic setting it came.
func identity(rec entra.Record) string {
	tenant := strings.ToLower(strings.TrimSpace(rec.TenantID))
	parts := []string{tenant, family(rec.Kind)}
	if id := strings.TrimSpace(rec.ID); id != "" {
		parts = append(parts, "id", id)
	} else {
		parts = append(parts, "content", content(rec))
	}
	// Some logs use an id again for each state of the same thing.
	if rec.Risk != nil {
		parts = append(parts, rec.Risk.LastUpdated.UTC().Format(time.RFC3339Nano), rec.Risk.State)
	}
	if rec.Kind == entra.KindAzureActivity && rec.Activity != nil {
		parts = append(parts, rec.CorrelationID, rec.Activity.Operation, rec.Activity.ResourceID, rec.Activity.Status)
	}
	return hex.EncodeToString(digest(parts))
}

// contentHash tells revisions of one record apart. The result is part of it because some
// producers write it outside the properties.
func contentHash(rec entra.Record) string {
	parts := []string{content(rec)}
	if rec.SignIn != nil {
		parts = append(parts, strconv.FormatBool(rec.SignIn.HasErrorCode), strconv.Itoa(rec.SignIn.ErrorCode))
	}
	if rec.Activity != nil {
		parts = append(parts, rec.Activity.Status)
	}
	return hex.EncodeToString(digest(parts)[:16])
}

// content is what a record says, without what differs by the way it came. A record that has no
// properties is taken as it is: telling it twice is better than taking two for one.
func content(rec entra.Record) string {
	canonical, err := entra.Canonical(rec.Properties)
	if err != nil {
		canonical = rec.Properties
	}
	switch string(canonical) {
	case "", "null", "{}", `""`:
		return string(rec.Raw)
	default:
		return string(canonical)
	}
}

// family is the log that a record's id is unique in. All sign-ins are one: which category a
// sign-in is filed under is no part of what it is.
func family(k entra.Kind) string {
	switch k {
	case entra.KindSignIn, entra.KindNonInteractiveSignIn, entra.KindServicePrincipalSignIn:
		return "signIn"
	case entra.KindAudit, entra.KindRiskyUser, entra.KindRiskEvent, entra.KindGraphActivity,
		entra.KindAzureActivity, entra.KindUnparsed, entra.KindCanary:
		return string(k)
	default:
		return string(k)
	}
}

// digest hashes the parts so that no two lists of parts come to the same bytes.
func digest(parts []string) []byte {
	h := sha256.New()
	var length [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}
