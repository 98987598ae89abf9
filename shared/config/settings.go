package config

import "time"

// Need says what it means that a setting is not set.
type Need string

// The needs.
const (
	Required Need = "yes"    // a problem
	Warned   Need = "warned" // a problem too, but Glasswatch is of use without
	Optional Need = "no"
)

// Setting is one environment variable.
type Setting struct {
	Name    string
	Doc     string // what it is for, as one sentence without its name
	Expects string // what a value looks like; completes "set it to …"
	Default string // what holds where it is not set; empty: nothing
	Need    Need
	Without string // for Required and Warned: what does not work where it is not set
	Secret  bool   // its value must never be shown
	// Instead is another setting that makes this one unnecessary.
	Instead string
	// LocalOnly is set for what belongs on a developer's machine and not into the app's settings
	// in Azure.
	LocalOnly bool
	// Example is its value in local.settings.json.example, where that is not the default.
	Example string

	parse func(d *draft, value string) []flaw // nil for what only the host reads
}

const (
	accountsSetting  = "BREAK_GLASS_ACCOUNTS"
	accountsExpected = "the accounts' object ids, separated by commas or line breaks, each as objectId or objectId=userPrincipalName"
	tablesSetting    = "EVIDENCE_TABLES"
	tablesExpected   = "a storage connection string, or set EVIDENCE_TABLES__serviceUri to the table endpoint"
	hubSetting       = "ENTRA_EVENTHUB"
	webhookExpected  = "an https address (http only on loopback)"
	scheduleExpected = "an NCRONTAB expression with six fields, second first, in UTC"
	durationExpected = "a duration like 15m, 36h or 90d"
	guidExpected     = "a GUID"
	guidsExpected    = "GUIDs, separated by commas or line breaks"
	endpointExpected = "the API's base address, https (http only on loopback)"
)

