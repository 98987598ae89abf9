package azfunc_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/azfunc"
)

func TestFields(t *testing.T) {
	for _, test := range []struct {
		name, kind, body string
		want             map[string]string
		fails            string
	}{
		{"a form", "application/x-www-form-urlencoded", "by=Ada&note=a+drill&by=Eve", map[string]string{"by": "Ada", "note": "a drill"}, ""},
		{"JSON", "application/json; charset=utf-8", `{"by":"Ada","note":"a drill"}`, map[string]string{"by": "Ada", "note": "a drill"}, ""},
		{"a number", "application/json", `{"by":7}`, nil, "JSON object of texts"},
		{"a list", "application/json", `["by"]`, nil, "JSON object of texts"},
		{"half an object", "application/json", `{"by":"A`, nil, "JSON object of texts"},
		{"a broken form", "application/x-www-form-urlencoded", "by=%zz", nil, "form could not be read"},
		{"no type", "", "by=Ada", nil, "send a form or application/json"},
		{"too much", "application/json", `{"by":"` + strings.Repeat("x", 70_000) + `"}`, nil, "over 64 KiB"},
		{"nothing", "application/x-www-form-urlencoded", "", map[string]string{}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(test.body))
			if test.kind != "" {
				r.Header.Set("Content-Type", test.kind)
			}
			got, err := azfunc.Fields(r)
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Errorf("error %v, want one about %q", err, test.fails)
				}
				return
			}
			if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
}

func TestAnswerJSONIsKeptByNobody(t *testing.T) {
	w := httptest.NewRecorder()
	azfunc.AnswerJSON(w, http.StatusConflict, struct {
		Error string `json:"error"`
	}{"no"})
	if w.Code != http.StatusConflict || w.Body.String() != "{\"error\":\"no\"}\n" || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d %q %v", w.Code, w.Body.String(), w.Header())
	}
}
