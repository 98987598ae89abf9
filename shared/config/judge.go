package config

import (
	"cmp"
	"strings"
)

// judge looks at what can only be judged together.
func (d *draft) judge() []Problem {
	var problems []Problem
	say := func(setting, problem, fix string) {
		problems = append(problems, Problem{Setting: setting, Problem: problem, Fix: fix})
	}
	d.judgeHub(say)
	d.judgeFallback(say)
	d.judgeConditionalAccess(say)
	d.chooseEndpoints()
	if (d.AppURL == "") != d.AppKey.Empty() {
		if d.AppURL == "" && !d.given["GLASSWATCH_URL"] {
			say("GLASSWATCH_URL", "is not set although GLASSWATCH_KEY is", "set it to the app's address")
		}
		if d.AppKey.Empty() && !d.given["GLASSWATCH_KEY"] {
			say("GLASSWATCH_KEY", "is not set although GLASSWATCH_URL is", "set it to a function key of the app")
		}
	}
	return problems
}

// report takes down one problem.
type report func(setting, problem, fix string)

func (d *draft) judgeHub(say report) {
	if d.Hub.ReplayGroup != "" && strings.EqualFold(d.Hub.ReplayGroup, d.Hub.ConsumerGroup) {
		d.Hub.ReplayGroup = ""
		say("REPLAY_CONSUMER_GROUP", "is the consumer group of the trigger, whose reading it would break off", "set it to a second consumer group")
	}
	if d.hubEntity != "" && d.Hub.Name != "" && !strings.EqualFold(d.hubEntity, d.Hub.Name) {
		say("ENTRA_EVENTHUB_NAME", "is not the hub that EntityPath in ENTRA_EVENTHUB names", "make both the same")
	}
	if d.Hub.Namespace == "" || !d.Hub.Connection.Empty() || d.ClientID == "" {
		return
	}
	// With a user-assigned identity the host needs all three parts, or it tries another identity.
	if !d.given[hubSetting+"__credential"] {
		say(hubSetting+"__credential", "is not set although AZURE_CLIENT_ID names a user-assigned identity", "set it to managedidentity")
	}
	if !d.given[hubSetting+"__clientId"] {
		say(hubSetting+"__clientId", "is not set although AZURE_CLIENT_ID names a user-assigned identity", "set it to the client id of the identity that may read the hub")
	}
}

func (d *draft) judgeFallback(say report) {
	const setting = "FALLBACK_WEBHOOK_SECRET"
	f := &d.Fallback
	switch secret := d.fallbackSecret; {
	case secret == "":
		if !f.URL.Empty() && !d.given[setting] {
			without := "messages to the fallback go unsigned"
			if f.Format == FormatPagerDuty {
				without = "PagerDuty takes nothing without its routing key"
			}
			say(setting, "is not set: "+without, "set it to base64 of 24 to 64 bytes, or for pagerduty to the routing key")
		}
	case f.Format == FormatPagerDuty:
		if len(secret) > 128 || !printable(secret) || strings.Contains(secret, " ") {
			say(setting, "is no routing key", "set it to the integration key of an Events API v2 integration")
			break
		}
		f.RoutingKey = NewSecret(secret)
	default:
		key, ok := decodeKey(strings.TrimPrefix(secret, "whsec_"))
		if !ok || len(key) < 24 || len(key) > 64 {
			say(setting, "is not base64 of 24 to 64 bytes", "make one with: openssl rand -base64 32")
			break
		}
		f.SigningKey = NewSecret(key)
	}
	switch url := f.URL.Reveal(); {
	case url == "":
		if f.Format == FormatPagerDuty && !d.given["FALLBACK_WEBHOOK_URL"] {
			say("FALLBACK_WEBHOOK_URL", "is not set although the format is pagerduty",
				"set it to https://events.pagerduty.com/v2/enqueue, or https://events.eu.pagerduty.com/v2/enqueue in the EU")
		}
	case f.URL.Equal(d.TeamsURL):
		say("FALLBACK_WEBHOOK_URL", "is the same as TEAMS_WEBHOOK_URL", "set it to a channel outside Microsoft 365")
	case partOfMicrosoft365(url):
		say("FALLBACK_WEBHOOK_URL", "is part of Microsoft 365, and so would fail together with Teams", "set it to a channel outside Microsoft 365")
	}
}

func (d *draft) judgeConditionalAccess(say report) {
	const setting = "DEDICATED_POLICIES"
	switch {
	case d.ConditionalAccessMode == ModeStrict && len(d.DedicatedPolicies) > 0:
		d.DedicatedPolicies = nil
		if !d.bad["CONDITIONAL_ACCESS_MODE"] {
			say(setting, "is set, but CONDITIONAL_ACCESS_MODE is strict, so it has no effect", "remove it, or set the mode to dedicatedPolicy")
		}
	case d.ConditionalAccessMode == ModeDedicatedPolicy && !d.given[setting]:
		say(setting, "is not set although CONDITIONAL_ACCESS_MODE is dedicatedPolicy", "set it to the ids of the policies that are meant for the accounts")
	}
}

// chooseEndpoints takes the cloud's own addresses (Microsoft Learn, "National cloud deployments")
// where none are given.
func (d *draft) chooseEndpoints() {
	graph, arm := "https://graph.microsoft.com", "https://management.azure.com"
	if d.Cloud == CloudUSGov {
		graph, arm = "https://graph.microsoft.us", "https://management.usgovcloudapi.net"
	}
	d.Graph = cmp.Or(d.graphGiven, Endpoint{URL: graph})
	d.ARM = cmp.Or(d.armGiven, Endpoint{URL: arm})
}