// Settings are the app's settings that Glasswatch itself reads. Loading, the example file and the
// table in the documentation are made from this list.
var Settings = []Setting{
	{
		Name: accountsSetting, Need: Required, Expects: accountsExpected,
		Doc:     "The accounts to watch. Object ids are what counts; a user principal name matches records that have no object id.",
		Without: "no account is watched",
		Example: "00000000-0000-0000-0000-000000000000=bg-alpha@contoso.onmicrosoft.com",
		parse:   parseAccounts,
	},
	{
		Name: tablesSetting, Need: Required, Expects: tablesExpected, Secret: true, LocalOnly: true, Instead: tablesSetting + "__serviceUri",
		Doc:     "Connection string of the storage account for evidence; UseDevelopmentStorage=true is the local emulator.",
		Without: "nothing can be recorded",
		Example: "UseDevelopmentStorage=true",
		parse:   parseTables,
	},
	{
		Name: tablesSetting + "__serviceUri", Need: Optional, Expects: "the table endpoint of the storage account, https (http only on loopback)",
		Doc:   "Table endpoint of that account, used with the app's identity.",
		parse: parseTablesURI,
	},
	{
		Name: hubSetting, Need: Required, Expects: "an Event Hubs connection string, or set ENTRA_EVENTHUB__fullyQualifiedNamespace", Secret: true, LocalOnly: true, Instead: hubSetting + "__fullyQualifiedNamespace",
		Doc:     "Connection string of the event hub that receives the Entra logs.",
		Without: "no logs arrive",
		Example: "Endpoint=sb://localhost;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;",
		parse:   parseHub,
	},
	{
		Name: hubSetting + "__fullyQualifiedNamespace", Need: Optional, Expects: "the host name of the Event Hubs namespace, like name.servicebus.windows.net",
		Doc:   "Host name of the Event Hubs namespace, used with the app's identity.",
		parse: parseNamespace,
	},
	{
		Name: hubSetting + "__credential", Need: Optional, Expects: "managedidentity",
		Doc:   "Says to the host that it reads the hub with a managed identity.",
		parse: parseCredential,
	},
	{
		Name: hubSetting + "__clientId", Need: Optional, Expects: guidExpected,
		Doc:   "Client id of the user-assigned identity with which the host reads the hub.",
		parse: guid(func(d *draft, id string) { d.hubID = id }),
	},
	{
		Name: "ENTRA_EVENTHUB_NAME", Need: Required, Expects: "the name of the event hub",
		Doc: "Name of the event hub.", Without: "no logs arrive", Example: "entra-logs",
		parse: name(func(d *draft, s string) { d.Hub.Name = s }),
	},
	{
		Name: "ENTRA_CONSUMER_GROUP", Need: Required, Expects: "the name of a consumer group that nothing else reads with",
		Doc: "Consumer group of the trigger.", Without: "no logs arrive", Example: "glasswatch",
		parse: name(func(d *draft, s string) { d.Hub.ConsumerGroup = s }),
	},
	{
		Name: "REPLAY_CONSUMER_GROUP", Need: Required, Expects: "the name of a second consumer group",
		Doc: "Consumer group for reading again and ahead; never the trigger's.", Without: "logs cannot be read again, nor ahead of a partition that is held up", Example: "glasswatch-replay",
		parse: name(func(d *draft, s string) { d.Hub.ReplayGroup = s }),
	},
	{
		Name: "AZURE_CLIENT_ID", Need: Optional, Expects: guidExpected,
		Doc:   "Client id of the app's user-assigned identity.",
		parse: guid(func(d *draft, id string) { d.ClientID = id }),
	},
	{
		Name: "TEAMS_WEBHOOK_URL", Need: Required, Expects: webhookExpected + " of a Workflows webhook", Secret: true,
		Doc: "Workflows webhook of the Teams channel for alerts.", Without: "no alert reaches Teams",
		parse: address(func(d *draft, url string) { d.TeamsURL = NewSecret(url) }),
	},
	{
		Name: "FALLBACK_WEBHOOK_URL", Need: Warned, Expects: webhookExpected + " outside Microsoft 365", Secret: true,
		Doc: "Webhook of a channel outside Microsoft 365.", Without: "alerts have no way that does not depend on Microsoft 365",
		parse: address(func(d *draft, url string) { d.Fallback.URL = NewSecret(url) }),
	},
	{
		Name: "FALLBACK_WEBHOOK_FORMAT", Need: Optional, Expects: "cloudevents or pagerduty", Default: string(FormatCloudEvents),
		Doc:   "What that channel speaks: cloudevents (signed as Standard Webhooks) or pagerduty (Events API v2).",
		parse: oneOf(func(d *draft, f FallbackFormat) { d.Fallback.Format = f }, FormatCloudEvents, FormatPagerDuty),
	},
	{
		Name: "FALLBACK_WEBHOOK_SECRET", Need: Optional, Expects: "base64 of 24 to 64 bytes, with or without whsec_; for pagerduty the routing key", Secret: true,
		Doc:   "Signing secret of that channel, or its routing key for pagerduty.",
		parse: func(d *draft, value string) []flaw { d.fallbackSecret = value; return nil },
	},
	{
		Name: "HEARTBEAT_URL", Need: Warned, Expects: webhookExpected, Secret: true,
		Doc: "Dead-man's switch: gets a GET after each good pulse, and tells somebody when they stop.", Without: "nobody is told when Glasswatch itself stops",
		parse: address(func(d *draft, url string) { d.HeartbeatURL = NewSecret(url) }),
	},
	{
		Name: "PUBLIC_URL", Need: Warned, Expects: "the app's address, https (http only on loopback)",
		Doc: "Base of the links in cards.", Without: "cards have no links, so nothing can be acknowledged from them", Example: "http://localhost:7071",
		parse: base(func(d *draft, e Endpoint) { d.PublicURL = e.URL }),
	},
	{
		Name: "LINK_SIGNING_KEYS", Need: Warned, Expects: "base64 keys of at least 32 bytes, separated by commas; make one with: openssl rand -base64 32", Secret: true,
		Doc: "Keys of the links in cards: the first signs, all verify.", Without: "cards have no links, so nothing can be acknowledged from them",
		parse: parseLinkKeys,
	},
	{
		Name: "EXCLUSION_GROUPS", Need: Optional, Expects: guidsExpected,
		Doc:   "Object ids of the groups that exclude the accounts from Conditional Access.",
		parse: guids(func(d *draft, ids []string) { d.ExclusionGroups = ids }),
	},
	{
		Name: "CONDITIONAL_ACCESS_MODE", Need: Optional, Expects: "strict or dedicatedPolicy", Default: string(ModeStrict),
		Doc:   "Whether the accounts are excluded from every Conditional Access policy (strict) or from all but dedicated ones (dedicatedPolicy).",
		parse: oneOf(func(d *draft, m ConditionalAccessMode) { d.ConditionalAccessMode = m }, ModeStrict, ModeDedicatedPolicy),
	},
	{
		Name: "DEDICATED_POLICIES", Need: Optional, Expects: guidsExpected,
		Doc:   "Ids of the policies that are meant for the accounts, for dedicatedPolicy.",
		parse: guids(func(d *draft, ids []string) { d.DedicatedPolicies = ids }),
	},
	{
		Name: "AZURE_CLOUD", Need: Optional, Expects: "public or usgov", Default: string(CloudPublic),
		Doc:   "The Microsoft cloud of the tenant.",
		parse: oneOf(func(d *draft, c Cloud) { d.Cloud = c }, CloudPublic, CloudUSGov),
	},
	{
		Name: "GRAPH_ENDPOINT", Need: Optional, Expects: endpointExpected,
		Doc:   "Microsoft Graph, if not that of the cloud; no credential is sent over plain http.",
		parse: base(func(d *draft, e Endpoint) { d.graphGiven = e }),
	},
	{
		Name: "ARM_ENDPOINT", Need: Optional, Expects: endpointExpected,
		Doc:   "Azure Resource Manager, if not that of the cloud; no credential is sent over plain http.",
		parse: base(func(d *draft, e Endpoint) { d.armGiven = e }),
	},
	{
		Name: "TENANT_ID", Need: Warned, Expects: guidExpected,
		Doc: "The tenant's id; set by Bicep.", Without: "records of another tenant are not told apart",
		parse: guid(func(d *draft, id string) { d.TenantID = id }),
	},
	{
		Name: "RESOURCE_IDS", Need: Warned, Expects: "Azure resource ids, separated by commas or line breaks, each beginning with /",
		Doc: "Glasswatch's own resources, for the pulse and posture checks; set by Bicep.", Without: "nobody is told when Glasswatch's own resources are changed",
		parse: parseResourceIDs,
	},
	{
		Name: "WATCH_SCHEDULE", Need: Required, Expects: scheduleExpected,
		Doc: "When keepwatch runs; read by the host.", Without: "owed alerts are not sent again and nothing escalates", Example: "0 * * * * *",
		parse: schedule(func(d *draft, s string) { d.WatchSchedule = s }),
	},
	{
		Name: "POSTURE_SCHEDULE", Need: Required, Expects: scheduleExpected,
		Doc: "When checkposture runs; read by the host.", Without: "the accounts are not checked", Example: "0 0 6 * * *",
		parse: schedule(func(d *draft, s string) { d.PostureSchedule = s }),
	},
	{
		Name: "ACKNOWLEDGE_WITHIN", Need: Optional, Expects: durationExpected + ", from 1m to 24h", Default: "15m",
		Doc:   "How soon a critical incident must be acknowledged before it escalates.",
		parse: period("1m", "24h", func(c *Config) *time.Duration { return &c.AcknowledgeWithin }),
	},
	{
		Name: "DRILL_EVERY", Need: Optional, Expects: durationExpected + ", from 1d to 731d", Default: "90d",
		Doc:   "How often each account must be drilled.",
		parse: period("1d", "731d", func(c *Config) *time.Duration { return &c.DrillEvery }),
	},
	{
		Name: "RETENTION", Need: Optional, Expects: durationExpected + ", from 1d to 10000d", Default: "400d",
		Doc:   "How long payloads are kept; hashes stay.",
		parse: period("1d", "10000d", func(c *Config) *time.Duration { return &c.Retention }),
	},
	{
		Name: "RETENTION_UNPARSED", Need: Optional, Expects: durationExpected + ", from 1d to 10000d", Default: "30d",
		Doc:   "How long messages are kept that could not be read.",
		parse: period("1d", "10000d", func(c *Config) *time.Duration { return &c.RetentionUnparsed }),
	},
	{
		Name: "ESSENTIAL_OPERATION", Need: Optional, Expects: "the name of an audit activity, on one line",
		Doc:   "Audit activity that proves a drill's essential operation; where it is not set, any directory write does.",
		parse: line(256, func(d *draft, s string) { d.EssentialOperation = s }),
	},
	{
		Name: "POSTURE_POLICY", Need: Optional, Expects: "a JSON object",
		Doc:   "What the checks compare with where taste differs, as JSON.",
		parse: parsePosturePolicy,
	},
	{
		Name: "ACCEPTED_RISKS", Need: Optional, Expects: "a JSON list of objects with check, account, owner, reason and expires",
		Doc:   "Findings that somebody answers for, as JSON; never CA-02, INV-03, INV-04, AUTH-04 and PIPE-*.",
		parse: parseAcceptedRisks,
	},
	{
		Name: "DISPLAY_TIME_ZONE", Need: Optional, Expects: "a name of the IANA time zone database, like Europe/Oslo", Default: "UTC",
		Doc:   "Time zone shown on cards and pages.",
		parse: parseZone,
	},
	{
		Name: "INSTANCE_NAME", Need: Optional, Expects: "a short name, on one line of at most 64 characters",
		Doc:   "Name of this installation, shown on cards and pages.",
		parse: line(64, func(d *draft, s string) { d.InstanceName = s }),
	},
}
