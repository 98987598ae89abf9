package pages_test

import (
	"time"

	"glasswatch/shared/detect"
	"glasswatch/shared/pages"
)

const stream = "account-4b1f6c1e-8d57-4f0c-9a53-0c6b1d2e7a90"

func at(clock string) time.Time {
	t, err := time.Parse(time.RFC3339, "2026-11-24T"+clock+"Z")
	if err != nil {
		panic(err)
	}
	return t
}

// open is what somebody on call reads first.
func open() pages.Incident {
	return pages.Incident{
		Clock: pages.Clock{Now: at("03:24:55")}, Instance: "contoso production",
		ID: stream + "-15", State: pages.Open, Severity: detect.Critical, What: "sign-in of bg-alpha",
		Headline: "Break-glass sign-in succeeded after 2 failures: bg-alpha from 203.0.113.7 (Oslo, NO) to Azure portal",
		Meaning:  "Somebody is inside with the rights of Global Administrator. No drill is planned at this time.",
		Actions: []string{
			"Ask the custodians of bg-alpha whether it was one of them.",
			"If nobody knows of it: disable the account and revoke its sessions from the other break-glass account.",
			"Acknowledge this, so that the others know that you are on it.",
		},
		StartedAt: at("03:12:41"), Sequence: 18, Form: true, Channel: "Teams",
		Effect: "Reminders stop on Teams only; the fallback channel has its own link",
		Facts: []pages.Fact{
			{Name: "Account", Value: "bg-alpha@contoso.com"},
			{Name: "Sign-in proof", Value: "password, FIDO2 security key"},
			{Name: "Confirmed", Value: "by Entra, 03:19:02 UTC"},
			{Name: "Delay", Value: "arrived 3 min 4 s late"},
		},
		Events: []pages.Event{
			{At: at("03:10:02"), Severity: detect.High, Headline: "Sign-in failed: wrong password", Address: "203.0.113.7 (Oslo, NO)", App: "Azure portal", Device: "unmanaged, Windows 11"},
			{At: at("03:11:30"), Severity: detect.High, Headline: "Sign-in failed: wrong password", Address: "203.0.113.7 (Oslo, NO)", App: "Azure portal", Device: "unmanaged, Windows 11"},
			{
				At: at("03:12:41"), Severity: detect.Critical, Headline: "Break-glass sign-in succeeded", Address: "203.0.113.7 (Oslo, NO)", App: "Azure portal", Device: "unmanaged, Windows 11, Edge 142",
				Mark: "Confirmed by Entra", Detail: []pages.Fact{{Name: "Sign-in id", Value: "7f3b2f0e-54a1-4c06-b1c9-50a1f4c42a00"}, {Name: "Rule", Value: "signin-success-after-failures"}, {Name: "Entry", Value: stream + "#17 9f86d081884c"}},
			},
			{At: at("03:16:20"), Severity: detect.Medium, Headline: "Read the Conditional Access policies", Address: "203.0.113.7 (Oslo, NO)", App: "Graph Explorer"},
		},
		Deliveries: []pages.Delivery{
			{What: "Alert 17", Channel: "Teams", State: "queued by Teams", At: at("03:15:46"), Attempts: 1},
			{What: "Alert 17", Channel: "Fallback", State: "delivered", At: at("03:15:49"), Attempts: 2},
			{What: "First reminder", Channel: "Teams", State: "owed", Attempts: 3, Error: "status 429, try again in 30s: the channel asked to wait"},
		},
		Links:   []pages.Link{{Title: "User in Entra", URL: "https://entra.microsoft.com/#view/x"}, {Title: "Sign-in in Entra", URL: "https://entra.microsoft.com/#view/y"}},
		Witness: stream + "#18 2c26b46b68ff",
	}
}

func with(i pages.Incident, changes ...func(*pages.Incident)) pages.Incident {
	for _, change := range changes {
		change(&i)
	}
	return i
}

func taken(i *pages.Incident) {
	i.State, i.Form = pages.Acknowledged, false
	i.Acknowledgements = []pages.Acknowledgement{{By: "Kari Nordmann", Channel: "Teams", At: at("03:20:11"), Through: 18}}
}

func samples() map[string]pages.Incident {
	return map[string]pages.Incident{
		"open":         open(),
		"wrong-form":   with(open(), func(i *pages.Incident) { i.Problem = "Type your name, so that the others know who is on it" }),
		"accepted":     with(open(), taken, func(i *pages.Incident) { i.Accepted = "Kari Nordmann" }),
		"acknowledged": with(open(), taken),
		"open-again":   with(open(), taken, func(i *pages.Incident) { i.State, i.Form = pages.Open, true }),
		"closed": with(open(), taken, func(i *pages.Incident) {
			i.State, i.Actions = pages.Closed, nil
			i.Closing = pages.Closing{As: "drill", By: "Kari Nordmann", Note: "Autumn drill, second leg.", At: at("03:24:01")}
		}),
		"yesterday": with(open(), func(i *pages.Incident) { i.Clock.Now = at("03:24:55").AddDate(0, 0, 2); i.MoreEvents = 40 }),
		"bare":      {},
	}
}
