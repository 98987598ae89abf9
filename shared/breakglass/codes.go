package breakglass

import (
	"cmp"
	"slices"
)

// Class says what a sign-in's error code means for the account.
type Class string

// The classes of code.
const (
	ClassSuccess      Class = "success"
	ClassFirstFactor  Class = "firstFactor"  // stopped, but the password, certificate or session had been right
	ClassInterrupted  Class = "interrupted"  // a step of a sign-in that says nothing about the first factor
	ClassBlocked      Class = "blocked"      // the account does not work: policy, disabled, deleted
	ClassFailure      Class = "failure"      // wrong credentials, locked out, and every code that is not in the table
	ClassTokenExpired Class = "tokenExpired" // an old session ended; nobody typed anything
)

// Outcome is how a sign-in with a code of this class ended.
func (c Class) Outcome() Outcome {
	switch c {
	case ClassSuccess:
		return OutcomeSuccess
	case ClassFirstFactor, ClassInterrupted:
		return OutcomeInterrupted
	case ClassBlocked:
		return OutcomeBlocked
	case ClassFailure, ClassTokenExpired:
		return OutcomeFailure
	default:
		return OutcomeFailure
	}
}

// Code is one sign-in error code.
type Code struct {
	Number  int
	Class   Class
	Meaning string // a clause in plain words, without a full stop
}

