package azfunc_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"glasswatch/shared/azfunc"
)

const (
	hubBinding   = `{"bindings":[{"type":"eventHubTrigger","direction":"in","name":"events","cardinality":"many","dataType":"string","connection":"ENTRA_EVENTHUB","eventHubName":"%ENTRA_EVENTHUB_NAME%","consumerGroup":"%ENTRA_CONSUMER_GROUP%"}],"retry":{"strategy":"exponentialBackoff"}}`
	timerBinding = `{"bindings":[{"type":"timerTrigger","direction":"in","name":"timer","schedule":"%WATCH_SCHEDULE%"}]}`
)

func httpBinding(route, methods string) []byte {
	return []byte(`{"bindings":[{"type":"httpTrigger","direction":"in","name":"req","authLevel":"function","methods":[` + methods +
		`],"route":"` + route + `"},{"type":"http","direction":"out","name":"res"}]}`)
}

// echo answers with what the router made of the request.
func echo(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %s id=%s", name, r.Method, r.PathValue("id"))
	})
}

func app(t *testing.T, invoke func(context.Context, azfunc.Call) (azfunc.Answer, error)) http.Handler {
	t.Helper()
	mux, err := azfunc.Mux([]azfunc.Function{
		{Name: "watchlogs", Binding: []byte(hubBinding), Invoke: invoke},
		{Name: "keepwatch", Binding: []byte(timerBinding), Invoke: invoke},
		{Name: "showstatus", Binding: httpBinding("status", `"get"`), Handler: echo("showstatus")},
		{Name: "answerincident", Binding: httpBinding("incidents/{id}", `"get","post"`), Handler: echo("answerincident")},
		{Name: "closeincident", Binding: httpBinding("incidents/{id}/close", `"post"`), Handler: echo("closeincident")},
		{Name: "rundrill", Binding: httpBinding("drills/{id?}", `"get","post"`), Handler: echo("rundrill")},
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return mux
}

func TestPublicRequestsReachTheirFunction(t *testing.T) {
	mux := app(t, func(context.Context, azfunc.Call) (azfunc.Answer, error) {
		t.Error("a host call was made")
		return azfunc.Answer{}, nil
	})
	for _, test := range []struct {
		method, target string
		status         int
		want           string
	}{
		{"GET", "/api/status", 200, "showstatus GET id="},
		{"GET", "/api/status?format=json", 200, "showstatus GET id="},
		{"GET", "/api/status/", 200, "showstatus GET id="},
		{"GET", "/API/Status", 200, "showstatus GET id="},
		{"GET", "/api/incidents/account-1-7?token=x", 200, "answerincident GET id=account-1-7"},
		{"POST", "/api/incidents/a%20b", 200, "answerincident POST id=a b"},
		{"POST", "/api/incidents/7/close", 200, "closeincident POST id=7"},
		{"GET", "/api/drills", 200, "rundrill GET id="},
		{"GET", "/api/drills/", 200, "rundrill GET id="},
		{"GET", "/api/drills/d-1", 200, "rundrill GET id=d-1"},
		{"POST", "/api/status", 405, ""},
		{"GET", "/api/incidents/7/close", 405, ""},
		{"GET", "/api/incidents", 404, ""},
		{"GET", "/api/incidents//close", 404, ""},
		{"GET", "/api//status", 404, ""},
		{"GET", "/api/status//", 404, ""},
		{"GET", "/api/incidents/7/close/more", 404, ""},
		{"GET", "/api/incidents/%2e%2e", 404, ""},
		{"GET", "/api/incidents/a%2fb", 404, ""},
		{"GET", "/api/incidents/a%5cb", 404, ""},
		{"GET", "/api/incidents/a%00b", 404, ""},
		{"GET", "/api/", 404, ""},
		{"GET", "/api", 404, ""},
		{"GET", "/status", 404, ""},
		{"POST", "/showstatus", 404, ""},
	} {
		t.Run(test.method+" "+test.target, func(t *testing.T) {
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), test.method, test.target, nil))
			if w.Code != test.status || test.want != "" && w.Body.String() != test.want {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Body, test.status, test.want)
			}
			if test.status == 405 && w.Header().Get("Allow") == "" {
				t.Error("no Allow header")
			}
		})
	}
}

