package posture

// Scenario is one imagined sign-in that Microsoft's What If is asked about for each account. The
// words are those of Graph's signInConditions.
type Scenario struct {
	ID          string
	Words       string // continues "signing in "
	Application string // application id
	Device      string // compliant, nonCompliant or none
	Platform    string // windows, macOS, linux, iOS, android
	Client      string // browser or mobileAppsAndDesktopClients
	Risk        string // none or high: of the sign-in
	Network     string // trusted or unknown: an address inside or outside the named locations
	Flow        string // none or deviceCodeFlow
}

// The applications that an emergency needs.
const (
	azurePortal = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c"
	azureAPI    = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
	graphAPI    = "00000003-0000-0000-c000-000000000000"
	office      = "Office365"
)

// Scenarios are the sign-ins that are asked about: few, and each value of each circumstance occurs.
var Scenarios = []Scenario{
	{"portal-managed", "to the Azure portal on a compliant Windows device", azurePortal, "compliant", "windows", "browser", "none", "trusted", "none"},
	{"portal-unmanaged", "to the Azure portal on a device that is not compliant", azurePortal, "nonCompliant", "windows", "browser", "none", "unknown", "none"},
	{"portal-mac", "to the Azure portal on an unknown Mac", azurePortal, "none", "macOS", "browser", "none", "unknown", "none"},
	{"portal-risk", "to the Azure portal at high risk", azurePortal, "none", "linux", "browser", "high", "unknown", "none"},
	{"management-cli", "to Azure management from a command line", azureAPI, "nonCompliant", "linux", "mobileAppsAndDesktopClients", "none", "unknown", "none"},
	{"management-code", "to Azure management by device code", azureAPI, "none", "windows", "mobileAppsAndDesktopClients", "none", "trusted", "deviceCodeFlow"},
	{"management-browser", "to Azure management in a browser", azureAPI, "compliant", "macOS", "browser", "none", "unknown", "none"},
	{"graph-cli", "to Microsoft Graph from a command line", graphAPI, "none", "windows", "mobileAppsAndDesktopClients", "none", "unknown", "none"},
	{"graph-browser", "to Microsoft Graph in a browser", graphAPI, "nonCompliant", "linux", "browser", "none", "trusted", "none"},
	{"office-phone", "to Office 365 on an iPhone", office, "none", "iOS", "mobileAppsAndDesktopClients", "none", "unknown", "none"},
	{"office-android", "to Office 365 on an Android device", office, "nonCompliant", "android", "browser", "none", "unknown", "none"},
	{"office-risk", "to Office 365 at high risk on a compliant device", office, "compliant", "windows", "browser", "high", "trusted", "none"},
}

// WhatIfAnswer is what Microsoft says of one scenario: the policies that would apply.
type WhatIfAnswer struct {
	Scenario string         `json:"scenario"` // id
	Policies []WhatIfPolicy `json:"policies"`
}

// WhatIfPolicy is one policy in an answer.
type WhatIfPolicy struct {
	ID      string `json:"id"`
	Name    string `json:"name,omitempty"`
	State   string `json:"state"`
	Applies bool   `json:"applies"`
	Reasons string `json:"reasons,omitempty"` // analysisReasons
}

// certain says whether a policy that nothing narrows must apply to the scenario.
func (s Scenario) certain() bool { return s.Client == "browser" && s.Application == azurePortal }

func scenario(id string) (Scenario, bool) {
	for _, s := range Scenarios {
		if s.ID == id {
			return s, true
		}
	}
	return Scenario{ID: id, Words: "as in the scenario " + id}, false
}
