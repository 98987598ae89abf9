package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/identity"
	graphpolicies "github.com/microsoftgraph/msgraph-sdk-go/policies"

	"glasswatch/shared/conditional"
	"glasswatch/shared/posture"
)

type (
	policy   = conditional.Policy
	strength = conditional.Strength
)

func (c *Collector) accessBuilder() *identity.ConditionalAccessRequestBuilder {
	return identity.NewIdentityRequestBuilderInternal(map[string]string{}, c.adapter).ConditionalAccess()
}

func (c *Collector) policyBuilder() *graphpolicies.PoliciesRequestBuilder {
	return graphpolicies.NewPoliciesRequestBuilderInternal(map[string]string{}, c.adapter)
}

// policies hands each policy to the evaluator as it came, so that fields and values which nobody
// here knows are known to be there.
func (c *Collector) policies(ctx context.Context) ([]conditional.Policy, error) {
	found, err := list[conditional.Policy](ctx, c, func(ctx context.Context) (*abstractions.RequestInformation, error) {
		return c.accessBuilder().Policies().ToGetRequestInformation(ctx, nil)
	})
	for _, p := range found {
		if p.ID == "" {
			return nil, errors.New("the list holds a policy without an id")
		}
	}
	return found, err
}

func (c *Collector) strengths(ctx context.Context) ([]conditional.Strength, error) {
	found, err := list[conditional.Strength](ctx, c, func(ctx context.Context) (*abstractions.RequestInformation, error) {
		return c.policyBuilder().AuthenticationStrengthPolicies().ToGetRequestInformation(ctx, &graphpolicies.AuthenticationStrengthPoliciesRequestBuilderGetRequestConfiguration{
			QueryParameters: &graphpolicies.AuthenticationStrengthPoliciesRequestBuilderGetQueryParameters{Expand: []string{"combinationConfigurations"}},
		})
	})
	for i := range found {
		if found[i].ID == "" {
			return nil, errors.New("the list holds a strength without an id")
		}
		found[i].ID = strings.ToLower(found[i].ID)
	}
	return found, err
}

func (c *Collector) securityDefaults(ctx context.Context) (posture.SecurityDefaults, error) {
	wire, err := one[struct {
		Enabled *bool `json:"isEnabled"`
	}](ctx, c, func(ctx context.Context) (*abstractions.RequestInformation, error) {
		return c.policyBuilder().IdentitySecurityDefaultsEnforcementPolicy().ToGetRequestInformation(ctx, nil)
	})
	switch {
	case err != nil:
		return posture.SecurityDefaults{}, err
	case wire.Enabled == nil:
		return posture.SecurityDefaults{}, errors.New("the answer leaves out whether they are enabled")
	}
	return posture.SecurityDefaults{Enabled: *wire.Enabled}, nil
}

// wireMethodRule is the configuration of one authentication method, as far as it is known.
type wireMethodRule struct {
	Type     string       `json:"@odata.type"`
	State    string       `json:"state"`
	Include  []wireTarget `json:"includeTargets"`
	Exclude  []wireTarget `json:"excludeTargets"`
	Attested bool         `json:"isAttestationEnforced"`
	Keys     struct {
		Enforced bool     `json:"isEnforced"`
		Type     string   `json:"enforcementType"` // allow or block
		AAGUIDs  []string `json:"aaGuids"`
	} `json:"keyRestrictions"`
}

type wireTarget struct {
	ID string `json:"id"`
}

func (c *Collector) methodPolicy(ctx context.Context) (posture.MethodPolicy, error) {
	wire, err := one[struct {
		Configurations *[]json.RawMessage `json:"authenticationMethodConfigurations"`
	}](ctx, c, func(ctx context.Context) (*abstractions.RequestInformation, error) {
		return c.policyBuilder().AuthenticationMethodsPolicy().ToGetRequestInformation(ctx, nil)
	})
	if err != nil {
		return posture.MethodPolicy{}, err
	}
	if wire.Configurations == nil {
		return posture.MethodPolicy{}, errors.New("the answer holds no configurations")
	}
	var p posture.MethodPolicy
	var read [2]bool
	for _, raw := range *wire.Configurations {
		rule, err := decode[wireMethodRule](raw)
		if err != nil {
			return p, err
		}
		switch rule.Type {
		case "#microsoft.graph.fido2AuthenticationMethodConfiguration":
			p.FIDO2, read[0] = methodRule(rule, raw), true
		case "#microsoft.graph.x509CertificateAuthenticationMethodConfiguration":
			p.Certificate, read[1] = methodRule(rule, raw), true
		}
	}
	if read != [2]bool{true, true} {
		return p, errors.New("the answer leaves out the rule for security keys or for certificates")
	}
	return p, nil
}

func methodRule(w wireMethodRule, raw json.RawMessage) posture.MethodRule {
	r := posture.MethodRule{
		Enabled: w.State == "enabled", Include: targets(w.Include), Exclude: targets(w.Exclude), Attested: w.Attested,
		Enforced: w.Keys.Enforced, Blocking: w.Keys.Type == "block", Unknown: unknownFields(raw),
	}
	for _, id := range w.Keys.AAGUIDs {
		r.AAGUIDs = append(r.AAGUIDs, strings.ToLower(id))
	}
	if w.State != "enabled" && w.State != "disabled" {
		r.Unknown = append(r.Unknown, "state")
	}
	if w.Keys.Enforced && w.Keys.Type != "block" && w.Keys.Type != "allow" {
		r.Unknown = append(r.Unknown, "keyRestrictions.enforcementType")
	}
	return r
}

func targets(wire []wireTarget) []string {
	ids := []string{}
	for _, t := range wire {
		ids = append(ids, strings.ToLower(t.ID))
	}
	return ids
}

// ruleFields are the fields of a method's rule that are read, or that narrow nothing. Whatever else
// holds something (passkey profiles, the scope of a certificate authority) may decide who can use
// which key, and is told as unknown.
var ruleFields = map[string]bool{
	"@odata.type": true, "id": true, "state": true, "includeTargets": true, "excludeTargets": true, "isAttestationEnforced": true,
	"keyRestrictions": true, "isSelfServiceRegistrationAllowed": true,
	"certificateUserBindings": true, "authenticationModeConfiguration": true, "crlValidationConfiguration": true, "issuerHintsConfiguration": true,
}

// targetFields are the same of one target of a rule.
var targetFields = map[string]bool{"@odata.type": true, "id": true, "targetType": true, "isRegistrationRequired": true}

func unknownFields(raw json.RawMessage) []string {
	unknown := strange("", raw, ruleFields)
	var rule struct {
		Include []json.RawMessage `json:"includeTargets"`
	}
	if json.Unmarshal(raw, &rule) != nil {
		return append(unknown, "includeTargets")
	}
	for _, target := range rule.Include {
		unknown = append(unknown, strange("includeTargets.", target, targetFields)...)
	}
	slices.Sort(unknown)
	return slices.Compact(unknown)
}

// strange lists the fields of an object that are not known and hold something.
func strange(path string, raw json.RawMessage, known map[string]bool) []string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return []string{strings.TrimSuffix(path, ".")}
	}
	var unknown []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value := string(bytes.TrimSpace(fields[name]))
		if known[name] || strings.Contains(name, "@odata.") || slices.Contains([]string{"null", "[]", "{}", `""`, "false"}, value) {
			continue
		}
		unknown = append(unknown, path+name)
	}
	return unknown
}
