package tables_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"glasswatch/infra/local/azurite"
	"glasswatch/shared/ledger"
	"glasswatch/shared/tables"
)

// credential hands out tokens as Entra would, but unsigned: the emulator reads only their claims.
type credential struct {
	t        *testing.T
	audience string
}

// GetToken implements azcore.TokenCredential.
func (c credential) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if !slices.Equal(o.Scopes, []string{"https://storage.azure.com/.default"}) {
		c.t.Errorf("scopes %v", o.Scopes)
	}
	part := func(v map[string]any) string {
		b, err := json.Marshal(v)
		if err != nil {
			c.t.Error(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	start := time.Now().Add(-time.Minute)
	token := part(map[string]any{"alg": "none", "typ": "JWT"}) + "." + part(map[string]any{
		"aud": c.audience, "iss": "https://sts.windows.net/00000000-0000-0000-0000-000000000001/",
		"nbf": start.Unix(), "iat": start.Unix(), "exp": start.Add(time.Hour).Unix(),
	}) + ".c2lnbmF0dXJl"
	return azcore.AccessToken{Token: token, ExpiresOn: start.Add(time.Hour)}, nil
}

// certificate writes a certificate for 127.0.0.1 and its key.
func certificate(t *testing.T) (certificate, key string, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, content []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(parsed)
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", pkcs8), roots
}

// The way of production: an endpoint, an identity, TLS.
func TestManagedIdentity(t *testing.T) {
	cert, key, roots := certificate(t)
	server, err := azurite.Start(t.Context(), azurite.Options{Certificate: cert, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Kill()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	t.Cleanup(client.CloseIdleConnections)
	with := func(audience string) *tables.Store {
		s, err := tables.New(tables.Options{
			ServiceURI: server.Endpoint(), Credential: credential{t, audience}, Table: azurite.TableName(), Transport: client,
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	store := with("https://storage.azure.com")
	if _, err := ledger.New(store, now).Append(t.Context(), "tenant", adds(event("1"))); err != nil {
		t.Fatal(err)
	}
	whole(t, store)
	wrong := with("https://graph.microsoft.com")
	if _, err := wrong.Get(t.Context(), "tenant", "head"); err == nil {
		t.Error("a token for Graph was taken")
	}
	if err := wrong.Commit(t.Context(), "tenant", []ledger.Op{insert("a", nil)}); err == nil {
		t.Error("a token for Graph was taken for a transaction")
	}
}