// TestForgedRequestsNeverReachAHostCall sends raw request lines through a real server. Everything
// under /api is what a caller on the internet can have the host pass on.
func TestForgedRequestsNeverReachAHostCall(t *testing.T) {
	mux := app(t, func(context.Context, azfunc.Call) (azfunc.Answer, error) {
		t.Error("a host call was made")
		return azfunc.Answer{}, nil
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	for _, target := range []string{
		"/api/watchlogs", "/api/../watchlogs", "/api/./../watchlogs", "/api/%2e%2e/watchlogs", "/api/..%2fwatchlogs",
		"/api/%2e%2e%2fwatchlogs", "/api//watchlogs", "/api/;/../watchlogs", "/api\\..\\watchlogs", "/api/status/../../watchlogs",
		"/api/drills/../../watchlogs", "/api/incidents/..%2f..%2fwatchlogs", "/api?/watchlogs",
		// Not under /api, but not what the host sends either.
		"//watchlogs", "/./watchlogs", "/x/../watchlogs", "/%77atchlogs", "/watchlogs/", "/Watchlogs", "/WATCHLOGS", "/watchlogs%00", "/watchlogs%20",
		"/watchlogs;x", "/watchlogs%3fx", "/showstatus", "/admin/functions/watchlogs", "/runtime/webhooks",
	} {
		t.Run(target, func(t *testing.T) {
			status := raw(t, server.Listener.Addr().String(), "POST "+target+" HTTP/1.1\r\n"+
				"X-Azure-Functions-InvocationId: forged\r\nX-Original-URL: /watchlogs\r\nX-Rewrite-URL: /watchlogs\r\nX-HTTP-Method-Override: POST\r\n"+
				"Content-Type: application/json\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
			if status < 400 || status >= 500 {
				t.Errorf("status %d", status)
			}
		})
	}
	for _, method := range []string{"GET", "PUT", "HEAD", "DELETE", "OPTIONS", "post"} {
		t.Run(method, func(t *testing.T) {
			status := raw(t, server.Listener.Addr().String(), method+" /watchlogs HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
			if status != http.StatusMethodNotAllowed {
				t.Errorf("status %d", status)
			}
		})
	}
}

func raw(t *testing.T, address, request string) int {
	t.Helper()
	connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	if _, err := io.WriteString(connection, request); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func TestReadinessIsAnsweredWhileABatchIsRunning(t *testing.T) {
	running, finish := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(app(t, func(context.Context, azfunc.Call) (azfunc.Answer, error) {
		close(running)
		<-finish
		return azfunc.Answer{}, nil
	}))
	defer server.Close()
	done := make(chan int)
	go func() { done <- post(t, server, "/watchlogs", strings.NewReader("{}")).status }()
	<-running
	if got := get(t, server, "/"); got.status != http.StatusOK || got.text == "" {
		t.Errorf("GET / answered %d %q", got.status, got.text)
	}
	select {
	case status := <-done:
		t.Errorf("the batch had already ended with %d", status)
	default:
	}
	close(finish)
	if status := <-done; status != http.StatusOK {
		t.Errorf("the batch ended with %d", status)
	}
}

func TestAllMistakesInFunctionsAreReportedAtOnce(t *testing.T) {
	invoke := func(context.Context, azfunc.Call) (azfunc.Answer, error) { return azfunc.Answer{}, nil }
	hub := []byte(hubBinding)
	for _, test := range []struct {
		name      string
		functions []azfunc.Function
		want      []string
	}{
		{
			"names",
			[]azfunc.Function{{Name: "a/b", Binding: hub, Invoke: invoke}, {Name: "api", Binding: hub, Invoke: invoke}, {Binding: hub, Invoke: invoke}},
			[]string{"function a/b: a name", "function api: a name", "function : a name"},
		},
		{
			"name taken in another case",
			[]azfunc.Function{{Name: "one", Binding: hub, Invoke: invoke}, {Name: "One", Binding: hub, Invoke: invoke}},
			[]string{"function One: the name is taken"},
		},
		{
			"deadlines",
			[]azfunc.Function{{Name: "a", Binding: hub, Invoke: invoke, Deadline: azfunc.FunctionTimeout}, {Name: "b", Binding: hub, Invoke: invoke, Deadline: -time.Second}},
			[]string{"function a: the deadline is 5m0s", "function b: the deadline is -1s"},
		},
		{
			"kind of code",
			[]azfunc.Function{{Name: "a", Binding: hub, Handler: echo("a")}, {Name: "b", Binding: httpBinding("b", `"get"`), Invoke: invoke}, {Name: "c", Binding: hub}},
			[]string{"function a: a function with a eventHubTrigger", "function b: a function with an httpTrigger", "function c: "},
		},
		{"no function.json", []azfunc.Function{{Name: "a", Invoke: invoke}}, []string{"function a: read function.json"}},
		{"no trigger", []azfunc.Function{{Name: "a", Binding: []byte(`{"bindings":[]}`), Invoke: invoke}}, []string{"0 triggers"}},
		{"two triggers", []azfunc.Function{{Name: "a", Binding: []byte(`{"bindings":[{"type":"timerTrigger","name":"t"},{"type":"queueTrigger","name":"q"}]}`), Invoke: invoke}}, []string{"2 triggers"}},
		{
			"all defaults",
			[]azfunc.Function{{Name: "a", Binding: []byte(`{"bindings":[{"type":"httpTrigger","direction":"in"}]}`), Handler: echo("a")}},
			[]string{"no name", `one "http" output`, "authLevel", "methods", "route"},
		},
		{"catch-all", []azfunc.Function{{Name: "a", Binding: httpBinding("{*path}", `"get"`), Handler: echo("a")}}, []string{"catch-all"}},
		{"constraint", []azfunc.Function{{Name: "a", Binding: httpBinding("x/{id:int}", `"get"`), Handler: echo("a")}}, []string{"constraint"}},
		{"optional in the middle", []azfunc.Function{{Name: "a", Binding: httpBinding("x/{id?}/y", `"get"`), Handler: echo("a")}}, []string{"only the last"}},
		{"parameter twice", []azfunc.Function{{Name: "a", Binding: httpBinding("{id}/{id}", `"get"`), Handler: echo("a")}}, []string{"occurs twice"}},
		{"dots", []azfunc.Function{{Name: "a", Binding: httpBinding("../x", `"get"`), Handler: echo("a")}}, []string{"plain word"}},
		{"leading slash", []azfunc.Function{{Name: "a", Binding: httpBinding("/x", `"get"`), Handler: echo("a")}}, []string{"plain word"}},
		{
			"overlap",
			[]azfunc.Function{{Name: "a", Binding: httpBinding("x/{id?}", `"get","post"`), Handler: echo("a")}, {Name: "b", Binding: httpBinding("X/new", `"post"`), Handler: echo("b")}},
			[]string{"function b: its route \"X/new\" overlaps with that of a"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			handler, err := azfunc.Mux(test.functions, slog.New(slog.DiscardHandler))
			if err == nil || handler != nil {
				t.Fatalf("handler %v, error %v", handler, err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error lacks %q:\n%v", want, err)
				}
			}
		})
	}
	t.Run("same path, other methods", func(t *testing.T) {
		if _, err := azfunc.Mux([]azfunc.Function{
			{Name: "a", Binding: httpBinding("x", `"get"`), Handler: echo("a")},
			{Name: "b", Binding: httpBinding("x", `"post"`), Handler: echo("b")},
		}, slog.New(slog.DiscardHandler)); err != nil {
			t.Error(err)
		}
	})
}

func TestTriggerSaysWhatTheFunctionJSONSays(t *testing.T) {
	hub, err := azfunc.ParseTrigger([]byte(hubBinding))
	if err != nil {
		t.Fatal(err)
	}
	if hub.HTTP() || !hub.Retries || hub.Name != "events" || hub.DataType != "string" || hub.Cardinality != "many" || hub.Connection != "ENTRA_EVENTHUB" {
		t.Errorf("hub trigger: %+v", hub)
	}
	page, err := azfunc.ParseTrigger(httpBinding("incidents/{id}", `"get","post"`))
	if err != nil {
		t.Fatal(err)
	}
	if !page.HTTP() || page.Retries || page.Route != "incidents/{id}" || page.AuthLevel != "function" || strings.Join(page.Methods, " ") != "GET POST" {
		t.Errorf("HTTP trigger: %+v", page)
	}
}

type reply struct {
	status int
	kind   string
	text   string
	logs   []string
}

func post(t *testing.T, server *httptest.Server, path string, body io.Reader) reply {
	t.Helper()
	return send(t, server, http.MethodPost, path, body)
}

func get(t *testing.T, server *httptest.Server, path string) reply {
	t.Helper()
	return send(t, server, http.MethodGet, path, nil)
}

func send(t *testing.T, server *httptest.Server, method, path string, body io.Reader) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, body)
	if err != nil {
		t.Error(err)
		return reply{}
	}
	req.Header.Set("X-Azure-Functions-InvocationId", "5b1f4e0e-8a59-4f5a-9a1c-0b6a3f1d2c11")
	req.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Error(err)
		return reply{}
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	var answer struct{ Logs []string }
	_ = json.Unmarshal(text, &answer) // proxied answers are no JSON
	return reply{resp.StatusCode, resp.Header.Get("Content-Type"), string(text), answer.Logs}
}
