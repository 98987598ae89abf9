package funchost_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"glasswatch/infra/local/funchost"
)

func startWeb(t *testing.T) (*funchost.Host, *transcript) {
	t.Helper()
	return startHost(t, funchost.Options{
		Root: appRoot(t, hostJSON, map[string]string{
			"showhealth": web("anonymous", `"get"`, "health"),
			"showstatus": web("function", `"get"`, "status"),
			"answer":     web("anonymous", `"get","post"`, "incidents/{id}"),
			"close":      web("function", `"post"`, "incidents/{id}/close"),
			"drills":     web("function", `"get","post"`, "drills/{id?}"),
			"admin":      web("admin", `"get"`, "admin"),
			"tick":       timed("0 0 0 1 1 *", ""),
		}),
		Keys:       map[string]string{"showstatus": "a-key-of-its-own"},
		TimerEvery: map[string]time.Duration{"tick": 0},
	})
}

// ask sends one request as raw bytes, because a client would tidy the path.
func ask(t *testing.T, host *funchost.Host, method, target string, headers ...string) (int, string) {
	t.Helper()
	connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(host.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	head := append([]string{method + " " + target + " HTTP/1.1", "Host: app.example", "Connection: close", "Content-Length: 2"}, headers...)
	if _, err := fmt.Fprintf(connection, "%s\r\n\r\nhi", strings.Join(head, "\r\n")); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestKeysOpenTheirFunctionsOnly(t *testing.T) {
	host, _ := startWeb(t)
	own, other := host.Key("showstatus"), host.Key("close")
	if own != "a-key-of-its-own" || other == "" || other == host.Key("drills") {
		t.Fatalf("keys %q and %q", own, other)
	}
	for _, test := range []struct {
		name, method, target string
		headers              []string
		want                 int
	}{
		{"anonymous needs none", "GET", "/api/health", nil, 200},
		{"none", "GET", "/api/status", nil, 401},
		{"a wrong one", "GET", "/api/status", []string{"x-functions-key: wrong"}, 401},
		{"another function's", "GET", "/api/status", []string{"x-functions-key: " + other}, 401},
		{"its own in a header", "GET", "/api/status", []string{"x-functions-key: " + own}, 200},
		{"its own in the query", "GET", "/api/status?code=" + own, nil, 200},
		{"an empty one", "GET", "/api/status?code=", nil, 401},
		{"its own does not open admin", "GET", "/api/admin?code=" + host.Key("admin"), nil, 401},
		{"the more specific route has its own level", "POST", "/api/incidents/7/close", nil, 401},
		{"the shorter route is open", "POST", "/api/incidents/7", nil, 200},
		{"an optional parameter left out", "GET", "/api/drills?code=" + host.Key("drills"), nil, 200},
		{"an optional parameter given", "GET", "/api/drills/3?code=" + host.Key("drills"), nil, 200},
		{"a parameter too many", "GET", "/api/drills/3/4?code=" + host.Key("drills"), nil, 404},
		{"a method that is not listed", "DELETE", "/api/health", nil, 404},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, body := ask(t, host, test.method, test.target, test.headers...); got != test.want {
				t.Errorf("status %d, want %d; %s", got, test.want, body)
			}
		})
	}
}

func TestNothingOutsideThePrefixReachesTheHandler(t *testing.T) {
	host, out := startWeb(t)
	for _, target := range []string{
		"/", "/tick", "//tick", "/api", "/api/", "/api/tick", "/admin/functions/tick", "/api/../tick", "/api/health/../../tick",
		"/api/%2e%2e/tick", "/api/..%2ftick", "/api/incidents/..", "/api/incidents/%2e%2e", "/api/incidents/a%2f..%2f..%2ftick",
		"/api/incidents/a%5c..%5ctick", "/api//incidents/7", "/tick?x=/api/health", "http://other.example/tick", "/api/incidents/%00",
	} {
		for _, method := range []string{"GET", "POST"} {
			if status, _ := ask(t, host, method, target); status != 404 && status != 400 {
				t.Errorf("%s %s: status %d, want it refused", method, target, status)
			}
		}
	}
	if got := out.requests(t, 0); len(got) != 0 {
		t.Errorf("the handler saw %+v", got)
	}
}

func TestRequestsPassUnchangedButForTheHostsHeaders(t *testing.T) {
	host, out := startWeb(t)
	status, body := ask(t, host, "POST", "/api/incidents/a%20b?channel=teams&token=a%2Bb;c", "X-Azure-Functions-InvocationId: forged", "Content-Type: text/x-own", "X-Own: kept")
	if status != 200 {
		t.Fatalf("status %d", status)
	}
	var seen request
	if err := json.Unmarshal([]byte(body), &seen); err != nil {
		t.Fatal(err)
	}
	if seen.URI != "/api/incidents/a%20b?channel=teams&token=a%2Bb;c" || seen.Body != "hi" || seen.Method != "POST" {
		t.Errorf("handler saw %s %s with body %q", seen.Method, seen.URI, seen.Body)
	}
	if id := seen.Header["X-Azure-Functions-Invocationid"]; len(id) != 1 || id[0] == "forged" || seen.Header["X-Own"][0] != "kept" {
		t.Errorf("headers %v", seen.Header)
	}
	if err := host.Kill("showhealth"); err != nil {
		t.Fatal(err)
	}
	if status, _ := ask(t, host, "GET", "/api/health"); status != 200 && status != 502 {
		t.Errorf("status %d right after a crash, want 200 from the restarted handler", status)
	}
	if s := host.Stats(); s.Instances["http"].Crashes != 1 || s.Instances["tick"].Crashes != 0 || s.Functions["answer"].Invocations != 1 {
		t.Errorf("stats %+v\n%s", s, out)
	}
}
