package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// identity is the app's managed identity where its client id is set, and otherwise whatever the
// operator is signed in with. It asks nothing of the network until a token is needed.
func identity(clientID string) (azcore.TokenCredential, error) {
	var credential azcore.TokenCredential
	var err error
	advice := "run `az login`, or set AZURE_CLIENT_ID to the client id of a managed identity of this machine"
	if clientID != "" {
		advice = "check that AZURE_CLIENT_ID is the client id of an identity that is assigned to this app"
		credential, err = azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ID: azidentity.ClientID(clientID)})
	} else {
		credential, err = azidentity.NewDefaultAzureCredential(nil)
	}
	if err != nil {
		return nil, fmt.Errorf("no identity to use Azure with: %w; %s", err, advice)
	}
	return advised{credential, advice}, nil
}

// advised says in one line what to do when there is no token; the library lists on a page all that
// it tried.
type advised struct {
	azcore.TokenCredential
	advice string
}

// GetToken asks for a token.
func (a advised) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := a.TokenCredential.GetToken(ctx, o)
	if err == nil || ctx.Err() != nil {
		return token, err
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return token, errors.New("no identity to use Azure with: " + a.advice + " (" + first + ")")
}
