package graph

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"glasswatch/shared/posture"
)

// together is how many accounts are read at the same time.
const together = 4

// Collect reads everything that posture.Sections names and that comes from Graph. It never fails as
// a whole: each section is read, or says why it was not, and one that fails hides no other. The
// number of requests, repeated ones included, is in the snapshot. End ctx to end the reading: what
// was not read by then says so.
func (c *Collector) Collect(ctx context.Context) posture.Snapshot {
	before := c.calls.Load()
	s := posture.Snapshot{At: c.options.Now().UTC(), TenantID: c.options.TenantID}
	for _, account := range c.options.Accounts {
		s.Accounts = append(s.Accounts, posture.Account{ID: strings.ToLower(account.ID), Name: account.Name})
	}
	s.Licences = section(posture.LicencesSection, func() (posture.Licences, error) { return c.licences(ctx) })

	var readers sync.WaitGroup
	readers.Go(func() { c.collectTenant(ctx, &s) })
	room := make(chan struct{}, together)
	network := sync.OnceValues(func() (string, error) { return c.trustedAddress(ctx) })
	for i := range s.Accounts {
		readers.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			c.collectAccount(ctx, &s.Accounts[i], c.options.Accounts[i].UserPrincipalName, s.Licences, network)
		})
	}
	readers.Wait()

	s.Groups = c.exclusionGroups(ctx, s)
	s.GraphCalls = int(c.calls.Load() - before)
	return s
}

// exclusionGroups reads the groups that exclude an account, which policies and memberships tell. If
// these were not read, no list of groups is whole, and an empty one would look as if none mattered.
// Without a licence for Conditional Access there are no policies to ask.
func (c *Collector) exclusionGroups(ctx context.Context, s posture.Snapshot) posture.Section[[]posture.Group] {
	unknown := s.Policies.Gap
	if s.Policies.Read || unknown.Reason == posture.NoLicence {
		unknown = posture.Gap{}
	}
	for _, a := range s.Accounts {
		if !a.Memberships.Read && a.Memberships.Gap.Reason != posture.Gone {
			unknown = cmp.Or(unknown, a.Memberships.Gap)
		}
	}
	if unknown != (posture.Gap{}) {
		unknown.Detail = "which groups exclude the accounts is not known: " + unknown.Detail
		return posture.Missed[[]posture.Group](unknown)
	}
	return section(posture.GroupsSection, func() ([]posture.Group, error) {
		ids := posture.ExclusionGroups(s, c.options.Policy)
		for i := range ids {
			ids[i] = strings.ToLower(ids[i]) // the settings may write them otherwise than the policies
		}
		slices.Sort(ids)
		return c.groupsOf(ctx, slices.Compact(ids))
	})
}

func (c *Collector) collectTenant(ctx context.Context, s *posture.Snapshot) {
	s.Policies = section(posture.PoliciesSection, func() ([]policy, error) { return c.policies(ctx) })
	s.Strengths = section(posture.StrengthsSection, func() ([]strength, error) { return c.strengths(ctx) })
	s.MethodPolicy = section(posture.MethodPolicySection, func() (posture.MethodPolicy, error) { return c.methodPolicy(ctx) })
	s.SecurityDefaults = section(posture.SecurityDefaultsSection, func() (posture.SecurityDefaults, error) { return c.securityDefaults(ctx) })
	s.Domains = section(posture.DomainsSection, func() ([]posture.Domain, error) { return c.domains(ctx) })
	s.Administrators = section(posture.AdministratorsSection, func() ([]posture.Administrator, error) { return c.administrators(ctx, s.Licences) })
	s.RecentChanges = section(posture.RecentChangesSection, func() ([]posture.RecentChange, error) { return c.recentChanges(ctx, s.At) })
}

func (c *Collector) collectAccount(ctx context.Context, a *posture.Account, name string, licences posture.Section[posture.Licences], network func() (string, error)) {
	a.User = section(posture.UserSection, func() (posture.User, error) { return c.user(ctx, a.ID, name) })
	if a.User.Read && !a.User.Value.Found {
		gone := posture.Gap{Reason: posture.Gone, Detail: "the account does not exist"}
		a.Memberships, a.Methods = posture.Missed[posture.Memberships](gone), posture.Missed[[]posture.Method](gone)
		a.Roles, a.Eligible = posture.Missed[[]posture.RoleHeld](gone), posture.Missed[[]posture.RoleHeld](gone)
		a.PerUserMFA, a.WhatIf = posture.Missed[posture.PerUserMFA](gone), posture.Missed[[]posture.WhatIfAnswer](gone)
		return
	}
	a.Memberships = section(posture.MembershipsSection, func() (posture.Memberships, error) { return c.memberships(ctx, a.ID) })
	a.Methods = section(posture.MethodsSection, func() ([]posture.Method, error) { return c.methods(ctx, a.ID) })
	a.Roles = section(posture.RolesSection, func() ([]posture.RoleHeld, error) { return c.roles(ctx, a.ID, licences) })
	a.Eligible = section(posture.EligibleSection, func() ([]posture.RoleHeld, error) { return c.eligible(ctx, a.ID, licences) })
	a.PerUserMFA = section(posture.PerUserMFASection, func() (posture.PerUserMFA, error) { return c.perUserMFA(ctx, a.ID) })
	a.WhatIf = section(posture.WhatIfSection, func() ([]posture.WhatIfAnswer, error) { return c.whatIf(ctx, a.ID, network) })
}

// section reads one section, or says why it could not. The SDK indexes what it did not check (the
// claims in WWW-Authenticate, for one): what it panics over is a fault of that section alone.
func section[T any](name posture.SectionName, read func() (T, error)) (result posture.Section[T]) {
	i := slices.IndexFunc(posture.Sections, func(s posture.SectionInfo) bool { return s.Name == name })
	defer func() {
		if trouble := recover(); trouble != nil {
			result = posture.Missed[T](gap(posture.Sections[i], fmt.Errorf("the Graph SDK failed: %v", trouble)))
		}
	}()
	value, err := read()
	if err != nil {
		return posture.Missed[T](gap(posture.Sections[i], err))
	}
	return posture.Got(value)
}
