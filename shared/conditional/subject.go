package conditional

// Subject is an account, as far as policies ask about it.
type Subject struct {
	ID     string             // object id in lower case
	Groups map[string]Nesting // every group it is in, by object id in lower case, also through other groups
	Roles  []string           // template ids, in lower case, of its active directory roles
	Guest  GuestKind
	// HomeTenant is the tenant id of a guest's own organisation, empty if unknown or not a guest.
	HomeTenant string
	Methods    []Method
	// Unread says what could not be read. A policy whose effect hangs on it is Unclear.
	Unread Unread
}

// Unread says which facts about a subject are missing, as opposed to empty.
type Unread struct{ Groups, Roles, Methods, Guest bool }

// Nesting says how an account is in a group.
type Nesting int

// The ways to be in a group.
const (
	DirectMember Nesting = iota
	NestedMember         // through another group
)

// GuestKind is the kind of guest or external user as policies name it; empty for an ordinary member.
type GuestKind string

// The kinds of guest that have an object in the directory and can so be a watched account.
const (
	NoGuest                GuestKind = ""
	InternalGuest          GuestKind = "internalGuest"
	B2BCollaborationGuest  GuestKind = "b2bCollaborationGuest"
	B2BCollaborationMember GuestKind = "b2bCollaborationMember"
)

// Method is one registered authentication method.
type Method struct {
	Kind        MethodKind
	AAGUID      string       // of a fido2 method, in lower case; empty if unknown
	Certificate *Certificate // of an x509 method; nil if nothing is known about it
}

// Certificate is what is known about a certificate for signing in.
type Certificate struct {
	MultiFactor *bool // whether the tenant's binding rules make it multifactor; nil if unknown
	IssuerSKIs  List  // subject key identifiers of the chain's issuers; empty if unknown
	PolicyOIDs  List  // empty if unknown
}

// MethodKind is a kind of authentication method.
type MethodKind string

// The kinds of method, by their Graph types. A type that is not listed is UnknownMethod.
const (
	Password            MethodKind = "password"
	FIDO2               MethodKind = "fido2" // security keys and passkeys, those in Authenticator included
	X509                MethodKind = "x509Certificate"
	WindowsHello        MethodKind = "windowsHelloForBusiness"
	PlatformCredential  MethodKind = "platformCredential"
	Authenticator       MethodKind = "microsoftAuthenticator"
	PasswordlessPhone   MethodKind = "passwordlessMicrosoftAuthenticator"
	SoftwareOath        MethodKind = "softwareOath"
	HardwareOath        MethodKind = "hardwareOath"
	Phone               MethodKind = "phone"
	Email               MethodKind = "email"
	TemporaryAccessPass MethodKind = "temporaryAccessPass"
	QRCodePIN           MethodKind = "qrCodePin"
	External            MethodKind = "external"
	UnknownMethod       MethodKind = "unknown"
)

// PhishingResistant says whether the method cannot be passed on by a person who is deceived.
func (k MethodKind) PhishingResistant() bool {
	return k == FIDO2 || k == X509 || k == WindowsHello || k == PlatformCredential
}

// multiFactor says whether a method counts for the control "require multifactor authentication".
// A Temporary Access Pass never counts: it ends by itself.
func (m Method) multiFactor() truth {
	switch m.Kind {
	case FIDO2, WindowsHello, PlatformCredential, Authenticator, PasswordlessPhone, SoftwareOath, HardwareOath, Phone, External:
		return yes
	case X509:
		return m.Certificate.strong()
	case UnknownMethod:
		return maybe
	case Password, Email, TemporaryAccessPass, QRCodePIN:
		return no
	default:
		return maybe
	}
}

func (c *Certificate) strong() truth {
	if c == nil || c.MultiFactor == nil {
		return maybe
	}
	return truthOf(*c.MultiFactor)
}

// truth is an answer that can be missing. The order makes min an AND and max an OR.
type truth int

const (
	no truth = iota
	maybe
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}
