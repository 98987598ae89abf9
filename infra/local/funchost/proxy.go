package funchost

import (
	"crypto/subtle"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
)

// proxy is the public side of the host: routes below the prefix, each with its key, streamed to the
// handler of the HTTP group. Nothing else is ever forwarded.
type proxy struct {
	in   *instance
	keys keys
	out  *output
}

// keys are what opens functions: one per function, one for all of them, and the master key.
type keys struct {
	functions map[string]string
	host      string
	master    string
}

// opens compares in constant time with every key that is good for the function.
func (k keys) opens(fn *function, given string) bool {
	accepted := []string{k.master}
	if fn.http.level != "admin" {
		accepted = append(accepted, k.host, k.functions[fn.name])
	}
	open := 0
	for _, key := range accepted {
		if key != "" {
			open |= subtle.ConstantTimeCompare([]byte(key), []byte(given))
		}
	}
	return open == 1
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fn := find(p.in.functions, p.in.app.routePrefix, r)
	if fn == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if fn.http.level != "anonymous" {
		given := r.Header.Get("x-functions-key")
		if given == "" {
			given = r.URL.Query().Get("code")
		}
		if !p.keys.opens(fn, given) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
	}
	p.forward(w, r, fn)
}

// forward streams the request to the handler. Its status does not fail the invocation; only a
// handler that does not answer does.
func (p *proxy) forward(w http.ResponseWriter, r *http.Request, fn *function) {
	p.in.counters.function(fn.name, func(s *FunctionStats) { s.Invocations++ })
	failed := func(err error) {
		p.out.say("host", "%s: %v", fn.name, err)
		p.in.counters.function(fn.name, func(s *FunctionStats) { s.Failures, s.LastFailure = s.Failures+1, err.Error() })
	}
	target, err := p.in.await(r.Context())
	if err != nil {
		failed(err)
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	limit := p.in.limit()
	defer limit.stop()
	forwarding := &httputil.ReverseProxy{
		Rewrite: func(request *httputil.ProxyRequest) {
			request.Out.URL.Scheme, request.Out.URL.Host = target.base.Scheme, target.base.Host
			request.Out.Host = ""
			request.Out.URL.RawQuery = request.In.URL.RawQuery // as it came, also what Go would clean
			request.SetXForwarded()
			setHostHeaders(request.Out.Header, newID())
		},
		Transport:     target.client.Transport,
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			failed(err)
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	forwarding.ServeHTTP(w, r)
}
