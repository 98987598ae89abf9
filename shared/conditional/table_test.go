package conditional_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/conditional"
)

// Who is who in the table.
const (
	alpha     = "11111111-aaaa-4aaa-8aaa-0123456789ab"
	beta      = "22222222-bbbb-4bbb-8bbb-0123456789ab"
	stranger  = "99999999-cccc-4ccc-8ccc-0123456789ab"
	dedicated = "d0000000-0000-4000-8000-000000000001" // the group that is there to exclude
	other     = "d0000000-0000-4000-8000-000000000002" // another group that alpha is in
	nested    = "d0000000-0000-4000-8000-000000000003" // a group that holds a group that alpha is in
	foreign   = "d0000000-0000-4000-8000-000000000004" // a group that alpha is not in
	admin     = "62e90394-69f5-4237-9190-012177145e10" // Global Administrator
	reader    = "f2ef992c-3afb-46b9-b7cf-a126ee74c451" // Global Reader
	yubikey   = "fa2b99dc-9e39-4257-8f92-4a30d23c4118"
	feitian   = "12ded745-4bed-47d4-abaa-e713f51d6393"
	homeID    = "77777777-7777-4777-8777-777777777777"
	policyID  = "aaaaaaaa-0000-4000-8000-00000000000a"
	strongMFA = `"authenticationStrength":{"id":"00000000-0000-0000-0000-000000000004","displayName":"Phishing-resistant MFA"}`
)

// break-glass account alpha: one FIDO2 key, Global Administrator, in three groups.
func subject() conditional.Subject {
	return conditional.Subject{
		ID:      alpha,
		Groups:  map[string]conditional.Nesting{dedicated: conditional.DirectMember, other: conditional.DirectMember, nested: conditional.NestedMember},
		Roles:   []string{admin},
		Methods: []conditional.Method{{Kind: conditional.Password}, {Kind: conditional.FIDO2, AAGUID: yubikey}},
	}
}

func settings() conditional.Settings {
	return conditional.Settings{Mode: conditional.Strict, ExclusionGroups: conditional.List{dedicated}}
}

// source is a policy by its parts, each a piece of Graph's JSON.
type source struct{ users, conditions, grant, session, state string }

