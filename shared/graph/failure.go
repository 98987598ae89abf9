package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"

	"glasswatch/shared/posture"
)

// refusal is an answer of Graph that says no.
type refusal struct {
	status        int
	code, message string // Graph's, from outside
	requestID     string
}

func (r *refusal) Error() string {
	text := fmt.Sprintf("Graph answered HTTP %d", r.status)
	if r.code != "" {
		text += " " + clip(r.code, 80)
	}
	if r.message != "" {
		text += ": " + strings.TrimSuffix(clip(r.message, 200), ".")
	}
	if r.requestID != "" {
		text += " (request " + clip(r.requestID, 40) + ")"
	}
	return text
}

// clip shortens text from outside and takes line ends and other control characters out of it.
func clip(text string, most int) string {
	runes := []rune(strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }), " "))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}

// refused turns the SDK's error into a refusal, if it is an answer of Graph.
func refused(err error) error {
	if answer, ok := errors.AsType[*odataerrors.ODataError](err); ok {
		r := &refusal{status: answer.ResponseStatusCode, requestID: requestID(answer.ResponseHeaders)}
		if inner := answer.GetErrorEscaped(); inner != nil {
			r.code, r.message = text(inner.GetCode()), text(inner.GetMessage())
		}
		return r
	}
	if answer, ok := errors.AsType[*abstractions.ApiError](err); ok {
		return &refusal{status: answer.ResponseStatusCode, requestID: requestID(answer.ResponseHeaders)}
	}
	return err
}

func requestID(headers *abstractions.ResponseHeaders) string {
	if headers == nil {
		return ""
	}
	return strings.Join(headers.Get("request-id"), ",")
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// licenceCodes are the error codes by which Graph says that a licence is missing, whatever the
// status: 400 from Privileged Identity Management, 403 from reports and governance.
var licenceCodes = []string{
	"AadPremiumLicenseRequired", "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "NoLicense", "TenantNotLicensed",
}

func (r *refusal) unlicensed() bool {
	return slices.ContainsFunc(licenceCodes, func(code string) bool { return strings.EqualFold(code, r.code) }) ||
		(r.status == http.StatusForbidden || r.status == http.StatusBadRequest) && strings.Contains(strings.ToLower(r.message), "not licensed")
}

// unlicensed says whether a call failed for want of a licence.
func unlicensed(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.unlicensed()
}

// absent says whether Graph knows no such object. Any other 404 (a wrong address, a proxy) is a fault.
func absent(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.status == http.StatusNotFound && strings.EqualFold(r.code, "Request_ResourceNotFound")
}

// lacking marks the error of a call that needs another permission than the section's first one.
type lacking struct {
	permission string
	error
}

func (l lacking) Unwrap() error { return l.error }

func needs(permission string, err error) error {
	if err == nil {
		return nil
	}
	return lacking{permission, err}
}

// gap says why a section was not read.
func gap(info posture.SectionInfo, err error) posture.Gap {
	fault := posture.Gap{Reason: posture.Fault, Detail: clip(err.Error(), 400)}
	r, answered := errors.AsType[*refusal](err)
	switch {
	case !answered && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)):
		fault.Detail = "the run ended before it was read"
	case !answered:
	case r.unlicensed():
		return posture.Gap{Reason: posture.NoLicence, Missing: licenceOf(info), Detail: fault.Detail}
	case r.status == http.StatusForbidden:
		return posture.Gap{Reason: posture.NoPermission, Missing: permissionOf(info, err), Detail: fault.Detail}
	case r.status == http.StatusTooManyRequests, r.status == http.StatusServiceUnavailable:
		fault.Reason = posture.Throttled
	}
	return fault
}

// licenceOf is the licence that a section's calls need. Only those of Privileged Identity
// Management need more than the first one.
func licenceOf(info posture.SectionInfo) string {
	switch info.Name {
	case posture.RolesSection, posture.EligibleSection, posture.AdministratorsSection:
		return posture.P2
	default:
		return posture.P1
	}
}

func permissionOf(info posture.SectionInfo, err error) string {
	if l, ok := errors.AsType[lacking](err); ok {
		return l.permission
	}
	if len(info.Permissions) > 0 {
		return info.Permissions[0]
	}
	return ""
}
