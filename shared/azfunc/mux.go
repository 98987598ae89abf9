package azfunc

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
)

// Mux returns the handler that the host speaks with:
//
//   - GET / is answered at once with 200: the host asks for it to see whether we are ready and
//     alive;
//   - POST /<Name> calls the function of that name, in exactly that case, unless it is an HTTP
//     function;
//   - /api/<route> with one of its methods reaches an HTTP function.
//
// The host vouches for neither of the last two: whatever comes in under /api may have been written
// by anyone. A request under /api therefore can never reach a POST /<Name>, however it is spelled,
// and nothing is ever redirected, because the host's client would follow.
//
// All that is wrong with the functions and their function.json files is reported in one error.
func Mux(functions []Function, log *slog.Logger) (http.Handler, error) {
	m := &mux{calls: make(map[string]http.Handler)}
	var problems []error
	names := make(map[string]bool)
	for _, f := range functions {
		name := strings.ToLower(f.Name)
		if names[name] {
			problems = append(problems, fmt.Errorf("function %s: the name is taken", f.Name))
		}
		names[name] = true
		if err := m.add(f, log); err != nil {
			problems = append(problems, fmt.Errorf("function %s: %w", f.Name, err))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return m, nil
}

type mux struct {
	calls  map[string]http.Handler // by path
	routes []published
}

type published struct {
	function string
	route    route
	handler  http.Handler
}

func (m *mux) add(f Function, log *slog.Logger) error {
	if !plainWord(f.Name, "_-") || strings.EqualFold(f.Name, publicPrefix) || strings.EqualFold(f.Name, "admin") {
		return errors.New("a name is made of letters, digits, - and _, and is neither api nor admin")
	}
	if d := f.deadline(); d <= 0 || d > FunctionTimeout-answerMargin {
		return fmt.Errorf("the deadline is %s: it must be above zero and at most %s", d, FunctionTimeout-answerMargin)
	}
	trigger, err := ParseTrigger(f.Binding)
	if err != nil {
		return err
	}
	if !trigger.HTTP() {
		if f.Invoke == nil || f.Handler != nil {
			return fmt.Errorf("a function with a %s sets Invoke and not Handler", trigger.Type)
		}
		m.calls["/"+f.Name] = &hostCall{function: f, log: log.With("function", f.Name)}
		return nil
	}
	if f.Handler == nil || f.Invoke != nil {
		return errors.New("a function with an httpTrigger sets Handler and not Invoke")
	}
	rt, err := parseRoute(trigger.Route, trigger.Methods)
	if err != nil {
		return err
	}
	for _, other := range m.routes {
		if rt.overlaps(other.route) {
			return fmt.Errorf("its route %q overlaps with that of %s", trigger.Route, other.function)
		}
	}
	m.routes = append(m.routes, published{f.Name, rt, &proxied{function: f, log: log.With("function", f.Name)}})
	return nil
}

// ServeHTTP does its own routing: http.ServeMux cleans paths by redirecting, decodes them before
// it compares, and falls back from one pattern to another.
func (m *mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	if call, known := m.calls[path]; known {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			writeAnswer(w, http.StatusMethodNotAllowed, "Functions are called with POST.")
			return
		}
		call.ServeHTTP(w, r)
		return
	}
	if path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		writeAnswer(w, http.StatusOK, "Glasswatch is up.")
		return
	}
	if segments, public := cutPublicPath(r); public {
		m.servePublic(w, r, segments)
		return
	}
	writeAnswer(w, http.StatusNotFound, "There is no such function.")
}

func (m *mux) servePublic(w http.ResponseWriter, r *http.Request, segments []string) {
	var allowed []string
	for _, p := range m.routes {
		values, ok := p.route.match(segments)
		if !ok {
			continue
		}
		if !slices.Contains(p.route.methods, r.Method) {
			allowed = append(allowed, p.route.methods...)
			continue
		}
		for name, value := range values {
			r.SetPathValue(name, value)
		}
		p.handler.ServeHTTP(w, r)
		return
	}
	if allowed != nil {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		writePlain(w, http.StatusMethodNotAllowed, "This address does not answer that method.")
		return
	}
	writePlain(w, http.StatusNotFound, "There is nothing at this address.")
}
