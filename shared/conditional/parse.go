package conditional

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// List is a list of ids or words. From JSON it also takes null, and a single string with commas,
// which is how Graph writes some sets. Ids are put in lower case; words keep theirs.
type List []string

// UnmarshalJSON reads a list of strings, one string, or null.
func (l *List) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*l = nil
		for part := range strings.SplitSeq(one, ",") {
			if part = plain(part); part != "" {
				*l = append(*l, part)
			}
		}
		return nil
	}
	var many []string
	if err := json.Unmarshal(data, &many); err != nil {
		return errors.New("read a list of a policy: it holds other things than text")
	}
	*l = make(List, 0, len(many))
	for _, item := range many {
		if item = plain(item); item != "" {
			*l = append(*l, item)
		}
	}
	return nil
}

func plain(item string) string {
	item = strings.TrimSpace(item)
	if len(item) == 36 && strings.Count(item, "-") == 4 {
		return strings.ToLower(item)
	}
	return item
}

// has says whether the list holds the item, whatever its case.
func (l List) has(item string) bool {
	return slices.ContainsFunc(l, func(s string) bool { return s == item || strings.EqualFold(s, item) })
}

// limits says whether the list narrows anything: it holds an item other than the one that means all.
func (l List) limits(everything string) bool { return len(l) > 0 && !l.has(everything) }