func (s source) json() string {
	state := s.state
	if state == "" {
		state = "enabled"
	}
	conditions := s.conditions
	if conditions == "" {
		conditions = `"applications":{"includeApplications":["All"]},"clientAppTypes":["all"]`
	}
	parts := []string{
		fmt.Sprintf(`"id":%q,"displayName":"P","state":%q`, policyID, state),
		fmt.Sprintf(`"conditions":{"users":{%s},%s}`, s.users, conditions),
	}
	if s.grant != "" {
		parts = append(parts, fmt.Sprintf(`"grantControls":{%s}`, s.grant))
	}
	if s.session != "" {
		parts = append(parts, fmt.Sprintf(`"sessionControls":{%s}`, s.session))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func parse(t testing.TB, text string) *conditional.Policy {
	t.Helper()
	p, err := conditional.ParsePolicy([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return &p
}

func one(field, id string) string { return fmt.Sprintf(`%q:[%q]`, field, id) }

const (
	everyone  = `"includeUsers":["All"]`
	mfa       = `"operator":"OR","builtInControls":["mfa"]`
	block     = `"operator":"OR","builtInControls":["block"]`
	anyApp    = `"applications":{"includeApplications":["All"]}`
	compliant = `"operator":"OR","builtInControls":["compliantDevice"]`
)

func strength(combinations, configurations string) string {
	return fmt.Sprintf(`"operator":"OR","authenticationStrength":{"id":"5eeeeeee-0000-4000-8000-000000000001","displayName":"Ours","allowedCombinations":[%s],"combinationConfigurations":%s}`, combinations, configurations)
}

func keysOnly(aaguid string) string {
	return fmt.Sprintf(`[{"@odata.type":"#microsoft.graph.fido2CombinationConfiguration","appliesToCombinations":["fido2"],"allowedAAGUIDs":[%q]}]`, aaguid)
}

type (
	change   func(*conditional.Subject)
	expected struct {
		relation    conditional.Relation
		consequence conditional.Consequence
		certain     bool
		label       conditional.Label
	}
)

func methods(list ...conditional.Method) change {
	return func(s *conditional.Subject) { s.Methods = list }
}

func kinds(list ...conditional.MethodKind) change {
	return func(s *conditional.Subject) {
		s.Methods = nil
		for _, k := range list {
			s.Methods = append(s.Methods, conditional.Method{Kind: k})
		}
	}
}

func guest(kind conditional.GuestKind, home string) change {
	return func(s *conditional.Subject) { s.Guest, s.HomeTenant = kind, home }
}

func certificate(multiFactor *bool, skis ...string) change {
	return methods(conditional.Method{Kind: conditional.X509, Certificate: &conditional.Certificate{MultiFactor: multiFactor, IssuerSKIs: skis}})
}

const (
	excludedDirect = conditional.ExcludedDirect
	notIncluded    = conditional.NotIncluded
	targeted       = conditional.Targeted
	unclear        = conditional.Unclear
	blocks         = conditional.Block
	unsatisfiable  = conditional.Unsatisfiable
	satisfiable    = conditional.Satisfiable
	sessionOnly    = conditional.SessionOnly
	uncertain      = conditional.Uncertain
	plain          = conditional.PlainSignIn
	protected      = conditional.ProtectedAction
	userAction     = conditional.UserAction
)

// The expectations are written by hand from the posture catalogue, 3.0, and its traps.
var policies = []struct {
	name   string
	source source
	change change
	want   expected
}{
	// Whom it is for.
	{"all users, block", source{users: everyone, grant: block}, nil, expected{targeted, blocks, true, plain}},
	{"the account by id", source{users: one("includeUsers", alpha), grant: block}, nil, expected{targeted, blocks, true, plain}},
	{"the account by id in capitals", source{users: one("includeUsers", strings.ToUpper(alpha)), grant: block}, nil, expected{targeted, blocks, true, plain}},
	{"somebody else by id", source{users: one("includeUsers", beta), grant: block}, nil, expected{relation: notIncluded}},
	{"a group of the account", source{users: one("includeGroups", other), grant: block}, nil, expected{targeted, blocks, true, plain}},
	{"a group that holds a group of the account", source{users: one("includeGroups", nested), grant: block}, nil, expected{targeted, blocks, true, plain}},
	{"a group of others", source{users: one("includeGroups", foreign), grant: block}, nil, expected{relation: notIncluded}},
	{"administrators by role template", source{users: one("includeRoles", admin), grant: mfa}, nil, expected{targeted, satisfiable, true, plain}},
	{"another role", source{users: one("includeRoles", reader), grant: block}, nil, expected{relation: notIncluded}},
	{"guests, and the account is none", source{users: `"includeUsers":["GuestsOrExternalUsers"]`, grant: block}, nil, expected{relation: notIncluded}},
	{"guests, and the account is one", source{users: `"includeUsers":["GuestsOrExternalUsers"]`, grant: block}, guest(conditional.InternalGuest, ""), expected{targeted, blocks, true, plain}},
	{"internal guests by kind", source{users: `"includeGuestsOrExternalUsers":{"guestOrExternalUserTypes":"internalGuest,serviceProvider"}`, grant: block}, guest(conditional.InternalGuest, ""), expected{targeted, blocks, true, plain}},
	{"other kinds of guest", source{users: `"includeGuestsOrExternalUsers":{"guestOrExternalUserTypes":"b2bCollaborationGuest,serviceProvider"}`, grant: block}, guest(conditional.InternalGuest, ""), expected{relation: notIncluded}},
	{"guests of organisations, ours unknown", source{users: guestsOf("include", homeID), grant: block}, guest(conditional.B2BCollaborationGuest, ""), expected{unclear, blocks, true, plain}},
	{"guests of our organisation", source{users: guestsOf("include", homeID), grant: block}, guest(conditional.B2BCollaborationGuest, homeID), expected{targeted, blocks, true, plain}},
	{"guests of another organisation", source{users: guestsOf("include", stranger), grant: block}, guest(conditional.B2BCollaborationGuest, homeID), expected{relation: notIncluded}},
	{"guests, and whether the account is one is not known", source{users: `"includeUsers":["GuestsOrExternalUsers"]`, grant: block}, func(s *conditional.Subject) { s.Unread.Guest = true }, expected{unclear, blocks, true, plain}},
	{"nobody", source{users: `"includeUsers":["None"]`, grant: block}, nil, expected{relation: conditional.NotForUsers}},
	{"nobody by name but administrators by role", source{users: `"includeUsers":["None"],` + one("includeRoles", admin), grant: block}, nil, expected{targeted, blocks, true, plain}},
	{"workload identities", source{users: `"includeUsers":["None"]`, conditions: anyApp + `,"clientApplications":{"includeServicePrincipals":["ServicePrincipalsInMyTenant"]}`, grant: block}, nil, expected{relation: conditional.NotForUsers}},
	{"agents, a field of additional data", source{users: `"includeUsers":["None"]`, conditions: anyApp + `,"clientApplications":{"includeAgentIdServicePrincipals":["All"]}`, grant: block}, nil, expected{relation: conditional.NotForUsers}},
	{"users of agents", source{users: `"includeUsers":["AllAgentIdUsers"]`, grant: block}, nil, expected{relation: conditional.NotForUsers}},
	{"workload identities and, oddly, all users", source{users: everyone, conditions: anyApp + `,"clientApplications":{"includeServicePrincipals":["ServicePrincipalsInMyTenant"]}`, grant: block}, nil, expected{targeted, blocks, true, plain}},
	{"an unknown way to include", source{users: `"includeRobots":["x"]`, grant: block}, nil, expected{unclear, blocks, true, plain}},
	{"an unknown word for users", source{users: `"includeUsers":["AllHumans"]`, grant: block}, nil, expected{unclear, blocks, true, plain}},
	{"an unknown way to include that is empty", source{users: one("includeUsers", beta) + `,"includeRobots":[]`, grant: block}, nil, expected{relation: notIncluded}},
	{"groups that could not be read", source{users: one("includeGroups", foreign), grant: block}, func(s *conditional.Subject) { s.Unread.Groups = true }, expected{unclear, blocks, true, plain}},
	{"roles that could not be read", source{users: one("includeRoles", reader), grant: block}, func(s *conditional.Subject) { s.Unread.Roles = true }, expected{unclear, blocks, true, plain}},

	// Who is excluded.
	{"excluded by id", source{users: everyone + "," + one("excludeUsers", alpha), grant: block}, nil, expected{relation: excludedDirect}},
	{"another account is excluded", source{users: everyone + "," + one("excludeUsers", beta), grant: block}, nil, expected{targeted, blocks, true, plain}},
	{"excluded by the dedicated group", source{users: everyone + "," + one("excludeGroups", dedicated), grant: block}, nil, expected{relation: conditional.ExcludedDedicatedGroup}},
	{"excluded by another group", source{users: everyone + "," + one("excludeGroups", other), grant: block}, nil, expected{relation: conditional.ExcludedOtherGroup}},
	{"excluded by a group in a group", source{users: everyone + "," + one("excludeGroups", nested), grant: block}, nil, expected{relation: conditional.ExcludedNestedGroup}},
	{"excluded by role, with every other administrator", source{users: everyone + "," + one("excludeRoles", admin), grant: block}, nil, expected{relation: conditional.ExcludedRole}},
	{"a role that the account does not have is excluded", source{users: everyone + "," + one("excludeRoles", reader), grant: block}, nil, expected{targeted, blocks, true, plain}},
	{"excluded and included by id: the exclusion wins", source{users: one("includeUsers", alpha) + "," + one("excludeUsers", alpha), grant: block}, nil, expected{relation: excludedDirect}},
	{"included by role, excluded by group: the exclusion wins", source{users: one("includeRoles", admin) + "," + one("excludeGroups", other), grant: block}, nil, expected{relation: conditional.ExcludedOtherGroup}},
	{"excluded though an unknown field includes", source{users: `"includeRobots":["x"],` + one("excludeUsers", alpha), grant: block}, nil, expected{relation: excludedDirect}},
	{"excluded by two paths, the stronger tells", source{users: everyone + "," + one("excludeRoles", admin) + "," + one("excludeGroups", dedicated), grant: block}, nil, expected{relation: conditional.ExcludedDedicatedGroup}},
	{"excluded as guest", source{users: everyone + `,"excludeUsers":["GuestsOrExternalUsers"]`, grant: block}, guest(conditional.InternalGuest, ""), expected{relation: conditional.ExcludedGuest}},
	{"guests of unknown organisations are excluded", source{users: everyone + "," + guestsOf("exclude", homeID), grant: block}, guest(conditional.B2BCollaborationGuest, ""), expected{unclear, blocks, true, plain}},
	{"an exclusion by groups that could not be read", source{users: everyone + "," + one("excludeGroups", foreign), grant: block}, func(s *conditional.Subject) { s.Unread.Groups = true }, expected{unclear, blocks, true, plain}},
	{"an unknown exclusion does not help", source{users: everyone + `,"excludeRobots":["x"]`, grant: block}, nil, expected{targeted, blocks, true, plain}},

	// What it asks for.
	{"MFA with a key", source{users: everyone, grant: mfa}, nil, expected{targeted, satisfiable, true, plain}},
	{"MFA with a password alone", source{users: everyone, grant: mfa}, kinds(conditional.Password), expected{targeted, unsatisfiable, true, plain}},
	{"MFA with a Temporary Access Pass", source{users: everyone, grant: mfa}, kinds(conditional.Password, conditional.TemporaryAccessPass), expected{targeted, unsatisfiable, true, plain}},
	{"MFA with an e-mail address for resets", source{users: everyone, grant: mfa}, kinds(conditional.Password, conditional.Email), expected{targeted, unsatisfiable, true, plain}},
	{"MFA with a method of an unknown type", source{users: everyone, grant: mfa}, kinds(conditional.UnknownMethod), expected{targeted, uncertain, true, plain}},
	{"MFA with a phone", source{users: everyone, grant: mfa}, kinds(conditional.Phone), expected{targeted, satisfiable, true, plain}},
	{"MFA with methods that could not be read", source{users: everyone, grant: mfa}, func(s *conditional.Subject) { s.Methods, s.Unread.Methods = nil, true }, expected{targeted, uncertain, true, plain}},
	{"a compliant device", source{users: everyone, grant: compliant}, nil, expected{targeted, unsatisfiable, true, plain}},
	{"MFA or a compliant device", source{users: everyone, grant: `"operator":"OR","builtInControls":["mfa","compliantDevice"]`}, nil, expected{targeted, satisfiable, true, plain}},
	{"MFA and a compliant device", source{users: everyone, grant: `"operator":"AND","builtInControls":["mfa","compliantDevice"]`}, nil, expected{targeted, unsatisfiable, true, plain}},
	{"two controls without an operator", source{users: everyone, grant: `"builtInControls":["mfa","compliantDevice"]`}, nil, expected{targeted, unsatisfiable, true, plain}},
	{"a hybrid-joined device", source{users: everyone, grant: `"operator":"OR","builtInControls":["domainJoinedDevice"]`}, nil, expected{targeted, unsatisfiable, true, plain}},
	{"an approved app or a protected one", source{users: everyone, grant: `"operator":"OR","builtInControls":["approvedApplication","compliantApplication"]`}, nil, expected{targeted, unsatisfiable, true, plain}},
	{"a password change at high risk", source{users: everyone, conditions: anyApp + `,"userRiskLevels":["high"]`, grant: `"operator":"AND","builtInControls":["mfa","passwordChange"]`}, nil, expected{targeted, unsatisfiable, false, plain}},
	{"terms of use", source{users: everyone, grant: `"operator":"OR","termsOfUse":["t"]`}, nil, expected{targeted, unsatisfiable, true, plain}},
	{"a custom control or MFA", source{users: everyone, grant: `"operator":"OR","builtInControls":["mfa"],"customAuthenticationFactors":["Duo"]`}, nil, expected{targeted, satisfiable, true, plain}},
	{"a control that is not known", source{users: everyone, grant: `"operator":"OR","builtInControls":["unknownFutureValue"]`}, nil, expected{targeted, uncertain, true, plain}},
	{"MFA or a control that is not known", source{users: everyone, grant: `"operator":"OR","builtInControls":["mfa","unknownFutureValue"]`}, nil, expected{targeted, satisfiable, true, plain}},
	{"a block that stands beside MFA", source{users: everyone, grant: `"operator":"OR","builtInControls":["mfa","block"]`}, nil, expected{targeted, blocks, true, plain}},
	{"a session limit alone", source{users: everyone, session: `"signInFrequency":{"isEnabled":true,"frequencyInterval":"everyTime"}`}, nil, expected{targeted, sessionOnly, true, plain}},

	// Authentication strengths.
	{"phishing-resistant MFA with a key", source{users: everyone, grant: `"operator":"OR",` + strongMFA}, nil, expected{targeted, satisfiable, true, plain}},
	{"phishing-resistant MFA with Authenticator", source{users: everyone, grant: `"operator":"OR",` + strongMFA}, kinds(conditional.Authenticator), expected{targeted, unsatisfiable, true, plain}},
	{"phishing-resistant MFA with Windows Hello", source{users: everyone, grant: `"operator":"OR",` + strongMFA}, kinds(conditional.WindowsHello), expected{targeted, satisfiable, true, plain}},
	{"passwordless MFA with Authenticator", source{users: everyone, grant: `"operator":"OR","authenticationStrength":{"id":"00000000-0000-0000-0000-000000000003"}`}, kinds(conditional.Authenticator), expected{targeted, uncertain, true, plain}},
	{"MFA strength with password and phone", source{users: everyone, grant: `"operator":"OR","authenticationStrength":{"id":"00000000-0000-0000-0000-000000000002"}`}, kinds(conditional.Phone), expected{targeted, satisfiable, true, plain}},
	{"MFA strength with a password alone", source{users: everyone, grant: `"operator":"OR","authenticationStrength":{"id":"00000000-0000-0000-0000-000000000002"}`}, kinds(conditional.Password), expected{targeted, unsatisfiable, true, plain}},
	{"a strength for our model of key", source{users: everyone, grant: strength(`"fido2"`, keysOnly(yubikey))}, nil, expected{targeted, satisfiable, true, plain}},
	{"a strength for another model of key", source{users: everyone, grant: strength(`"fido2"`, keysOnly(feitian))}, nil, expected{targeted, unsatisfiable, true, plain}},
	{"a strength for another model, with a second key of it", source{users: everyone, grant: strength(`"fido2"`, keysOnly(feitian))}, methods(conditional.Method{Kind: conditional.FIDO2, AAGUID: yubikey}, conditional.Method{Kind: conditional.FIDO2, AAGUID: feitian}), expected{targeted, satisfiable, true, plain}},
	{"a strength for a model, ours unknown", source{users: everyone, grant: strength(`"fido2"`, keysOnly(feitian))}, kinds(conditional.FIDO2), expected{targeted, uncertain, true, plain}},
	{"a strength whose restrictions were not read", source{users: everyone, grant: strength(`"fido2"`, "null")}, nil, expected{targeted, uncertain, true, plain}},
	{"a strength with a restriction of an unknown type", source{users: everyone, grant: strength(`"fido2"`, `[{"@odata.type":"#microsoft.graph.moonPhaseConfiguration","appliesToCombinations":["fido2"]}]`)}, nil, expected{targeted, uncertain, true, plain}},
	{"a restriction of certificates leaves keys alone", source{users: everyone, grant: strength(`"fido2","x509CertificateMultiFactor"`, certificatesOf("aa11"))}, nil, expected{targeted, satisfiable, true, plain}},
	{"a certificate of the issuer", source{users: everyone, grant: strength(`"x509CertificateMultiFactor"`, certificatesOf("aa11"))}, certificate(new(true), "AA11"), expected{targeted, satisfiable, true, plain}},
	{"a certificate of another issuer", source{users: everyone, grant: strength(`"x509CertificateMultiFactor"`, certificatesOf("aa11"))}, certificate(new(true), "bb22"), expected{targeted, unsatisfiable, true, plain}},
	{"a certificate of an unknown issuer", source{users: everyone, grant: strength(`"x509CertificateMultiFactor"`, certificatesOf("aa11"))}, certificate(new(true)), expected{targeted, uncertain, true, plain}},
	{"a certificate that is one factor", source{users: everyone, grant: `"operator":"OR",` + strongMFA}, certificate(new(false), "aa11"), expected{targeted, unsatisfiable, true, plain}},
	{"a strength known by its id alone, of our own", source{users: everyone, grant: `"operator":"OR","authenticationStrength":{"id":"5eeeeeee-0000-4000-8000-000000000009"}`}, nil, expected{targeted, uncertain, true, plain}},
	{"a strength and a compliant device", source{users: everyone, grant: `"operator":"AND","builtInControls":["compliantDevice"],` + strongMFA}, nil, expected{targeted, unsatisfiable, true, plain}},
	{"a Temporary Access Pass strength", source{users: everyone, grant: strength(`"temporaryAccessPassOneTime"`, "[]")}, kinds(conditional.TemporaryAccessPass), expected{targeted, unsatisfiable, true, plain}},
	{"password and a token, with the token", source{users: everyone, grant: strength(`"password,hardwareOath"`, "[]")}, kinds(conditional.HardwareOath), expected{targeted, satisfiable, true, plain}},

	// Conditions narrow, and never make a policy harmless.
	{"legacy programs are blocked", source{users: everyone, conditions: anyApp + `,"clientAppTypes":["exchangeActiveSync","other"]`, grant: block}, nil, expected{targeted, blocks, false, plain}},
	{"browsers are blocked", source{users: everyone, conditions: anyApp + `,"clientAppTypes":["browser"]`, grant: block}, nil, expected{targeted, blocks, true, plain}},
	{"blocked from anywhere but trusted places", source{users: everyone, conditions: anyApp + `,"locations":{"includeLocations":["All"],"excludeLocations":["AllTrusted"]}`, grant: block}, nil, expected{targeted, blocks, false, plain}},
	{"blocked on one platform", source{users: everyone, conditions: anyApp + `,"platforms":{"includePlatforms":["linux"]}`, grant: block}, nil, expected{targeted, blocks, false, plain}},
	{"blocked at high sign-in risk", source{users: everyone, conditions: anyApp + `,"signInRiskLevels":["high"]`, grant: block}, nil, expected{targeted, blocks, false, plain}},
	{"blocked at insider risk", source{users: everyone, conditions: anyApp + `,"insiderRiskLevels":"elevated"`, grant: block}, nil, expected{targeted, blocks, false, plain}},
	{"blocked but on secure workstations", source{users: everyone, conditions: anyApp + `,"devices":{"deviceFilter":{"mode":"exclude","rule":"device.extensionAttribute1 -eq \"SAW\""}}`, grant: block}, nil, expected{targeted, blocks, false, plain}},
	{"device code flow is blocked", source{users: everyone, conditions: anyApp + `,"authenticationFlows":{"transferMethods":"deviceCodeFlow,authenticationTransfer"}`, grant: block}, nil, expected{targeted, blocks, false, plain}},
	{"the admin portals are blocked", source{users: everyone, conditions: `"applications":{"includeApplications":["MicrosoftAdminPortals"]}`, grant: block}, nil, expected{targeted, blocks, true, plain}},
	{"one application is blocked", source{users: everyone, conditions: `"applications":{"includeApplications":["Office365"]}`, grant: block}, nil, expected{targeted, blocks, false, plain}},
	{"a condition that is not known", source{users: everyone, conditions: anyApp + `,"networkAccess":{"profiles":["x"]}`, grant: block}, nil, expected{targeted, blocks, false, plain}},
	{"a condition that is not known does not excuse a missing exclusion", source{users: everyone, conditions: anyApp + `,"moonPhases":["full"]`, grant: compliant}, nil, expected{targeted, unsatisfiable, false, plain}},

	// Labels.
	{"a protected action", source{users: everyone, conditions: `"applications":{"includeAuthenticationContextClassReferences":["c1"]}`, grant: compliant}, nil, expected{targeted, unsatisfiable, false, protected}},
	{"a protected action, excluded", source{users: everyone + "," + one("excludeUsers", alpha), conditions: `"applications":{"includeAuthenticationContextClassReferences":["c1"]}`, grant: compliant}, nil, expected{relation: excludedDirect, label: protected}},
	{"registering security information from trusted places", source{users: everyone, conditions: `"applications":{"includeUserActions":["urn:user:registersecurityinfo"]},"locations":{"includeLocations":["All"],"excludeLocations":["AllTrusted"]}`, grant: block}, nil, expected{targeted, blocks, false, userAction}},

	// States are reported, and change nothing else.
	{"report-only", source{users: everyone, grant: block, state: "enabledForReportingButNotEnforced"}, nil, expected{targeted, blocks, true, plain}},
	{"disabled", source{users: everyone, grant: block, state: "disabled"}, nil, expected{targeted, blocks, true, plain}},
	{"a state that is not known counts as enabled", source{users: everyone, grant: block, state: "enabledOnTuesdays"}, nil, expected{targeted, blocks, true, plain}},
}

func guestsOf(verb, tenant string) string {
	return fmt.Sprintf(`"%sGuestsOrExternalUsers":{"guestOrExternalUserTypes":"b2bCollaborationGuest","externalTenants":{"@odata.type":"#microsoft.graph.conditionalAccessEnumeratedExternalTenants","membershipKind":"enumerated","members":[%q]}}`, verb, tenant)
}

func certificatesOf(ski string) string {
	return fmt.Sprintf(`[{"@odata.type":"#microsoft.graph.x509CertificateCombinationConfiguration","appliesToCombinations":["x509CertificateMultiFactor"],"allowedIssuerSkis":[%q]}]`, ski)
}

func TestPolicies(t *testing.T) {
	if len(policies) < 60 {
		t.Fatalf("%d policies, want 60 at least", len(policies))
	}
	for _, tt := range policies {
		t.Run(tt.name, func(t *testing.T) {
			s, set := subject(), settings()
			if tt.change != nil {
				tt.change(&s)
			}
			r := conditional.Evaluate(parse(t, tt.source.json()), &s, &set)
			got := expected{r.Relation, r.Consequence, r.Certain, r.Label}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(expected{})); diff != "" {
				t.Errorf("%s\nbecause %s", diff, r.Because)
			}
			if r.Because == "" {
				t.Error("it does not say why")
			}
			if reached := r.Relation == targeted || r.Relation == unclear; reached && !r.Certain && len(r.AppliesWhen) == 0 {
				t.Error("it is narrowed, and does not say when it applies")
			}
		})
	}
}
