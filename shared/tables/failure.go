package tables

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"glasswatch/shared/ledger"
)

// permanent lists the codes after which the same row is refused for ever:
// https://learn.microsoft.com/rest/api/storageservices/table-service-error-codes
var permanent = []string{
	"PropertyValueTooLarge", "EntityTooLarge", "RequestBodyTooLarge", "InvalidInput", "PropertyNameInvalid",
	"PropertyNameTooLong", "TooManyProperties", "KeyValueTooLarge", "OutOfRangeInput", "InvalidValueType", "ContentLengthExceeded",
	"InvalidDuplicateRow", "DuplicatePropertiesSpecified", "InvalidMetadata", "PropertiesNeedValue",
}

// conflicts lists the codes that say that a precondition failed.
var conflicts = []string{
	"EntityAlreadyExists", "UpdateConditionNotSatisfied", "ConditionNotMet", "ResourceNotFound", "EntityNotFound",
}

// failureOf reads an error of the library as the failure of one action.
func failureOf(err error) *actionError {
	if failed, ok := errors.AsType[*actionError](err); ok {
		return failed
	}
	answer, ok := errors.AsType[*azcore.ResponseError](err)
	if !ok {
		return &actionError{index: -1}
	}
	return &actionError{status: answer.StatusCode, code: answer.ErrorCode, index: -1}
}

// commitError is what the ledger is told of a transaction that was not confirmed.
func commitError(partition string, ops []ledger.Op, err error) error {
	f := failureOf(err)
	switch {
	case slices.Contains(permanent, f.code), f.code == "" && f.status == http.StatusRequestEntityTooLarge:
		refused := &ledger.RefusedError{Op: f.index, Code: f.code}
		if f.code == "" {
			refused.Code = "RequestBodyTooLarge"
		}
		if f.index >= 0 && f.index < len(ops) {
			refused.Key = ops[f.index].Row.Key
		}
		return refused
	case slices.Contains(conflicts, f.code),
		f.code == "" && (f.status == http.StatusConflict || f.status == http.StatusPreconditionFailed):
		return fmt.Errorf("commit to %s: %w", partition, ledger.ErrConflict)
	}
	return fmt.Errorf("commit to %s: %w", partition, plain(err))
}

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

// plain shortens an error of the library to what a reader needs. Addresses are left out, because
// one may hold a signature.
func plain(err error) error {
	if answer, ok := errors.AsType[*azcore.ResponseError](err); ok {
		return statusError{answer.StatusCode, answer.ErrorCode}
	}
	if request, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("reach storage: %w", request.Err)
	}
	return err
}
