package sample

import (
	"fmt"
	"strings"
)

// Tenant is the organisation whose logs are invented.
type Tenant struct {
	ID, Name, Domain string
	InitialDomain    string   // the one that Microsoft gave, in which the break-glass accounts are named
	BreakGlass       []Person // bg-alpha, bg-bravo and bg-charlie
	Administrators   []Person
	People           []Person // everybody else
	Apps             []App    // the first ones are Microsoft's
	Places           []Place  // where people of the tenant work
	Policies         []Policy // 55 Conditional Access policies
	Groups           []Group
	ExclusionGroup   Group // excludes the break-glass accounts from the policies

	Subscription, ResourceGroup string
	HubNamespace, Storage, Site string // resource ids of Glasswatch's own resources
}

// Person is a user of the tenant.
type Person struct {
	ID, Name, UPN string
	Device        Device
	Place         Place
}

// App is an application or a resource that people sign in to.
type App struct {
	ID, Name                 string
	ResourceID, ResourceName string
}

// Place is a network address with its location.
type Place struct {
	Address, City, State, Country string
	Latitude, Longitude           float64
	Network                       int // autonomous system number
}

// Device is what somebody signs in with. Compliant is "yes", "no" or "unknown"; for "unknown" the
// log leaves the field out.
type Device struct {
	ID, Name, System, Browser, Trust, UserAgent string
	Compliant                                   string
}

// Policy is a Conditional Access policy.
type Policy struct {
	ID, Name string
	Grant    []string
}

// Group is a security group.
type Group struct{ ID, Name string }

func newTenant(g *Generator) *Tenant {
	t := &Tenant{
		ID: g.GUID(), Name: "Northwind Harbour", Domain: "northwind-harbour.example", InitialDomain: "northwindharbour.onmicrosoft.com",
		Subscription: g.GUID(), ResourceGroup: "rg-glasswatch",
	}
	t.Places = append(t.Places, places...)
	t.Apps = append(t.Apps, microsoftApps...)
	for _, name := range ownApps {
		t.Apps = append(t.Apps, App{g.GUID(), name, graphResource, "Microsoft Graph"})
	}
	for _, name := range []string{"bg-alpha", "bg-bravo", "bg-charlie"} {
		t.BreakGlass = append(t.BreakGlass, Person{
			ID: g.GUID(), Name: "Emergency access " + strings.TrimPrefix(name, "bg-"),
			UPN: name + "@" + t.InitialDomain, Place: t.Places[0], Device: unmanagedWindows(),
		})
	}
	for i := range 60 {
		p := newPerson(g, t, i)
		if i < 4 {
			t.Administrators = append(t.Administrators, p)
			continue
		}
		t.People = append(t.People, p)
	}
	for i := range 55 {
		t.Policies = append(t.Policies, newPolicy(g, i))
	}
	for _, name := range groupNames {
		t.Groups = append(t.Groups, Group{g.GUID(), name})
	}
	t.ExclusionGroup = Group{g.GUID(), "CA-Exclude-BreakGlass"}
	base := "/subscriptions/" + t.Subscription + "/resourceGroups/" + t.ResourceGroup + "/providers/"
	t.HubNamespace = base + "Microsoft.EventHub/namespaces/evhns-glasswatch"
	t.Storage = base + "Microsoft.Storage/storageAccounts/stglasswatch"
	t.Site = base + "Microsoft.Web/sites/func-glasswatch"
	return t
}

// AadResource is the resource id that Entra's own records carry.
func (t *Tenant) AadResource() string { return "/tenants/" + t.ID + "/providers/Microsoft.aadiam" }

// ResourceIDs are the resources that Glasswatch itself consists of.
func (t *Tenant) ResourceIDs() []string { return []string{t.HubNamespace, t.Storage, t.Site} }

func newPerson(g *Generator, t *Tenant, i int) Person {
	first, last := firstNames[i%len(firstNames)], lastNames[(i*7+i/len(firstNames))%len(lastNames)]
	d := pick(g, devices)
	d.ID = g.GUID()
	d.Name = fmt.Sprintf("NH-%s-%04d", strings.ToUpper(d.System[:3]), g.between(1, 9999))
	return Person{
		ID: g.GUID(), Name: first + " " + last,
		UPN:    strings.ToLower(first) + "." + strings.ToLower(last) + "@" + t.Domain,
		Device: d, Place: pick(g, t.Places),
	}
}

func newPolicy(g *Generator, i int) Policy {
	subject := policySubjects[i%len(policySubjects)]
	grant := policyGrants[i%len(policyGrants)]
	return Policy{
		ID: g.GUID(), Grant: grant.controls,
		Name: fmt.Sprintf("CA%03d-%s-%s-%s", 100+i, subject, grant.label, policyPlatforms[(i/5)%len(policyPlatforms)]),
	}
}

// Stranger invents an address that belongs to nobody in the tenant, from the ranges that RFC 5737
// keeps for documentation, with a location that looks real.
func (g *Generator) Stranger() Place {
	p := pick(g, farPlaces)
	p.Address = fmt.Sprintf("%s.%d", pick(g, []string{"203.0.113", "198.51.100", "192.0.2"}), g.between(1, 254))
	return p
}

// strangers invents n different addresses.
func (g *Generator) strangers(n int) []Place {
	out := make([]Place, 0, n)
	for i := range n {
		p := pick(g, farPlaces)
		// The three documentation ranges hold 762 addresses; beyond them the benchmark range (RFC 2544).
		if i < 762 {
			p.Address = fmt.Sprintf("%s.%d", []string{"203.0.113", "198.51.100", "192.0.2"}[i%3], 1+i/3)
		} else {
			p.Address = fmt.Sprintf("198.18.%d.%d", (i-762)/250%256, 1+(i-762)%250)
		}
		out = append(out, p)
	}
	return out
}

// inventedApps makes n applications with names of their own.
func (g *Generator) inventedApps(n int) []App {
	out := make([]App, 0, n)
	for i := range n {
		if i < len(g.Tenant.Apps) {
			out = append(out, g.Tenant.Apps[i])
			continue
		}
		out = append(out, App{g.GUID(), fmt.Sprintf("Line of business %d", i), graphResource, "Microsoft Graph"})
	}
	return out
}
