// Package azfunc speaks with the Azure Functions host, the program that starts ours and hands it work.
package azfunc

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"
)

// FunctionTimeout is functionTimeout of host.json: after it the host kills the whole process, with
// everything else that is under way in it.
const FunctionTimeout = 5 * time.Minute

// DefaultDeadline is what a Function with a zero Deadline gets.
const DefaultDeadline = 4 * time.Minute

// answerMargin is kept free between a function's deadline and FunctionTimeout, for the grace that
// a late function gets and for writing its answer.
const answerMargin = 15 * time.Second

// Function is one function of the app: a folder with a function.json, the URL path by which the
// host calls it, and the code behind it. Exactly one of Invoke and Handler is set: Handler for an
// httpTrigger, Invoke for everything else.
type Function struct {
	Name    string // the folder's name; the host calls POST /<Name>, in exactly this case
	Binding []byte // its function.json

	// Deadline ends the context of a call. Zero means DefaultDeadline. A call that goes on
	// regardless is answered with 500 and left behind, because the host never cancels a call and
	// would kill the process at FunctionTimeout.
	Deadline time.Duration

	// Invoke does the work of one host call. It may run concurrently with itself. Its error makes
	// the host retry, if function.json has a retry policy; the error's text goes to the log and the
	// answer, so it must hold no secret. A panic is an error.
	Invoke func(ctx context.Context, call Call) (Answer, error)

	// Handler answers requests that the host passes on as they came, under /api/<route>. Values of
	// {names} in the route are read with Request.PathValue. Bodies end with an error after 1 MiB.
	Handler http.Handler
}

// Call is one call by the host.
type Call struct {
	InvocationID string    // the host's id; the same over all retries of a batch; empty if the host sent none
	Body         io.Reader // {"Data":{…},"Metadata":{…}}, as it comes off the wire; valid until Invoke returns
	Log          *slog.Logger
}

// Answer is what a successful call reports. Logs are sentences that the host writes into the
// invocation's log; none at all is fine.
type Answer struct {
	Logs []string
}

// deadline is the time that the function really has.
func (f Function) deadline() time.Duration {
	if f.Deadline == 0 {
		return DefaultDeadline
	}
	return f.Deadline
}
