package entra

import (
	"strconv"
	"strings"
	"time"
)

const faultProperties fault = "properties"

// A source is the record while it is read: its own fields, and those of its properties. In a flat
// row and in a record without properties both are the same.
type source struct {
	top, properties object
	flat            bool
}

// text looks in the properties first, then at the top.
func (s source) text(names ...string) string {
	if t := s.properties.text(names...); t != "" || s.flat {
		return t
	}
	return s.top.text(names...)
}

// newRecord reads one valid JSON object, which it keeps.
func newRecord(raw []byte) (Record, fault) {
	s := source{top: fieldsOf(raw)}
	r := Record{Raw: raw, Properties: raw}
	switch value := s.top.get("properties"); {
	case value == nil:
		s.flat = true
	case value[0] == '{':
		r.Properties = value
	default:
		text, ok := container(value, '{')
		if !ok && scalar(value) != "" {
			return Record{}, faultProperties
		}
		if !ok { // an empty string, or a list: nothing that we know how to read
			s.flat = true
			break
		}
		r.Properties = text
	}
	s.properties = s.top
	if !s.flat {
		s.properties = fieldsOf(r.Properties)
	}
	r.common(s)
	r.detail(s)
	if !r.namesSomebody() && r.Kind != KindCanary {
		r.Parties = append(r.Parties, sweep(s)...)
	}
	return r, ""
}

// common fills what all records have.
func (r *Record) common(s source) {
	table := ""
	if s.flat {
		table = s.top.text("Type")
	}
	r.Kind, r.Category, _ = classify(categoryOf(s.top), table)
	r.Operation = named(s.top, "operationName", "operationNameValue")
	if r.Operation == "" && s.flat {
		r.Operation = s.top.text("activityDisplayName")
	}
	r.ResourceID = s.top.text("resourceId", "_ResourceId")
	r.TenantID = s.top.text("AADTenantId", "tenantId")
	if r.TenantID == "" {
		r.TenantID = tenantOf(r.ResourceID)
	}
	r.CorrelationID = s.text("correlationId")
	created, activity := s.text("createdDateTime"), s.text("activityDateTime")
	if !s.flat || table == "" {
		r.Logged = parseTime(s.top.text("time"))
	}
	r.Happened = firstTime(created, activity)
	if r.Happened.IsZero() {
		r.Happened = r.Logged
	}
	if r.Happened.IsZero() {
		r.Happened = firstTime(s.text("timeGenerated"), s.text("eventTimestamp"), s.text("detectedDateTime"),
			s.text("riskLastUpdatedDateTime"), s.text("lastUpdatedDateTime"))
	}
	r.ID = s.properties.text("id")
}

// detail fills what only this kind of record has.
func (r *Record) detail(s source) {
	switch r.Kind {
	case KindSignIn, KindNonInteractiveSignIn, KindServicePrincipalSignIn:
		r.signIn(s)
	case KindAudit:
		r.audit(s)
	case KindRiskyUser, KindRiskEvent:
		r.risk(s)
	case KindGraphActivity:
		r.graphActivity(s)
	case KindAzureActivity:
		r.azureActivity(s)
	case KindCanary:
		r.Canary = &Canary{Nonce: s.properties.text("nonce")}
		if r.ID == "" {
			r.ID = r.Canary.Nonce
		}
	case KindUnparsed:
		r.Parties = sweep(s)
		if r.ID == "" {
			r.ID = occurrence(r, s)
		}
	}
}

// occurrence makes an id for a record without one from what tells two occurrences of the same
// thing apart. The properties alone do not: two deletions of one resource have the same.
func occurrence(r *Record, s source) string {
	when := r.Happened.Format(time.RFC3339Nano)
	if r.Happened.IsZero() {
		when = s.top.text("time")
	}
	parts := []string{r.CorrelationID, r.Operation, named(s.top, "resultType", "status"), s.top.text("resultSignature"), when}
	if r.CorrelationID == "" && when == "" {
		return ""
	}
	return strings.Join(parts, "|")
}

// categoryOf returns the category as written, from the first field that carries one. It is the
// first and not the last, so that the raw scan, which reads only a record's beginning, agrees.
func categoryOf(top object) string {
	for _, name := range [...]string{"category", "categoryValue"} {
		for _, f := range top {
			if !equalFold(f.name, name) {
				continue
			}
			if t := scalarOrName(f.value); t != "" {
				return t
			}
		}
	}
	return ""
}

// named returns the first named value, also where REST-shaped records have an object with
// the value in it.
func named(o object, names ...string) string {
	for _, name := range names {
		if t := scalarOrName(o.get(name)); t != "" {
			return t
		}
	}
	return ""
}

func scalarOrName(value []byte) string {
	if t := scalar(value); t != "" || len(value) == 0 || value[0] != '{' {
		return t
	}
	return fieldsOf(value).text("value", "localizedValue", "name")
}

// tenantOf finds the tenant in a resource id such as /tenants/<id>/providers/Microsoft.aadiam.
func tenantOf(resourceID string) string {
	parts := strings.Split(resourceID, "/")
	if len(parts) > 2 && strings.EqualFold(parts[1], "tenants") {
		return parts[2]
	}
	return ""
}

// integer reads an integer, also when it came as text or with a fraction of zero.
func integer(text string) (int, bool) {
	text = strings.TrimSpace(text)
	if n, err := strconv.Atoi(text); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != float64(int32(f)) {
		return 0, false
	}
	return int(f), true
}

// truth reads a bool, also when it came as text; nil means that the record does not say.
func truth(text string) *bool {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "1":
		return new(true)
	case "false", "0":
		return new(false)
	}
	return nil
}

// addressOf leaves out the words that old records have in place of an address.
func addressOf(text string) string {
	if text = strings.TrimSpace(text); text == "<null>" || text == "null" {
		return ""
	}
	return text
}
