package entra

import (
	"slices"
	"strings"
)

// named says whether the party carries anything by which an account could be recognised.
func (p Party) named() bool {
	return p.ObjectID != "" || p.UserPrincipalName != "" || p.SignInIdentifier != "" || p.AlternateSignInName != ""
}

// fill puts a value that may be an object id, a user name or a display name where it belongs.
func (p *Party) fill(value string) {
	switch {
	case value == "":
	case isGUID(value):
		if p.ObjectID == "" {
			p.ObjectID = value
		}
	case strings.Contains(value, "@"):
		if p.UserPrincipalName == "" {
			p.UserPrincipalName = value
		}
	case p.DisplayName == "":
		p.DisplayName = value
	}
}

// settle makes up for producers that write an object id where the name belongs, or the reverse.
func (p *Party) settle() {
	if p.ObjectID == "" && isGUID(strings.TrimSpace(p.UserPrincipalName)) {
		p.ObjectID = strings.TrimSpace(p.UserPrincipalName)
	}
	if p.UserPrincipalName == "" && strings.Contains(p.ObjectID, "@") {
		p.UserPrincipalName = p.ObjectID
	}
}

// add appends a party that is named.
func (r *Record) add(p Party) {
	if p.settle(); p.named() {
		r.Parties = append(r.Parties, p)
	}
}

func (r *Record) namesSomebody() bool { return slices.ContainsFunc(r.Parties, Party.named) }

// sweepDepth bounds how deep sweep looks; real records have identities four levels down.
const sweepDepth = 12

// sweep finds the parties of a record whose form is not known: every object in it that has a
// field of the kind in which identities stand. It may find too much, never too little: what counts
// is whether one of them is watched.
func sweep(s source) []Party {
	var parties []Party
	sweepObject(s.top, RoleSubject, 0, &parties)
	if !s.flat {
		sweepObject(s.properties, RoleSubject, 1, &parties)
	}
	return parties
}

func sweepObject(o object, role Role, depth int, parties *[]Party) {
	p := identityIn(o)
	p.Role = role
	if p.settle(); p.named() && !slices.Contains(*parties, p) {
		*parties = append(*parties, p)
	}
	if depth == sweepDepth {
		return
	}
	for _, f := range o {
		name := strings.ToLower(string(f.name))
		if name == "properties" && depth == 0 {
			continue // looked at by itself
		}
		sweepValue(f.value, roleWithin(name, role), depth+1, parties)
	}
}

func sweepValue(value []byte, role Role, depth int, parties *[]Party) {
	if depth > sweepDepth {
		return
	}
	if text, ok := container(value, '{'); ok {
		sweepObject(fieldsOf(text), role, depth, parties)
	} else if text, ok := container(value, '['); ok {
		for element := range elements(text) {
			sweepValue(element, role, depth+1, parties)
		}
	}
}

// roleWithin guesses the part that the parties under a field play.
func roleWithin(name string, role Role) Role {
	switch {
	case strings.Contains(name, "target"), strings.Contains(name, "source"):
		return RoleTarget
	case strings.Contains(name, "initiat"), strings.Contains(name, "claim"), strings.Contains(name, "actor"), strings.Contains(name, "caller"):
		return RoleActor
	}
	return role
}

// identityIn reads the identity fields that one object has itself.
func identityIn(o object) Party {
	var p Party
	for _, f := range o {
		value := scalar(f.value)
		if value == "" {
			continue
		}
		switch name := strings.ToLower(string(f.name)); name {
		case "userid", "userobjectid", "userprincipalobjectid", "objectid", "oid", "principalid", "actorid", "id",
			"userkey", "user_id", "object_id", claimObjectID:
			if isGUID(value) && (p.ObjectID == "" || name != "id") {
				p.ObjectID = value
			} else if strings.Contains(value, "@") && p.UserPrincipalName == "" {
				p.UserPrincipalName = value
			}
		case "userprincipalname", "upn", "unique_name", "username", "user", "caller", "actor", "identity", "email", "mail",
			claimName, claimUPN:
			p.fill(value)
		case "signinidentifier":
			p.SignInIdentifier = value
		case "alternatesigninname":
			p.AlternateSignInName = value
		case "displayname", "userdisplayname":
			p.DisplayName = value
		}
	}
	return p
}

func isGUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (text[i] == '-') || !dash && !isHex(text[i]) {
			return false
		}
	}
	return true
}

// dashed puts the dashes into a GUID that is written without them.
func dashed(text string) string {
	if len(text) != 32 {
		return text
	}
	guid := strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
	if !isGUID(guid) {
		return text
	}
	return guid
}
