package graph

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/identity"
	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"glasswatch/shared/posture"
)

// The network of a scenario that comes from nowhere known: an address that is kept for documents
// (RFC 5737), in a country from which nobody signs in.
const (
	unknownAddress = "203.0.113.10"
	unknownCountry = "AQ"
)

// whatIf asks Microsoft about each scenario. network gives an address that the tenant trusts, or
// nothing if it trusts none.
func (c *Collector) whatIf(ctx context.Context, id string, network func() (string, error)) ([]posture.WhatIfAnswer, error) {
	trusted, err := network()
	if err != nil {
		return nil, fmt.Errorf("read the named locations: %w", err)
	}
	answers := []posture.WhatIfAnswer{}
	for _, s := range posture.Scenarios {
		found, err := list[struct {
			ID      string `json:"id"`
			Name    string `json:"displayName"`
			State   string `json:"state"`
			Applies *bool  `json:"policyApplies"`
			Reasons string `json:"analysisReasons"`
		}](ctx, c, func(ctx context.Context) (*abstractions.RequestInformation, error) {
			return c.accessBuilder().Evaluate().ToPostRequestInformation(ctx, question(id, s, trusted), nil)
		})
		if err != nil {
			return nil, fmt.Errorf("scenario %s: %w", s.ID, err)
		}
		answer := posture.WhatIfAnswer{Scenario: s.ID, Policies: []posture.WhatIfPolicy{}}
		for _, p := range found {
			if p.ID == "" || p.Applies == nil {
				return nil, fmt.Errorf("scenario %s: the answer does not tell which policy applies", s.ID)
			}
			answer.Policies = append(answer.Policies, posture.WhatIfPolicy{
				ID: strings.ToLower(p.ID), Name: p.Name, State: p.State, Applies: *p.Applies, Reasons: p.Reasons,
			})
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

// question is the body of a request to What If.
func question(id string, s posture.Scenario, trusted string) *identity.ConditionalAccessEvaluatePostRequestBody {
	user := models.NewUserSignIn()
	user.SetUserId(&id)
	app := models.NewApplicationContext()
	app.SetIncludeApplications([]string{s.Application})

	conditions := models.NewSignInConditions()
	conditions.SetDevicePlatform(platforms[s.Platform])
	conditions.SetClientAppType(clients[s.Client])
	conditions.SetUserRiskLevel(new(models.NONE_RISKLEVEL))
	conditions.SetSignInRiskLevel(new(models.NONE_RISKLEVEL))
	if s.Risk == "high" {
		conditions.SetSignInRiskLevel(new(models.HIGH_RISKLEVEL))
	}
	conditions.SetIpAddress(new(unknownAddress))
	conditions.SetCountry(new(unknownCountry))
	if s.Network == "trusted" && trusted != "" {
		conditions.SetIpAddress(&trusted)
	}
	if s.Device != "none" {
		device := models.NewDeviceInfo()
		device.SetIsCompliant(new(s.Device == "compliant"))
		conditions.SetDeviceInfo(device)
	}
	flow := models.NewAuthenticationFlow()
	var transfer models.ConditionalAccessTransferMethods = models.NONE_CONDITIONALACCESSTRANSFERMETHODS
	if s.Flow == "deviceCodeFlow" {
		transfer = models.DEVICECODEFLOW_CONDITIONALACCESSTRANSFERMETHODS
	}
	flow.SetTransferMethod(&transfer)
	conditions.SetAuthenticationFlow(flow)

	body := identity.NewConditionalAccessEvaluatePostRequestBody()
	body.SetSignInIdentity(user)
	body.SetSignInContext(app)
	body.SetSignInConditions(conditions)
	body.SetAppliedPoliciesOnly(new(true))
	return body
}

// The SDK's values for the words of a scenario. A word that is not here leaves the field out.
var (
	platforms = map[string]*models.ConditionalAccessDevicePlatform{
		"windows": new(models.WINDOWS_CONDITIONALACCESSDEVICEPLATFORM), "macOS": new(models.MACOS_CONDITIONALACCESSDEVICEPLATFORM),
		"linux": new(models.LINUX_CONDITIONALACCESSDEVICEPLATFORM), "iOS": new(models.IOS_CONDITIONALACCESSDEVICEPLATFORM),
		"android": new(models.ANDROID_CONDITIONALACCESSDEVICEPLATFORM),
	}
	clients = map[string]*models.ConditionalAccessClientApp{
		"browser":                     new(models.BROWSER_CONDITIONALACCESSCLIENTAPP),
		"mobileAppsAndDesktopClients": new(models.MOBILEAPPSANDDESKTOPCLIENTS_CONDITIONALACCESSCLIENTAPP),
	}
)

// trustedAddress is an address in the first trusted location of the tenant, or nothing.
func (c *Collector) trustedAddress(ctx context.Context) (string, error) {
	places, err := list[struct {
		Trusted bool `json:"isTrusted"`
		Ranges  []struct {
			CIDR string `json:"cidrAddress"`
		} `json:"ipRanges"`
	}](ctx, c, func(ctx context.Context) (*abstractions.RequestInformation, error) {
		return c.accessBuilder().NamedLocations().ToGetRequestInformation(ctx, nil)
	})
	if err != nil {
		return "", err
	}
	for _, place := range places {
		if !place.Trusted {
			continue
		}
		for _, r := range place.Ranges {
			prefix, err := netip.ParsePrefix(r.CIDR)
			if err != nil {
				return "", errors.New("a trusted location holds a range that is none")
			}
			return prefix.Addr().String(), nil
		}
	}
	return "", nil
}
