// Package showhealth tells anyone who asks whether Glasswatch is well, and nothing else.
package showhealth

import (
	"context"
	_ "embed"
	"net/http"
	"time"

	"glasswatch/shared/azfunc"
)

//go:embed function.json
var binding []byte

// probeFor bounds one look: a health check that hangs is no answer.
const probeFor = 3 * time.Second

// Probe looks at one thing that must work. Its error is logged elsewhere and never shown here.
type Probe func(ctx context.Context) error

// Function answers ok if every probe is well, and degraded otherwise.
func Function(probes []Probe) azfunc.Function {
	return azfunc.Function{Name: "showhealth", Binding: binding, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), probeFor)
		defer cancel()
		answer := `{"status":"ok"}`
		for _, probe := range probes {
			if probe(ctx) != nil {
				answer = `{"status":"degraded"}`
				break
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write([]byte(answer + "\n"))
	})}
}
