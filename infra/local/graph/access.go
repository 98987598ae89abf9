package graph

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// roles answers for assignments of directory roles: it knows the filters by principal and by role,
// and expands one thing.
func (s *Server) roles(from func(*Tenant) []Object, premium bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if premium && !look(s, (*Tenant).premium) {
			f := Unlicensed("")
			refuse(w, f.Status, f.Code, f.Text)
			return
		}
		field, value, ok := strings.Cut(r.URL.Query().Get("$filter"), " eq ")
		if !ok || field != "principalId" && field != "roleDefinitionId" {
			refuse(w, http.StatusBadRequest, "InvalidFilter", "The filter is invalid.")
			return
		}
		expand := r.URL.Query().Get("$expand")
		s.list(w, r, look(s, func(t *Tenant) []Object {
			var found []Object
			for _, o := range from(t) {
				if !strings.EqualFold(text(o[field]), strings.Trim(value, "'")) {
					continue
				}
				o = deep(o)
				switch expand {
				case "roleDefinition":
					o["roleDefinition"] = find(t.RoleDefinitions, text(o["roleDefinitionId"]))
				case "principal":
					o["principal"] = t.anything(text(o["principalId"]))
				}
				found = append(found, o)
			}
			return copies(found)
		}))
	}
}

// premium says whether the tenant has Entra ID P2.
func (t *Tenant) premium() bool {
	return slices.ContainsFunc(t.SubscribedSKUs, func(sku Object) bool {
		return slices.ContainsFunc(items(sku["servicePlans"]), func(plan any) bool {
			p, _ := plan.(map[string]any)
			return p["servicePlanName"] == "AAD_PREMIUM_P2" && p["provisioningStatus"] == "Success"
		})
	})
}

// plainAssignments are the assignments as tenants without P2 see them: nothing about times.
func plainAssignments(t *Tenant) []Object {
	var found []Object
	for _, o := range t.ActiveRoles {
		found = append(found, picked(o, "id,principalId,roleDefinitionId,directoryScopeId"))
	}
	return found
}

type question struct {
	Identity struct {
		Type   string `json:"@odata.type"`
		UserID string `json:"userId"`
	} `json:"signInIdentity"`
	Context struct {
		Type         string   `json:"@odata.type"`
		Applications []string `json:"includeApplications"`
	} `json:"signInContext"`
	Conditions *struct {
		Platform string `json:"devicePlatform"`
		Client   string `json:"clientAppType"`
		Risk     string `json:"signInRiskLevel"`
		UserRisk string `json:"userRiskLevel"`
		Country  string `json:"country"`
		Address  string `json:"ipAddress"`
		Flow     struct {
			Transfer string `json:"transferMethod"`
		} `json:"authenticationFlow"`
		Device struct {
			Compliant *bool `json:"isCompliant"`
		} `json:"deviceInfo"`
	} `json:"signInConditions"`
	AppliedOnly bool `json:"appliedPoliciesOnly"`
}

// evaluate is What If. It works nothing out: it looks up what Tenant.WhatIf says.
func (s *Server) evaluate(w http.ResponseWriter, r *http.Request) {
	var q question
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&q); err != nil {
		refuse(w, http.StatusBadRequest, "BadRequest", "Unable to read JSON request payload: "+err.Error())
		return
	}
	if complaint := q.complaint(); complaint != "" {
		refuse(w, http.StatusBadRequest, "BadRequest", complaint)
		return
	}
	if look(s, func(t *Tenant) Object { return find(t.Users, q.Identity.UserID) }) == nil {
		notFound(w, q.Identity.UserID)
		return
	}
	s.list(w, r, look(s, func(t *Tenant) []Object {
		found := []Object{}
		for _, p := range t.Policies {
			i := slices.IndexFunc(t.WhatIf, func(a Applies) bool { return a.Policy == p["id"] && a.fits(q) })
			reasons := "notSet"
			if i >= 0 && t.WhatIf[i].Reasons != "" {
				reasons = t.WhatIf[i].Reasons
			} else if i < 0 {
				reasons = "users"
			}
			if i >= 0 || !q.AppliedOnly {
				found = append(found, with(with(deep(p), "policyApplies", i >= 0), "analysisReasons", reasons))
			}
		}
		return found
	}))
}

func (q question) complaint() string {
	address, err := netip.ParseAddr("0.0.0.0")
	if q.Conditions != nil {
		address, err = netip.ParseAddr(q.Conditions.Address)
	}
	switch {
	case q.Identity.Type != "#microsoft.graph.userSignIn" || q.Identity.UserID == "":
		return "signInIdentity is required."
	case q.Context.Type != "#microsoft.graph.applicationContext" || len(q.Context.Applications) == 0:
		return "signInContext is required."
	case q.Conditions == nil:
		return "signInConditions is required."
	case err != nil || !address.IsValid() || len(q.Conditions.Country) != 2:
		return "ipAddress and country are not valid."
	case !slices.Contains([]string{"windows", "macOS", "linux", "iOS", "android", "windowsPhone"}, q.Conditions.Platform):
		return "devicePlatform is not valid."
	case !slices.Contains([]string{"browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "other"}, q.Conditions.Client):
		return "clientAppType is not valid."
	}
	return ""
}

func (a Applies) fits(q question) bool {
	return strings.EqualFold(a.User, q.Identity.UserID) && (a.Application == "" || slices.Contains(q.Context.Applications, a.Application)) &&
		(a.Client == "" || a.Client == q.Conditions.Client) && (a.Platform == "" || a.Platform == q.Conditions.Platform)
}
