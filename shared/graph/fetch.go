package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"
)

// mostPages ends a list whose pages never end.
const mostPages = 1000

// request is a request that the SDK's builders made, or the error with which they did not. Each
// comes from a new builder: builders share a map that the adapter writes to.
type request func(ctx context.Context) (*abstractions.RequestInformation, error)

// send makes one call and returns the body of the answer.
func (c *Collector) send(ctx context.Context, ask request) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, wholePatience(c.options.Patience))
	defer cancel()
	info, err := ask(ctx)
	if err != nil {
		return nil, fmt.Errorf("prepare a request to Graph: %w", err)
	}
	// Else Graph writes unknownFutureValue in the place of every value that is younger than its first version.
	info.Headers.TryAdd("Prefer", "include-unknown-enum-members")
	answer, err := c.adapter.SendPrimitive(ctx, info, "[]byte", abstractions.ErrorMappings{
		"XXX": odataerrors.CreateODataErrorFromDiscriminatorValue,
	})
	if err != nil {
		return nil, refused(err)
	}
	body, ok := answer.([]byte)
	if !ok || len(body) == 0 {
		return nil, errors.New("the answer is empty")
	}
	return body, nil
}

// one reads a single object. T's fields that must not be missing are pointers, for the caller to check.
func one[T any](ctx context.Context, c *Collector, ask request) (T, error) {
	body, err := c.send(ctx, ask)
	if err != nil {
		return *new(T), err
	}
	return decode[T](body)
}

// list reads a collection with all its pages. A page without a list is an error, never an empty one.
func list[T any](ctx context.Context, c *Collector, ask request) ([]T, error) {
	items := []T{}
	seen := map[string]bool{}
	for range mostPages {
		body, err := c.send(ctx, ask)
		if err != nil {
			return nil, err
		}
		page, err := decode[struct {
			Value *[]json.RawMessage `json:"value"`
			Next  string             `json:"@odata.nextLink"`
		}](body)
		if err != nil {
			return nil, err
		}
		if page.Value == nil {
			return nil, errors.New("the answer holds no list")
		}
		for _, raw := range *page.Value {
			item, err := decode[T](raw)
			if err != nil {
				return nil, fmt.Errorf("entry %d: %w", len(items)+1, err)
			}
			items = append(items, item)
		}
		if page.Next == "" {
			return items, nil
		}
		if seen[page.Next] {
			return nil, errors.New("the link to the next page leads back to an earlier one")
		}
		seen[page.Next] = true
		ask = to(page.Next)
	}
	return nil, fmt.Errorf("the list has more than %d pages", mostPages)
}

// to is a GET of an address that no builder makes: a next page, or something that is only in beta.
func to(address string) request {
	return func(context.Context) (*abstractions.RequestInformation, error) {
		target, err := url.Parse(address)
		if err != nil {
			return nil, errors.New("the link to the next page is no address")
		}
		info := abstractions.NewRequestInformation()
		info.Method = abstractions.GET
		info.Headers.TryAdd("Accept", "application/json")
		info.SetUri(*target)
		return info, nil
	}
}

// decode reads a JSON object; anything else is an error.
func decode[T any](raw []byte) (T, error) {
	var value T
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil || object == nil {
		return value, errors.New("the answer is no JSON object")
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		return value, fmt.Errorf("the answer is not of the expected form: %w", err)
	}
	return value, nil
}
