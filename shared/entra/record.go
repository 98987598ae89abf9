// Package entra reads Microsoft Entra and Azure log records as they arrive on an event hub.
package entra

import (
	"encoding/json"
	"time"
)

// Kind says which log a record belongs to. The values are those of the field "kind" in the
// output of `glasswatch events`.
type Kind string

// The kinds of record.
const (
	KindSignIn                 Kind = "signIn"                 // SignInLogs, ADFSSignInLogs
	KindNonInteractiveSignIn   Kind = "nonInteractiveSignIn"   // NonInteractiveUserSignInLogs
	KindServicePrincipalSignIn Kind = "servicePrincipalSignIn" // service principals and managed identities
	KindAudit                  Kind = "audit"                  // AuditLogs
	KindRiskyUser              Kind = "riskyUser"              // RiskyUsers
	KindRiskEvent              Kind = "riskEvent"              // UserRiskEvents
	KindGraphActivity          Kind = "graphActivity"          // MicrosoftGraphActivityLogs, AzureADGraphActivityLogs
	KindAzureActivity          Kind = "azureActivity"          // the subscription's Activity Log
	KindUnparsed               Kind = "unparsed"               // what could not be read, and categories that Glasswatch does not know
	KindCanary                 Kind = "canary"                 // Glasswatch's own test record
)

// Role is the part that a party plays in a record.
type Role string

// The roles, in order of precedence when one account has several in the same record.
const (
	RoleSubject Role = "subject" // who signed in, or whose risk changed
	RoleActor   Role = "actor"   // who did it
	RoleTarget  Role = "target"  // to whom or what it was done
	RoleNone    Role = "none"    // nobody watched is named
)

// Party is somebody or something that a record names in a place where an identity belongs.
// Fields are as written in the record; comparing them is case-insensitive.
type Party struct {
	Role                Role
	ObjectID            string
	UserPrincipalName   string
	SignInIdentifier    string // what was typed at sign-in
	AlternateSignInName string
	DisplayName         string // never used for matching
	Type                string // User, Group, Policy, ServicePrincipal, …; empty when the log does not say
}

// Record is one log record. Every string in it comes from outside and may be hostile.
// A zero time or an empty string means that the record did not say.
type Record struct {
	Kind          Kind
	Category      string // as written
	Operation     string // operationName as written
	ID            string // the record's own id, empty when it has none; risk records use one again for each LastUpdated and State
	TenantID      string
	ResourceID    string // top-level resourceId
	CorrelationID string
	Happened      time.Time // createdDateTime, else activityDateTime, else time
	Logged        time.Time // top-level time: when the log pipeline handled it
	Parties       []Party   // in the order of the record: subject or actor first, then targets

	// Exactly one of these is set, by kind; all are nil for unparsed.
	SignIn   *SignIn
	Audit    *Audit
	Risk     *Risk
	Activity *Activity
	Canary   *Canary

	Properties json.RawMessage // the properties as they came, decoded one level if they came as JSON text; without any, the whole record
	Raw        json.RawMessage // the whole record, byte for byte as it came
}

// SignIn holds what a sign-in record says, of whichever sign-in category.
type SignIn struct {
	ErrorCode         int
	HasErrorCode      bool // false: the record has no readable code, which is an attempt and never a success
	FailureReason     string
	AdditionalDetails string
	App, AppID        string
	Resource          string
	ClientApp         string // clientAppUsed
	Protocol          string // authenticationProtocol
	TransferMethod    string // originalTransferMethod
	IncomingTokenType string
	TokenIssuer       string // tokenIssuerType
	IPAddress         string
	City, Country     string // country as a two-letter code where the record has one
	UserAgent         string
	DeviceID          string
	DeviceName        string
	OperatingSystem   string
	Browser           string
	TrustType         string
	Compliant         *bool // nil: unknown
	Managed           *bool // nil: unknown
	SessionID         string
	Requirement       string   // authenticationRequirement
	Methods           []string // authenticationMethod of each step, in order, without repeats
	ConditionalAccess string   // conditionalAccessStatus
	RiskLevel         string   // riskLevelDuringSignIn
	UserType          string
	CrossTenant       string // crossTenantAccessType
}

// Audit holds what a directory audit record says.
type Audit struct {
	Activity        string // trimmed, dashes made plain
	AuditCategory   string // properties.category: Policy, RoleManagement, …
	Service         string // loggedByService
	OperationType   string
	Result          string // success, failure, timeout, …
	ResultReason    string
	IPAddress       string
	UserAgent       string
	ActorApp        string // the acting application's name, when an application acted
	Changes         []Change
	Details         []Detail // additionalDetails
	TargetNames     []string // display name or UPN of each target, same order as the targets in Parties
	TargetIsPolicy  bool     // a target is of type Policy
	InitiatedByUser bool
}

// Change is one modified property. Old and New are decoded one level when they hold JSON text
// of a string; otherwise they are as written.
type Change struct {
	Target   string // object id of the target resource
	Name     string // modifiedProperties.displayName
	Old, New string
}

// Detail is one pair of additionalDetails.
type Detail struct{ Key, Value string }

// Risk holds what a risky user or a risk detection says.
type Risk struct {
	Level, State, Detail string
	EventType            string // riskEventType, for detections
	IPAddress            string
	City, Country        string
	RequestID            string // the sign-in that the detection is about
	LastUpdated          time.Time
}

// Activity holds what a Graph or Azure activity record says.
type Activity struct {
	Method     string // HTTP method, for Graph
	URI        string // request URI, for Graph
	Operation  string // operationName, for Azure, as written
	ResourceID string // the resource acted on, for Azure
	Status     string // HTTP status for Graph; result for Azure
	Succeeded  bool
	IPAddress  string
	UserAgent  string
	AppID      string
	SignInID   string // signInActivityId
	SessionID  string
}

// Canary is Glasswatch's own test record.
type Canary struct{ Nonce string }

// Damage is a piece of a message that could not be read as a record.
type Damage struct {
	Raw    []byte // the bytes as they came
	Reason string // what was wrong and where, in words, without quoting the bytes
	Shape  string // a short stable name of the kind of damage, for "one card per shape per day"
}
