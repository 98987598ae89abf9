package entra

import "strings"

// audit fills a directory audit record.
func (r *Record) audit(s source) {
	p := s.properties
	a := &Audit{
		Activity:      plainName(p.text("activityDisplayName")),
		AuditCategory: p.text("category"),
		Service:       p.text("loggedByService"),
		OperationType: p.text("operationType"),
		Result:        p.text("result", "resultType"),
		ResultReason:  p.text("resultReason", "resultDescription"),
		UserAgent:     p.text("userAgent"),
	}
	r.Audit = a
	if a.Activity == "" {
		a.Activity = plainName(r.Operation)
	}
	r.initiator(p.object("initiatedBy"), a)
	if a.IPAddress == "" {
		a.IPAddress = addressOf(s.top.text("callerIpAddress"))
	}
	for text := range p.list("targetResources") {
		if text[0] == '{' {
			r.target(fieldsOf(text), a)
		}
	}
	for text := range p.list("additionalDetails") {
		if text[0] != '{' {
			continue
		}
		o := fieldsOf(text)
		d := Detail{Key: o.text("key"), Value: scalarOrText(o.get("value"))}
		a.Details = append(a.Details, d)
		if a.UserAgent == "" && strings.EqualFold(d.Key, "User-Agent") {
			a.UserAgent = d.Value
		}
	}
}

// initiator reads who did it: a user, an application, or nobody.
func (r *Record) initiator(by object, a *Audit) {
	if user := by.object("user"); user != nil {
		party := Party{
			Role:              RoleActor,
			ObjectID:          user.text("id"),
			UserPrincipalName: user.text("userPrincipalName"),
			DisplayName:       user.text("displayName"),
			Type:              "User",
		}
		r.add(party)
		a.InitiatedByUser = party.named()
		a.IPAddress = addressOf(user.text("ipAddress"))
	}
	if app := by.object("app"); app != nil {
		a.ActorApp = app.text("displayName", "servicePrincipalName", "appId")
		r.add(Party{
			Role:        RoleActor,
			ObjectID:    app.text("servicePrincipalId", "id"),
			DisplayName: a.ActorApp,
			Type:        "ServicePrincipal",
		})
	}
}

// target reads one target resource. Every target has a party, also one without an id, so that
// TargetNames keeps step with them.
func (r *Record) target(o object, a *Audit) {
	party := Party{
		Role:              RoleTarget,
		ObjectID:          o.text("id"),
		UserPrincipalName: o.text("userPrincipalName"),
		DisplayName:       o.text("displayName"),
		Type:              o.text("type"),
	}
	r.Parties = append(r.Parties, party)
	name := party.DisplayName
	if name == "" {
		name = party.UserPrincipalName
	}
	a.TargetNames = append(a.TargetNames, name)
	a.TargetIsPolicy = a.TargetIsPolicy || strings.EqualFold(party.Type, "policy")
	for text := range o.list("modifiedProperties") {
		if text[0] != '{' {
			continue
		}
		change := fieldsOf(text)
		a.Changes = append(a.Changes, Change{
			Target: party.ObjectID,
			Name:   change.text("displayName"),
			Old:    decodedOnce(change.get("oldValue")),
			New:    decodedOnce(change.get("newValue")),
		})
	}
}

// decodedOnce returns a value of modifiedProperties: text that holds the JSON text of a string is
// decoded to it, anything else stays as written.
func decodedOnce(value []byte) string {
	text := scalarOrText(value)
	inner := strings.TrimSpace(text)
	if len(inner) < 2 || inner[0] != '"' {
		return text
	}
	if end, bad := skipString([]byte(inner), 0); bad != "" || end != len(inner) {
		return text
	}
	return string(unquote([]byte(inner)))
}

// scalarOrText is a scalar, or the JSON text of an object or array.
func scalarOrText(value []byte) string {
	if len(value) > 0 && (value[0] == '{' || value[0] == '[') {
		return string(value)
	}
	return scalar(value)
}

// plainName trims an activity's name and makes its dashes and blanks plain: producers use several.
func plainName(name string) string {
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		switch c {
		case '\u2010', '\u2011', '\u2012', '\u2013', '\u2014', '\u2015', '\u2212', '\ufe58', '\ufe63', '\uff0d':
			return '-'
		case '\u00a0', '\u2007', '\u202f':
			return ' '
		}
		return c
	}, name))
}
