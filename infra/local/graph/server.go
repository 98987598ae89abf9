package graph

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Server answers as Microsoft Graph would, over a tenant. It is an http.Handler for a listener on
// loopback and safe for concurrent use.
type Server struct {
	mux *http.ServeMux

	mu       sync.Mutex
	tenant   *Tenant
	pageSize int
	faults   []Fault
	revoked  []string
	requests []Request
	rests    map[string][]Object // of lists, by the token in the link to the next page
}

// Request is one request that came in.
type Request struct {
	Method, Path, Query string
	Authorization       string // the header, empty if none came
	Prefer              string // the same
}

// New serves a tenant. It belongs to the server from then on: change it with Edit.
func New(t *Tenant) *Server {
	s := &Server{mux: http.NewServeMux(), tenant: t, rests: map[string][]Object{}}
	s.routes()
	return s
}

// Edit changes the tenant between two requests.
func (s *Server) Edit(change func(*Tenant)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.tenant)
}

// PageBy cuts lists into pages of so many entries at most; 0 is Graph's own hundred.
func (s *Server) PageBy(entries int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pageSize = entries
}

// Requests are the requests so far, in order of arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Forget empties the list of requests.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, Request{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Authorization"), r.Header.Get("Prefer")})
	number := len(s.requests)
	s.mu.Unlock()
	w.Header().Set("Request-Id", fmt.Sprintf("00000000-0000-4000-8000-%012d", number))

	if f, broken := s.fault(r.URL.Path); broken {
		if s.misbehave(w, r, f) {
			return
		}
	}
	if _, pattern := s.mux.Handler(r); pattern == "" {
		refuse(w, http.StatusBadRequest, "BadRequest", "Resource not found for the segment '"+r.URL.Path+"'.")
		return
	}
	s.mux.ServeHTTP(w, r)
}

// misbehave says whether it has answered.
func (s *Server) misbehave(w http.ResponseWriter, r *http.Request, f Fault) bool {
	if f.Delay > 0 {
		select {
		case <-r.Context().Done():
			return true
		case <-time.After(f.Delay):
		}
	}
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	kind := f.Type
	if kind == "" {
		kind = "application/json"
	}
	switch {
	case f.Cut:
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Length", "4096")
		_, _ = fmt.Fprint(w, `{"value":[`)
	case f.Body != "":
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(max(f.Status, http.StatusOK))
		_, _ = fmt.Fprint(w, f.Body)
	case f.Status != 0:
		refuse(w, f.Status, f.Code, f.Text)
	default:
		return false
	}
	return true
}

// refuse answers with Graph's form of an error.
func refuse(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, Object{"error": Object{"code": code, "message": message, "innerError": Object{
		"date": "2026-03-02T06:00:00", "request-id": w.Header().Get("Request-Id"), "client-request-id": w.Header().Get("Request-Id"),
	}}})
}

func answer(w http.ResponseWriter, status int, body Object) {
	w.Header().Set("Content-Type", "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client has gone away
}

func notFound(w http.ResponseWriter, id string) {
	refuse(w, http.StatusNotFound, "Request_ResourceNotFound", "Resource '"+id+"' does not exist or one of its queried reference-property objects are not present.")
}

// denies answers for want of a permission, and says whether it did.
func (s *Server) denies(w http.ResponseWriter, permission string) bool {
	if !s.denied(permission) {
		return false
	}
	f := Denied("")
	refuse(w, f.Status, f.Code, f.Text)
	return true
}

// picked is the object with the fields of $select only, as Graph gives it; all if none are asked for.
func picked(o Object, fields string) Object {
	if fields == "" {
		return o
	}
	out := Object{}
	for field := range strings.SplitSeq(fields, ",") {
		if value, there := o[strings.TrimSpace(field)]; there {
			out[strings.TrimSpace(field)] = value
		}
	}
	if kind, there := o["@odata.type"]; there {
		out["@odata.type"] = kind
	}
	return out
}