// ParsePolicy reads a policy as Microsoft Graph or an audit record writes it, which may be text
// within text. Fields and values that it does not know are listed in Policy.Unknown; a field of an
// unexpected kind is treated as unknown. The error says only that raw is no policy at all.
func ParsePolicy(raw []byte) (Policy, error) {
	text := raw
	for range 3 { // audit records quote the policy, some twice
		var inner string
		if json.Unmarshal(text, &inner) != nil {
			break
		}
		text = []byte(inner)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil || fields == nil {
		return Policy{}, errors.New("read a Conditional Access policy: it is no JSON object")
	}
	var unknown []string
	clean := sift(fields, policyShape, "", &unknown)
	type bare Policy // without UnmarshalJSON
	var p bare
	rewritten, err := json.Marshal(clean)
	if err != nil {
		return Policy{}, fmt.Errorf("read a Conditional Access policy: %w", err)
	}
	if err := json.Unmarshal(rewritten, &p); err != nil {
		return Policy{}, fmt.Errorf("read a Conditional Access policy: %w", err)
	}
	p.ID = plain(p.ID)
	policy := Policy(p)
	policy.Unknown = append(policy.Unknown, unknown...)
	policy.checkValues()
	slices.Sort(policy.Unknown)
	policy.Unknown = slices.Compact(policy.Unknown)
	return policy, nil
}

// UnmarshalJSON is ParsePolicy.
func (p *Policy) UnmarshalJSON(data []byte) (err error) {
	*p, err = ParsePolicy(data)
	return err
}

// kind is what a known field holds.
type kind int

const (
	ignored kind = iota // known, and without a bearing on who gets in
	text
	truthValue
	list
	object
	objects
)

// shape is a known field; fields are what an object may hold, by name in lower case.
type shape struct {
	kind   kind
	fields map[string]shape
}

func of(fields map[string]shape) shape { return shape{object, fields} }

var policyShape = map[string]shape{
	"id": {kind: text}, "displayname": {kind: text}, "state": {kind: text}, "unknownfields": {kind: list},
	"createddatetime": {}, "modifieddatetime": {}, "deleteddatetime": {}, "templateid": {}, "description": {}, "partialenablementstrategy": {},
	"conditions": of(map[string]shape{
		"users": of(map[string]shape{
			"includeusers": {kind: list}, "excludeusers": {kind: list}, "includegroups": {kind: list}, "excludegroups": {kind: list},
			"includeroles": {kind: list}, "excluderoles": {kind: list},
			"includeguestsorexternalusers": of(guestFields), "excludeguestsorexternalusers": of(guestFields),
		}),
		"applications": of(map[string]shape{
			"includeapplications": {kind: list}, "excludeapplications": {kind: list}, "includeuseractions": {kind: list},
			"includeauthenticationcontextclassreferences": {kind: list}, "applicationfilter": of(filterFields),
		}),
		"clientapplications": of(map[string]shape{
			"includeserviceprincipals": {kind: list}, "excludeserviceprincipals": {kind: list},
			"includeagentidserviceprincipals": {kind: list}, "excludeagentidserviceprincipals": {kind: list},
			"serviceprincipalfilter": of(filterFields), "agentidserviceprincipalfilter": of(filterFields),
		}),
		"clientapptypes":   {kind: list},
		"platforms":        of(map[string]shape{"includeplatforms": {kind: list}, "excludeplatforms": {kind: list}}),
		"locations":        of(map[string]shape{"includelocations": {kind: list}, "excludelocations": {kind: list}}),
		"devicestates":     of(map[string]shape{"includestates": {kind: list}, "excludestates": {kind: list}}),
		"userrisklevels":   {kind: list},
		"signinrisklevels": {kind: list}, "insiderrisklevels": {kind: list}, "serviceprincipalrisklevels": {kind: list}, "agentidrisklevels": {kind: list},
		"authenticationflows": of(map[string]shape{"transfermethods": {kind: list}}),
		"devices": of(map[string]shape{
			"devicefilter": of(filterFields), "includedevices": {kind: list}, "excludedevices": {kind: list},
			"includedevicestates": {kind: list}, "excludedevicestates": {kind: list},
		}),
	}),
	"grantcontrols": of(map[string]shape{
		"operator": {kind: text}, "builtincontrols": {kind: list}, "customauthenticationfactors": {kind: list}, "termsofuse": {kind: list},
		"authenticationstrength": of(map[string]shape{
			"id": {kind: text}, "displayname": {kind: text}, "allowedcombinations": {kind: list},
			"description": {}, "policytype": {}, "requirementssatisfied": {}, "createddatetime": {}, "modifieddatetime": {},
			"combinationconfigurations": {objects, map[string]shape{
				"@odata.type": {kind: text}, "id": {kind: text}, "appliestocombinations": {kind: list}, "allowedaaguids": {kind: list},
				"allowedissuerskis": {kind: list}, "allowedpolicyoids": {kind: list},
			}},
		}),
	}),
	"sessioncontrols": of(map[string]shape{
		"disableresiliencedefaults": {kind: truthValue},
		"signinfrequency":           of(map[string]shape{"isenabled": {kind: truthValue}, "frequencyinterval": {kind: text}, "type": {}, "value": {}, "authenticationtype": {}}),
		"persistentbrowser":         of(map[string]shape{"isenabled": {kind: truthValue}, "mode": {kind: text}}),
		"cloudappsecurity":          {}, "applicationenforcedrestrictions": {}, "continuousaccessevaluation": {}, "securesigninsession": {},
		"globalsecureaccessfilteringprofile": {},
	}),
}

var filterFields = map[string]shape{"mode": {kind: text}, "rule": {kind: text}}

var guestFields = map[string]shape{
	"guestorexternalusertypes": {kind: list},
	"externaltenants":          of(map[string]shape{"membershipkind": {kind: text}, "members": {kind: list}}),
}

// sift keeps the fields that are known and of the expected kind, and lists the others that hold
// anything.
func sift(fields map[string]json.RawMessage, known map[string]shape, path string, unknown *[]string) map[string]json.RawMessage {
	kept := map[string]json.RawMessage{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value, lower := fields[name], strings.ToLower(name)
		s, isKnown := known[lower]
		switch {
		case isKnown && s.kind == ignored, strings.Contains(name, "@odata.") && !isKnown:
		case !isKnown && empty(value), string(value) == "null":
		case !isKnown:
			*unknown = append(*unknown, path+name)
		default:
			if clean, ok := s.sift(value, path+name, unknown); ok {
				kept[lower] = clean
			} else {
				*unknown = append(*unknown, path+name)
			}
		}
	}
	return kept
}

// sift reads one known field; ok is false if it is of another kind than expected.
func (s shape) sift(value json.RawMessage, path string, unknown *[]string) (json.RawMessage, bool) {
	switch s.kind {
	case object:
		var fields map[string]json.RawMessage
		if json.Unmarshal(value, &fields) != nil {
			return nil, false
		}
		return encode(sift(fields, s.fields, path+".", unknown))
	case objects:
		var items []map[string]json.RawMessage
		if json.Unmarshal(value, &items) != nil {
			return nil, false
		}
		kept := make([]map[string]json.RawMessage, 0, len(items))
		for _, item := range items {
			kept = append(kept, sift(item, s.fields, path+".", unknown))
		}
		clean, err := json.Marshal(kept)
		return clean, err == nil
	case list:
		var l List
		return value, l.UnmarshalJSON(value) == nil
	case text:
		var t string
		return value, json.Unmarshal(value, &t) == nil
	case truthValue:
		var b bool
		return value, json.Unmarshal(value, &b) == nil
	case ignored:
		return nil, true
	default:
		return nil, false
	}
}

func encode(fields map[string]json.RawMessage) (json.RawMessage, bool) {
	clean, err := json.Marshal(fields)
	return clean, err == nil
}

// empty says whether a value asks for nothing, so that a field which is not known can be passed over.
func empty(value json.RawMessage) bool {
	switch strings.TrimSpace(string(value)) {
	case "null", "[]", "{}", `""`, "false":
		return true
	}
	return false
}

// checkValues lists the values that this program does not know.
func (p *Policy) checkValues() {
	if !slices.Contains([]State{Enabled, ReportOnly, Disabled}, p.State) {
		p.Unknown = append(p.Unknown, "state="+string(p.State))
		p.State = Enabled
	}
	for _, id := range p.Conditions.Users.IncludeUsers {
		if !isID(id) && !slices.Contains([]string{all, none, guestsWord, agentsWord}, id) {
			p.Unknown = append(p.Unknown, "conditions.users.includeUsers="+id)
		}
	}
	if p.Grant == nil {
		return
	}
	for _, control := range p.Grant.Controls {
		if _, known := controlWords[control]; !known {
			p.Unknown = append(p.Unknown, "grantControls.builtInControls="+control)
		}
	}
}

func isID(s string) bool { return len(s) == 36 && strings.Count(s, "-") == 4 }

// unknownUnder says whether something is not known whose path begins so.
func (p *Policy) unknownUnder(prefix string) bool {
	return slices.ContainsFunc(p.Unknown, func(path string) bool {
		return len(path) >= len(prefix) && strings.EqualFold(path[:len(prefix)], prefix)
	})
}
