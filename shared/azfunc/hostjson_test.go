package azfunc_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/azfunc"
)

type hostJSON struct {
	FunctionTimeout string
	CustomHandler   struct {
		Description                                            struct{ Arguments []string }
		EnableProxyingHTTPRequest, EnableForwardingHTTPRequest bool
		HTTP                                                   json.RawMessage // routes made up by the host would exclude function.json files
	}
	Extensions struct {
		HTTP      struct{ RoutePrefix string }
		EventHubs struct{ MaxEventBatchSize, PrefetchCount int }
	}
	Logging struct {
		ApplicationInsights struct {
			SamplingSettings struct{ IsEnabled *bool }
		}
	}
}

// TestHostJSONIsWhatTheCodeReliesOn holds the settings on which the separation of public requests
// from host calls, the deadlines and the logs rest.
func TestHostJSONIsWhatTheCodeReliesOn(t *testing.T) {
	raw, err := os.ReadFile("../../host.json")
	if err != nil {
		t.Fatal(err)
	}
	var got, want hostJSON
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	timeout := azfunc.FunctionTimeout
	want.FunctionTimeout = fmt.Sprintf("%02d:%02d:%02d", int(timeout.Hours()), int(timeout.Minutes())%60, int(timeout/time.Second)%60)
	want.CustomHandler.Description.Arguments = []string{"serve"}
	want.CustomHandler.EnableProxyingHTTPRequest = true
	want.Extensions.HTTP.RoutePrefix = "api"
	want.Extensions.EventHubs.MaxEventBatchSize = 16
	want.Extensions.EventHubs.PrefetchCount = 32
	want.Logging.ApplicationInsights.SamplingSettings.IsEnabled = new(false)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("host.json (-want +got):\n%s", diff)
	}
}
