// Package config reads the settings, and says of all that are wrong at once what to do about them.
package config

import (
	"encoding/json"
	"time"
)

// Config is what the settings say. Whatever could not be read is empty or has its default, so that
// every part whose own settings are good can work.
type Config struct {
	Accounts []Account // in the order of the setting, each object id once
	Tables   Tables
	Hub      Hub
	ClientID string // client id of the app's user-assigned identity; empty: whatever identity there is

	TeamsURL     Secret // byte for byte as set; empty: Teams cannot be reached
	Fallback     Fallback
	HeartbeatURL Secret   // byte for byte as set; empty: no heartbeat
	PublicURL    string   // without a slash at the end; empty: no links
	LinkKeys     []Secret // the keys' bytes; the first signs, all verify

	ExclusionGroups       []string // object ids in lower case
	ConditionalAccessMode ConditionalAccessMode
	DedicatedPolicies     []string // policy ids in lower case; empty unless the mode is dedicatedPolicy

	Cloud       Cloud
	Graph       Endpoint
	ARM         Endpoint
	TenantID    string   // in lower case; empty if not known
	ResourceIDs []string // as written, each beginning with a slash

	WatchSchedule   string // NCRONTAB with six fields, UTC
	PostureSchedule string

	AcknowledgeWithin time.Duration
	DrillEvery        time.Duration
	Retention         time.Duration
	RetentionUnparsed time.Duration

	EssentialOperation string          // empty: any directory write will do
	PosturePolicy      json.RawMessage // a JSON object, nil if not set; its fields are the business of posture
	AcceptedRisks      []AcceptedRisk

	Zone         *time.Location // never nil
	InstanceName string         // may be empty

	AppURL string // on an operator's machine: base address of the app, without a slash at the end
	AppKey Secret // and a function key

	Port          int  // to listen on
	Authenticates bool // the platform authenticates callers, so that X-MS-CLIENT-PRINCIPAL can be believed
}

// Account is a break-glass account as configured.
type Account struct {
	ObjectID          string // GUID in lower case
	UserPrincipalName string // as written; may be empty
}

// Tables is where the evidence is kept: by connection string if there is one, else at ServiceURI
// with the app's identity.
type Tables struct {
	Connection Secret // never the short form for the emulator
	ServiceURI string
}

// Set says whether there is any place at all.
func (t Tables) Set() bool { return !t.Connection.Empty() || t.ServiceURI != "" }

// Hub is where the logs come from: by connection string if there is one, else from Namespace with
// the app's identity.
type Hub struct {
	Connection    Secret // may name the hub itself, in EntityPath
	Namespace     string // host name
	Name          string
	ConsumerGroup string // the trigger's
	ReplayGroup   string // never the trigger's; empty: nothing can be read again
}

// Set says whether the hub can be found.
func (h Hub) Set() bool { return (!h.Connection.Empty() || h.Namespace != "") && h.Name != "" }

// FallbackFormat is what the second channel speaks.
type FallbackFormat string

// The formats.
const (
	FormatCloudEvents FallbackFormat = "cloudevents"
	FormatPagerDuty   FallbackFormat = "pagerduty"
)

// Fallback is the channel outside Microsoft 365. An empty URL means that there is none. Without
// its secret a cloudevents message goes unsigned; pagerduty refuses it.
type Fallback struct {
	URL        Secret // byte for byte as set
	Format     FallbackFormat
	SigningKey Secret // cloudevents: the key's bytes
	RoutingKey Secret // pagerduty
}

// ConditionalAccessMode says how the accounts are kept out of Conditional Access's way.
type ConditionalAccessMode string

// The modes.
const (
	ModeStrict          ConditionalAccessMode = "strict"          // excluded from every policy
	ModeDedicatedPolicy ConditionalAccessMode = "dedicatedPolicy" // but for the policies in DedicatedPolicies
)

// Cloud is the Microsoft cloud that the tenant lives in.
type Cloud string

// The clouds.
const (
	CloudPublic Cloud = "public"
	CloudUSGov  Cloud = "usgov"
)

// Endpoint is the base address of an API.
type Endpoint struct {
	URL string // without a slash at the end
	// Anonymous is set for plain http, which is possible on loopback only: no credential may be
	// sent there.
	Anonymous bool
}

// AcceptedRisk is a finding that somebody has decided to live with. Posture decides whether it has
// expired or reaches too far into the future.
type AcceptedRisk struct {
	Check   string    `json:"check"`             // in upper case
	Account string    `json:"account,omitempty"` // object id in lower case; empty: a finding about the tenant
	Owner   string    `json:"owner"`
	Reason  string    `json:"reason"`
	Expires time.Time `json:"expires"`
}
