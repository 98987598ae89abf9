package tables

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"glasswatch/shared/ledger"
)

// failure is what the service says of a request that it did not carry out.
type failure struct {
	status int    // HTTP status, of the failed action in a transaction
	code   string // the service's error code, empty if it gave none
	index  int    // of the failed action in a transaction, -1 if it did not say
	cause  error
}

// permanent lists the codes after which the same row is refused for ever.
var permanent = []string{
	"PropertyValueTooLarge", "EntityTooLarge", "RequestBodyTooLarge", "InvalidInput", "PropertyNameInvalid",
	"PropertyNameTooLong", "TooManyProperties", "KeyValueTooLarge", "OutOfRangeInput", "InvalidValueType", "ContentLengthExceeded",
}

// failureOf reads the answer. A transaction that failed comes back from the library as status 202
// with an empty code, because it looks at the outer answer only: the truth is in the multipart
// body, which is still there to be read.
func failureOf(err error) failure {
	f := failure{index: -1, cause: plain(err)}
	answer, ok := errors.AsType[*azcore.ResponseError](err)
	if !ok {
		return f
	}
	f.status, f.code = answer.StatusCode, answer.ErrorCode
	if answer.RawResponse == nil || answer.RawResponse.Body == nil {
		return f
	}
	body, readErr := io.ReadAll(io.LimitReader(answer.RawResponse.Body, 1<<20))
	if readErr != nil || len(body) == 0 {
		return f
	}
	answer.RawResponse.Body = io.NopCloser(bytes.NewReader(body))
	if f.status == http.StatusAccepted {
		f.status = innerStatus(body)
	}
	code, index := innerCode(body)
	if f.code == "" {
		f.code = code
	}
	f.index = index
	return f
}

// innerStatus finds the status line of the failed action in a multipart answer.
func innerStatus(body []byte) int {
	for line := range bytes.Lines(body) {
		rest, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("HTTP/1.1 "))
		if !ok || len(rest) < 3 {
			continue
		}
		if status, err := strconv.Atoi(string(rest[:3])); err == nil && status >= 400 {
			return status
		}
	}
	return 0
}

// innerCode finds the OData error in an answer: {"odata.error":{"code":"…","message":{"value":"1:…"}}}.
// The number before the colon is the index of the failed action.
func innerCode(body []byte) (code string, index int) {
	index = -1
	start := bytes.Index(body, []byte(`{"odata.error"`))
	if start < 0 {
		return "", index
	}
	var said struct {
		Error struct {
			Code    string `json:"code"`
			Message struct {
				Value string `json:"value"`
			} `json:"message"`
		} `json:"odata.error"`
	}
	if json.NewDecoder(bytes.NewReader(body[start:])).Decode(&said) != nil {
		return "", index
	}
	if number, _, ok := strings.Cut(said.Error.Message.Value, ":"); ok {
		if n, err := strconv.Atoi(number); err == nil && n >= 0 && n < maxRows {
			index = n
		}
	}
	return said.Error.Code, index
}

// error is the failure as the ledger knows it.
func (f failure) error(partition string, ops []ledger.Op) error {
	switch {
	case slices.Contains(permanent, f.code):
		refused := &ledger.RefusedError{Op: f.index, Code: f.code}
		if f.index >= 0 && f.index < len(ops) {
			refused.Key = ops[f.index].Row.Key
		}
		return refused
	case f.code == "EntityAlreadyExists" || f.code == "UpdateConditionNotSatisfied" || f.code == "ConditionNotMet",
		f.code == "ResourceNotFound" || f.code == "EntityNotFound",
		f.code == "" && (f.status == http.StatusConflict || f.status == http.StatusPreconditionFailed):
		return fmt.Errorf("commit to %s: %w", partition, ledger.ErrConflict)
	case f.code != "":
		return fmt.Errorf("commit to %s: status %d, %s: %w", partition, f.status, f.code, f.cause)
	default:
		return fmt.Errorf("commit to %s: %w", partition, f.cause)
	}
}

// codeOf is the service's error code, empty if the error is none of the service's.
func codeOf(err error) string { return failureOf(err).code }

// statusError is an answer of the service in one line, without the request that it was for: the
// library's own text spells out addresses and bodies.
type statusError struct {
	status int
	code   string
}

func (e statusError) Error() string {
	if e.code == "" {
		return fmt.Sprintf("storage answered with status %d", e.status)
	}
	return fmt.Sprintf("storage answered with status %d, %s", e.status, e.code)
}

// plain shortens an error of the library to what a reader needs.
func plain(err error) error {
	if answer, ok := errors.AsType[*azcore.ResponseError](err); ok {
		return statusError{answer.StatusCode, answer.ErrorCode}
	}
	if unsent, ok := errors.AsType[*url.Error](err); ok {
		host := "its address"
		if u, parseErr := url.Parse(unsent.URL); parseErr == nil {
			host = u.Host
		}
		return fmt.Errorf("storage at %s does not answer: %w", host, unsent.Err)
	}
	return err
}
