package config

// HostSettings are the app's settings that only the Functions host reads.
var HostSettings = []Setting{
	{
		Name: "FUNCTIONS_WORKER_RUNTIME", Need: Optional, LocalOnly: true, Expects: "custom", Example: "custom",
		Doc: "Tells the local host that this is a custom handler; in Azure the app's configuration does.",
	},
	{
		Name: "AzureWebJobsStorage", Need: Required, Secret: true, LocalOnly: true, Expects: "a storage connection string", Instead: "AzureWebJobsStorage__blobServiceUri", Example: "UseDevelopmentStorage=true",
		Doc: "Connection string of the storage account in which the host keeps checkpoints, timers and keys.",
	},
	{
		Name: "AzureWebJobsStorage__blobServiceUri", Need: Optional, Expects: "the account's blob endpoint",
		Doc: "Blob endpoint of that account, used with the app's identity.",
	},
	{
		Name: "AzureWebJobsStorage__queueServiceUri", Need: Optional, Expects: "the account's queue endpoint",
		Doc: "Queue endpoint of that account.",
	},
	{
		Name: "AzureWebJobsStorage__tableServiceUri", Need: Optional, Expects: "the account's table endpoint",
		Doc: "Table endpoint of that account.",
	},
	{
		Name: "AzureWebJobsStorage__credential", Need: Optional, Expects: "managedidentity",
		Doc: "Says to the host that it uses that account with a managed identity.",
	},
	{
		Name: "AzureWebJobsStorage__clientId", Need: Optional, Expects: guidExpected,
		Doc: "Client id of that identity.",
	},
	{
		Name: "APPLICATIONINSIGHTS_CONNECTION_STRING", Need: Optional, Expects: "the connection string of an Application Insights resource",
		Doc: "Where the host sends logs.",
	},
	{
		Name: "APPLICATIONINSIGHTS_AUTHENTICATION_STRING", Need: Optional, Expects: "ClientId=<client id>;Authorization=AAD",
		Doc: "With which identity it does.",
	},
}

// OperatorSettings are read on an operator's machine by the verbs that write, and are no settings
// of the app.
var OperatorSettings = []Setting{
	{
		Name: "GLASSWATCH_URL", Need: Optional, Expects: "the app's address, https (http only on loopback)",
		Doc:   "Address of the app.",
		parse: base(func(d *draft, e Endpoint) { d.AppURL = e.URL }),
	},
	{
		Name: "GLASSWATCH_KEY", Need: Optional, Secret: true, Expects: "a function key of the app",
		Doc:   "Function key of the app.",
		parse: word(func(d *draft, s string) { d.AppKey = NewSecret(s) }),
	},
}

// PlatformSettings are set by Azure itself or by the host that starts the process; nobody
// configures them.
var PlatformSettings = []Setting{
	{
		Name: "FUNCTIONS_CUSTOMHANDLER_PORT", Need: Optional, Expects: "a port number", Default: "8080",
		Doc:   "Port to listen on.",
		parse: parsePort,
	},
	{
		Name: "WEBSITE_AUTH_ENABLED", Need: Optional, Expects: "true or false",
		Doc:   "Whether the platform authenticates callers.",
		parse: parseAuthenticates,
	},
}
