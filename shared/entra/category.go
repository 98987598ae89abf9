package entra

import (
	"slices"
	"strings"
)

// categories says of which kind the records of a diagnostic log category are. Names are in
// lower case. A category with KindUnparsed is known, but says nothing that Glasswatch has a kind for.
var categories = map[string]Kind{
	"signinlogs":                          KindSignIn,
	"adfssigninlogs":                      KindSignIn,
	"noninteractiveusersigninlogs":        KindNonInteractiveSignIn,
	"serviceprincipalsigninlogs":          KindServicePrincipalSignIn,
	"managedidentitysigninlogs":           KindServicePrincipalSignIn,
	"microsoftserviceprincipalsigninlogs": KindServicePrincipalSignIn,
	"auditlogs":                           KindAudit,
	"customsecurityattributeauditlogs":    KindAudit,
	"riskyusers":                          KindRiskyUser,
	"riskyserviceprincipals":              KindRiskyUser,
	"userriskevents":                      KindRiskEvent,
	"serviceprincipalriskevents":          KindRiskEvent,
	"microsoftgraphactivitylogs":          KindGraphActivity,
	"azureadgraphactivitylogs":            KindGraphActivity,
	"glasswatchcanary":                    KindCanary,
	"provisioninglogs":                    KindUnparsed,
	"networkaccesstrafficlogs":            KindUnparsed,
	"enrichedoffice365auditlogs":          KindUnparsed,
	"b2crequestlogs":                      KindUnparsed,
	"remotenetworkhealthlogs":             KindUnparsed,
}

// workspaceTables says the same of the tables of a Log Analytics workspace, which a data export
// names in the field Type of its flat rows.
var workspaceTables = map[string]Kind{
	"signinlogs":                          KindSignIn,
	"adfssigninlogs":                      KindSignIn,
	"aadnoninteractiveusersigninlogs":     KindNonInteractiveSignIn,
	"aadserviceprincipalsigninlogs":       KindServicePrincipalSignIn,
	"aadmanagedidentitysigninlogs":        KindServicePrincipalSignIn,
	"microsoftserviceprincipalsigninlogs": KindServicePrincipalSignIn,
	"aadfirstpartytofirstpartysigninlogs": KindServicePrincipalSignIn,
	"auditlogs":                           KindAudit,
	"aadcustomsecurityattributeauditlogs": KindAudit,
	"aadriskyusers":                       KindRiskyUser,
	"aadriskyserviceprincipals":           KindRiskyUser,
	"aaduserriskevents":                   KindRiskEvent,
	"aadserviceprincipalriskevents":       KindRiskEvent,
	"microsoftgraphactivitylogs":          KindGraphActivity,
	"aadgraphactivitylogs":                KindGraphActivity,
	"azureactivity":                       KindAzureActivity,
	"aadprovisioninglogs":                 KindUnparsed,
	"networkaccesstraffic":                KindUnparsed,
	"enrichedmicrosoft365auditlogs":       KindUnparsed,
	"aadb2crequestlogs":                   KindUnparsed,
	"remotenetworkhealthlogs":             KindUnparsed,
}

// activityCategories are those of the subscription's Activity Log; the last three are the
// names of its older form. They come after the others because the workspace's audit rows use some of them.
var activityCategories = []string{
	"administrative", "security", "servicehealth", "resourcehealth", "alert", "autoscale", "recommendation", "policy",
	"write", "delete", "action",
}

// KnownCategory says whether a category, in any letter case, is one that Glasswatch knows. A
// record of KindUnparsed with a known category is no trouble: it is of a log without a kind of its own.
func KnownCategory(category string) bool {
	_, _, known := classify(category, "")
	return known
}

// classify finds the kind by the category, or by the table where a flat row has one, and says by
// which of the two names. The category comes first, so that the raw scan, which reads only it, agrees.
func classify(category, table string) (kind Kind, name string, known bool) {
	wanted := strings.ToLower(strings.TrimSpace(category))
	if kind, ok := categories[wanted]; ok {
		return kind, category, true
	}
	if kind, ok := workspaceTables[strings.ToLower(strings.TrimSpace(table))]; ok {
		return kind, table, true
	}
	if slices.Contains(activityCategories, wanted) {
		return KindAzureActivity, category, true
	}
	if kind, ok := workspaceTables[wanted]; ok {
		return kind, category, true
	}
	if category == "" {
		category = table
	}
	return KindUnparsed, category, false
}
