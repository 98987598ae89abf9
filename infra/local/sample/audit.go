package sample

import (
	"fmt"
	"strings"
	"time"
)

// Target is what an audit record says was acted on.
type Target struct {
	ID, Name, UPN string
	Type          string // User, Group, Role, Policy, ServicePrincipal, …
	Changes       []Change
}

// Change is one modified property of a target. Old and New are JSON text, as on the wire; an empty
// one is written as null.
type Change struct{ Name, Old, New string }

// Audit says what an audit record shall hold. What is left empty, the generator chooses.
type Audit struct {
	Activity Activity // one of Activities, or any other
	At       time.Time
	By       Person // who did it; with no ID, ByApp
	ByApp    App    // which application did it; with no name either, an administrator did it
	Nobody   bool   // initiatedBy is {}
	From     Place
	Targets  []Target
	Result   string // "success" if empty
	Reason   string
	Details  [][2]string // additionalDetails
	// Correlation ties the records of one action together.
	Correlation string
	ID          string
}

// UserTarget names a person as the target of an audit record, in the case in which the directory
// keeps the name: on the wire it is not always lower case.
func UserTarget(p Person, changes ...Change) Target {
	local, domain, _ := strings.Cut(p.UPN, "@")
	return Target{ID: p.ID, UPN: strings.ToUpper(local[:1]) + local[1:] + "@" + domain, Type: "User", Changes: changes}
}

// Audit invents a record of the category AuditLogs.
func (g *Generator) Audit(a Audit) *Object {
	a = g.fillAudit(a)
	props := Obj(
		F("tenantId", Text(g.Tenant.ID)), F("resultType", Text("")), F("resultDescription", Text("")),
		F("operationName", Text(a.Activity.Name)), F("identity", Text("")), F("tenantGeo", Text("EU")),
		F("id", Text(a.ID)), F("category", Text(a.Activity.Category)), F("correlationId", Text(a.Correlation)),
		F("result", Text(a.Result)), F("resultReason", Text(a.Reason)),
		F("activityDisplayName", Text(a.Activity.Name)), F("activityDateTime", stampOffset(a.At)),
		F("loggedByService", Text(a.Activity.Service)), F("operationType", Text(a.Activity.Operation)),
		F("userAgent", Null{}), F("initiatedBy", initiatedBy(a)), F("targetResources", targets(a.Targets)),
		F("additionalDetails", details(a.Details)),
	)
	return Obj(
		F("time", stamp(a.At)), // equals activityDateTime in audit logs
		F("resourceId", Text(g.Tenant.AadResource())),
		F("operationName", Text(a.Activity.Name)), F("operationVersion", Text("1.0")),
		F("category", Text(AuditLogs)), F("tenantId", Text(g.Tenant.ID)),
		F("resultSignature", Text("None")), F("durationMs", Int(0)),
		F("callerIpAddress", Text(a.From.Address)), F("correlationId", Text(a.Correlation)),
		F("Level", Int(4)), F("properties", props),
	)
}

func (g *Generator) fillAudit(a Audit) Audit {
	if a.Activity == (Activity{}) {
		a.Activity = pick(g, Activities)
	}
	if a.By.ID == "" && a.ByApp.Name == "" && !a.Nobody {
		a.By = pick(g, g.Tenant.Administrators)
	}
	if a.From == (Place{}) {
		a.From = a.By.Place
	}
	a.At = g.moment(a.At)
	a.Result = or(a.Result, "success")
	a.Correlation = or(a.Correlation, g.GUID())
	if len(a.Targets) == 0 {
		a.Targets = []Target{g.anyTarget(a.Activity.Target)}
	}
	if len(a.Details) == 0 {
		a.Details = [][2]string{{"User-Agent", or(a.By.Device.UserAgent, "EvoSTS")}}
	}
	if a.ID == "" {
		switch a.Activity.Service {
		case "Conditional Access", "PIM":
			prefix := map[string]string{"Conditional Access": "IPCGraph", "PIM": "PIM"}[a.Activity.Service]
			a.ID = prefix + "_" + g.GUID()
		default:
			a.ID = fmt.Sprintf("Directory_%s_%s_%d", a.Correlation, strings.ToUpper(g.hex(5)), g.between(10_000_000, 999_999_999))
		}
	}
	return a
}

func (g *Generator) anyTarget(kind string) Target {
	switch kind {
	case "User":
		return UserTarget(pick(g, g.Tenant.People))
	case "Group":
		gr := pick(g, g.Tenant.Groups)
		return Target{ID: gr.ID, Name: gr.Name, Type: "Group"}
	case "Policy":
		p := pick(g, g.Tenant.Policies)
		return Target{ID: p.ID, Name: p.Name, Type: "Policy"}
	default:
		return Target{ID: g.GUID(), Name: "Harbour " + strings.ToLower(kind), Type: kind}
	}
}

func initiatedBy(a Audit) *Object {
	switch {
	case a.Nobody:
		return Obj()
	case a.By.ID != "":
		return Obj(F("user", Obj(
			F("id", Text(a.By.ID)), F("displayName", Null{}), F("userPrincipalName", Text(a.By.UPN)),
			F("ipAddress", Text(a.From.Address)), F("roles", Array{}),
		)))
	default:
		return Obj(F("app", Obj(
			F("appId", Text(a.ByApp.ID)), F("displayName", Text(a.ByApp.Name)),
			F("servicePrincipalId", Text(a.ByApp.ResourceID)), F("servicePrincipalName", Null{}),
		)))
	}
}

func targets(list []Target) Array {
	out := Array{}
	for _, t := range list {
		var name Value = Null{}
		if t.Name != "" {
			name = Text(t.Name)
		}
		o := Obj(F("id", Text(t.ID)), F("displayName", name), F("type", Text(t.Type)))
		if t.UPN != "" {
			o.Set("userPrincipalName", Text(t.UPN))
		}
		if t.Type == "Group" {
			o.Set("groupType", Text("unknownFutureValue"))
		}
		changes := Array{}
		for _, c := range t.Changes {
			changes = append(changes, Obj(F("displayName", Text(c.Name)), F("oldValue", textOrNull(c.Old)), F("newValue", textOrNull(c.New))))
		}
		o.Set("modifiedProperties", changes).Set("administrativeUnits", Array{})
		out = append(out, o)
	}
	return out
}

func textOrNull(s string) Value {
	if s == "" {
		return Null{}
	}
	return Text(s)
}

// quoted is s as JSON text, the way modified properties hold strings.
func quoted(s string) string { return string(Text(s).appendTo(nil)) }

func details(pairs [][2]string) Array {
	out := Array{}
	for _, p := range pairs {
		out = append(out, Obj(F("key", Text(p[0])), F("value", Text(p[1]))))
	}
	return out
}
