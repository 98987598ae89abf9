// Package graph reads from Microsoft Graph what the posture checks judge, and changes nothing there.
//
// It imports sub-packages of the SDK only: the root package doubles the time to compile. The SDK
// makes the requests, signs them, waits when it is throttled and tells errors. The answers are
// decoded here, because the SDK's models take an answer of an unexpected form for an empty one, and
// a value that they do not know (the state of a policy, the type of a method) for an absent one.
package graph

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/microsoft/kiota-abstractions-go/authentication"
	azure "github.com/microsoft/kiota-authentication-azure-go"
	khttp "github.com/microsoft/kiota-http-go"
	kjson "github.com/microsoft/kiota-serialization-json-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"

	"glasswatch/shared/posture"
)

// Account is a break-glass account to look at.
type Account struct {
	ID   string // object id
	Name string // how people know it
	// UserPrincipalName is looked up to see whether it still leads to the same object. Empty: it is
	// not asked.
	UserPrincipalName string
}

// Options say where Graph is and what to read.
type Options struct {
	// Endpoint is the base of Graph without a version: "https://graph.microsoft.com". Plain http is
	// taken on loopback only, and no credential is sent there.
	Endpoint   string
	Credential azcore.TokenCredential // may be nil for http on loopback
	TenantID   string                 // noted in the snapshot
	Accounts   []Account
	Policy     posture.Policy   // its exclusion groups are read besides those that exclude an account today
	Now        func() time.Time // nil: time.Now
	// Patience is how long one answer of Graph is waited for, retries for throttling aside: 20 s if
	// it is not positive. A call with its retries ends after five times that.
	Patience time.Duration
	// Transport carries the requests. Nil means the default one with the proxy of the environment.
	Transport http.RoundTripper
}

// Collector reads one tenant. It is safe for concurrent use.
type Collector struct {
	options Options
	origin  string // scheme and host of the endpoint
	adapter *core.GraphRequestAdapterBase
	calls   atomic.Int64
}

const defaultPatience = 20 * time.Second

// New prepares to read a tenant without touching the network. It fails for an endpoint that is no
// https address without query, or http on loopback, and for https without a credential.
func New(o Options) (*Collector, error) {
	base, err := endpoint(o.Endpoint)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Patience <= 0 {
		o.Patience = defaultPatience
	}
	if o.Transport == nil {
		o.Transport = khttp.GetDefaultTransport()
	}
	c := &Collector{options: o, origin: base.Scheme + "://" + base.Host}
	door := doorkeeper{scheme: base.Scheme, host: base.Host}
	if base.Scheme == "https" {
		if o.Credential == nil {
			return nil, fmt.Errorf("prepare to read Graph at %s: there is no credential", c.origin)
		}
		provider, err := azure.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(o.Credential, []string{c.origin + "/.default"}, []string{base.Hostname()})
		if err != nil {
			return nil, fmt.Errorf("prepare to sign requests to Graph: %w", err)
		}
		door.signer = provider
	}
	// Kiota's own list of middleware has a random order, follows redirects and compresses requests.
	pipeline := []khttp.Middleware{
		core.NewGraphTelemetryHandler(&core.GraphClientOptions{GraphServiceVersion: "v1.0", GraphServiceLibraryVersion: sdkVersion}),
		khttp.NewParametersNameDecodingHandler(),
		khttp.NewRetryHandlerWithOptions(retries(o.Patience)),
		guard{c},
	}
	client := &http.Client{
		Transport:     khttp.NewCustomTransportWithParentTransport(o.Transport, pipeline...),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c.adapter, err = core.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		door, core.GraphClientOptions{}, kjson.NewJsonParseNodeFactory(), kjson.NewJsonSerializationWriterFactory(), client)
	if err != nil {
		return nil, fmt.Errorf("prepare to read Graph: %w", err)
	}
	c.adapter.SetBaseUrl(c.origin + "/v1.0")
	return c, nil
}

// sdkVersion is told to Graph with each request, as the SDK's root package does.
const sdkVersion = "1.89.0"

func endpoint(raw string) (*url.URL, error) {
	base, err := url.Parse(strings.TrimSuffix(raw, "/"))
	if err != nil || base.Host == "" || base.Path != "" || base.RawQuery != "" || base.Fragment != "" || base.User != nil {
		return nil, errors.New("prepare to read Graph: the endpoint is no address like https://graph.microsoft.com")
	}
	switch base.Scheme {
	case "https":
		return base, nil
	case "http":
		if loopback(base.Hostname()) {
			return base, nil
		}
		return nil, fmt.Errorf("prepare to read Graph at %s: plain http is taken on loopback only", base.Host)
	default:
		return nil, fmt.Errorf("prepare to read Graph at %s: the scheme is not https", base.Host)
	}
}

func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && address.IsLoopback()
}

var _ authentication.AuthenticationProvider = doorkeeper{}
