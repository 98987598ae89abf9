package posture

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"glasswatch/shared/conditional"
	"glasswatch/shared/outside"
)

// The words in which checks speak. Names come from outside and are cut to one short line.

const longestName = 80

// quote is a name for a sentence, or the id where there is none.
func quote(name, id string) string {
	name = outside.Line(name, longestName)
	if name == "" {
		return outside.Line(id, longestName)
	}
	return "“" + name + "”"
}

// and joins words: "a", "a and b", "a, b and c", with the rest counted beyond six.
func and(words []string) string {
	if len(words) > 6 {
		return strings.Join(words[:5], ", ") + fmt.Sprintf(" and %d more", len(words)-5)
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006") }

func moment(t time.Time) string { return t.UTC().Format("2 January 2006 15:04 UTC") }

// span is a duration for people, in its largest unit.
func span(d time.Duration) string {
	switch {
	case d < time.Hour:
		return count(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return count(int(d/time.Hour), "hour")
	default:
		return count(int(d/(24*time.Hour)), "day")
	}
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	if stem, ends := strings.CutSuffix(thing, "cy"); ends {
		thing = stem + "cie"
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// role is what people call a role.
func (r RoleHeld) role() string { return quote(r.Name, r.Role) }

// what is how people know a method: its kind in words, and its own name.
func (m Method) what() string {
	words := cmp.Or(methodWords[m.Kind], "a method of an unknown kind")
	if name := outside.Line(cmp.Or(m.Name, m.Model), longestName); name != "" {
		words += " “" + name + "”"
	}
	return words
}

var methodWords = map[conditional.MethodKind]string{
	conditional.FIDO2:               "the key",
	conditional.X509:                "the certificate",
	conditional.WindowsHello:        "Windows Hello",
	conditional.PlatformCredential:  "a Mac's platform credential",
	conditional.Authenticator:       "Microsoft Authenticator",
	conditional.PasswordlessPhone:   "Microsoft Authenticator",
	conditional.SoftwareOath:        "an authenticator app",
	conditional.HardwareOath:        "a hardware token",
	conditional.Phone:               "a phone number",
	conditional.Email:               "an e-mail address",
	conditional.TemporaryAccessPass: "a Temporary Access Pass",
	conditional.QRCodePIN:           "a QR code with PIN",
	conditional.External:            "an external authentication method",
}

// The pages that checks cite, and the portal's blades.
const (
	emergencyPage = "https://learn.microsoft.com/entra/identity/role-based-access-control/security-emergency-access"
	exclusionPage = "https://learn.microsoft.com/entra/identity/conditional-access/plan-conditional-access"
	mandatoryPage = "https://learn.microsoft.com/entra/identity/authentication/concept-mandatory-multifactor-authentication"
	secOpsPage    = "https://learn.microsoft.com/entra/architecture/security-operations-privileged-accounts"
	keysPage      = "https://learn.microsoft.com/entra/identity/authentication/how-to-enable-passkey-fido2"
	groupsPage    = "https://learn.microsoft.com/entra/identity/role-based-access-control/groups-concept"
	whatIfPage    = "https://learn.microsoft.com/entra/identity/conditional-access/what-if-tool"
	rolesPage     = "https://learn.microsoft.com/entra/identity/role-based-access-control/best-practices"
	defaultsPage  = "https://learn.microsoft.com/entra/fundamentals/security-defaults"
	perUserPage   = "https://learn.microsoft.com/entra/identity/authentication/howto-mfa-userstates"
	licencesPage  = "https://learn.microsoft.com/entra/fundamentals/licensing"

	usersBlade    = "https://entra.microsoft.com/#view/Microsoft_AAD_UsersAndTenants/UserManagementMenuBlade/~/AllUsers"
	rolesBlade    = "https://entra.microsoft.com/#view/Microsoft_AAD_IAM/RolesManagementMenuBlade/~/AllRoles"
	accessBlade   = "https://entra.microsoft.com/#view/Microsoft_AAD_ConditionalAccess/ConditionalAccessBlade/~/Policies"
	methodsBlade  = "https://entra.microsoft.com/#view/Microsoft_AAD_IAM/AuthenticationMethodsMenuBlade/~/AdminAuthMethods"
	groupsBlade   = "https://entra.microsoft.com/#view/Microsoft_AAD_IAM/GroupsManagementMenuBlade/~/AllGroups"
	tenantBlade   = "https://entra.microsoft.com/#view/Microsoft_AAD_IAM/TenantOverview.ReactView"
	licencesBlade = "https://entra.microsoft.com/#view/Microsoft_AAD_IAM/LicensesMenuBlade/~/Products"
)