// Codes lists the known codes in ascending order. Numbers and meanings follow Microsoft's page
// "Microsoft Entra authentication and authorization error codes" (docs/identity-platform/
// reference-error-codes.md in MicrosoftDocs/entra-docs), which warns that codes may change at any
// time: a code that is not here is an attempt, never nothing. 50203, 90072, 500121, 530032 and
// the 8101x family are not on that page; they are classed by what has been seen in logs.
var Codes = []Code{
	{0, ClassSuccess, "signed in"},
	{16000, ClassInterrupted, "another account had to be chosen"},
	{16001, ClassInterrupted, "another account had to be chosen"},
	{16003, ClassInterrupted, "the account was not found in the tenant that was asked for"},
	{50002, ClassBlocked, "refused by tenant restrictions on the network"},
	{50005, ClassBlocked, "Conditional Access does not allow this device platform"},
	{50012, ClassFailure, "the certificate or client assertion was not accepted"},
	{50017, ClassFailure, "the certificate could not be validated"},
	{50020, ClassFailure, "the account does not belong to the tenant that was asked for"},
	{50034, ClassBlocked, "the account does not exist in the directory"},
	{50053, ClassFailure, "locked after too many wrong passwords, or the address is known for attacks"},
	{50055, ClassFirstFactor, "the password was right but has expired"},
	{50056, ClassFailure, "no password, or an invalid one"},
	{50057, ClassBlocked, "the account is disabled"},
	{50058, ClassInterrupted, "silent sign-in found no session"},
	{50064, ClassFailure, "user name or password could not be validated"},
	{50072, ClassFirstFactor, "the first factor was right; a second factor must be enrolled"},
	{50074, ClassFirstFactor, "the first factor was right; the second was asked for and not given"},
	{50076, ClassFirstFactor, "the first factor was right; a second factor is required"},
	{50078, ClassFirstFactor, "the first factor was right; the second has expired and must be renewed"},
	{50079, ClassFirstFactor, "the first factor was right; a second factor must be enrolled"},
	{50089, ClassFailure, "the sign-in took too long and expired"},
	{50097, ClassInterrupted, "the device had to prove itself"},
	{50105, ClassBlocked, "the account is not assigned to the application"},
	{50125, ClassFirstFactor, "the first factor was right; a password reset or registration interrupted"},
	{50126, ClassFailure, "wrong user name or password"},
	{50127, ClassInterrupted, "a broker app had to be installed"},
	{50129, ClassInterrupted, "the device had to be registered"},
	{50131, ClassBlocked, "refused by Conditional Access: device state, suspicious activity or policy"},
	{50132, ClassTokenExpired, "the session ended because the password changed or expired"},
	{50133, ClassTokenExpired, "the session ended because the password changed or expired"},
	{50135, ClassFirstFactor, "the password was right, but must be changed because the account is at risk"},
	{50140, ClassInterrupted, "asked whether to stay signed in"},
	{50142, ClassFirstFactor, "the password was right, but Conditional Access requires that it be changed"},
	{50143, ClassInterrupted, "the session belongs to another tenant"},
	{50144, ClassFirstFactor, "the password was right but has expired on premises"},
	{50155, ClassFailure, "the device could not prove itself"},
	{50158, ClassFirstFactor, "the first factor was right; an outside challenge was not met"},
	{50168, ClassInterrupted, "the browser could have signed in by itself, but had no token"},
	{50173, ClassTokenExpired, "the session was revoked and a fresh sign-in is needed"},
	{50192, ClassFailure, "no certificate or credential was sent"},
	{50199, ClassInterrupted, "asked to confirm the application"},
	{50203, ClassInterrupted, "asked to register an authenticator app"},
	{51004, ClassBlocked, "the account does not exist in the directory"},
	{51006, ClassInterrupted, "integrated Windows authentication was needed"},
	{53000, ClassBlocked, "Conditional Access requires a compliant device"},
	{53001, ClassBlocked, "Conditional Access requires a domain-joined device"},
	{53002, ClassBlocked, "Conditional Access requires an approved app"},
	{53003, ClassBlocked, "blocked by Conditional Access"},
	{53004, ClassBlocked, "a second factor must be registered, and that was blocked because of risk"},
	{53010, ClassBlocked, "a second factor must be registered, and Conditional Access does not allow it from here"},
	{53011, ClassBlocked, "blocked because the home tenant sees the account at risk"},
	{54005, ClassTokenExpired, "an authorisation code had been used already"},
	{65001, ClassInterrupted, "consent to the application was needed"},
	{70002, ClassFailure, "the credentials were not accepted"},
	{70008, ClassTokenExpired, "the token or code has expired"},
	{70016, ClassInterrupted, "a device code was waiting to be confirmed"},
	{70043, ClassTokenExpired, "the session ended by the sign-in frequency that a policy sets"},
	{70044, ClassTokenExpired, "the session ended by the sign-in frequency that a policy sets"},
	{81010, ClassInterrupted, "seamless sign-on fell back"},
	{81012, ClassInterrupted, "seamless sign-on fell back: it was for another account"},
	{81014, ClassInterrupted, "seamless sign-on fell back"},
	{90072, ClassInterrupted, "the account must be added to the tenant first"},
	{500021, ClassBlocked, "refused by tenant restrictions on the network"},
	{500022, ClassBlocked, "refused by tenant restrictions on the network"},
	{500121, ClassFirstFactor, "the first factor was right; the second was denied or failed"},
	{500212, ClassBlocked, "outbound cross-tenant access is not allowed"},
	{500213, ClassBlocked, "inbound cross-tenant access is not allowed"},
	{530032, ClassBlocked, "blocked by a security policy of the tenant"},
	{530034, ClassBlocked, "blocked because a delegated administrator is at risk"},
	{530035, ClassBlocked, "blocked by security defaults"},
	{700082, ClassTokenExpired, "the refresh token expired because it was not used"},
	{700084, ClassTokenExpired, "the refresh token reached the end of its life"},
}

// unreadableCode is the error code of an event whose record has no readable one: not zero, which
// would look like success.
const unreadableCode = -1

// LookUp finds a code. One that is not in the table is an attempt: a failure of unknown meaning.
func LookUp(number int) Code {
	i, known := slices.BinarySearchFunc(Codes, number, func(c Code, n int) int { return cmp.Compare(c.Number, n) })
	switch {
	case known:
		return Codes[i]
	case number == unreadableCode:
		return Code{number, ClassFailure, "the record has no readable result"}
	default:
		return Code{number, ClassFailure, "a result that Glasswatch does not know"}
	}
}
