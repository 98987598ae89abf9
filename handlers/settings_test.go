package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/config"
)

func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(rootFolder(t), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(content), "\r\n", "\n")
}

func TestExampleFileHoldsEverySetting(t *testing.T) {
	if diff := cmp.Diff(string(config.ExampleFile()), readFile(t, "local.settings.json.example")); diff != "" {
		t.Errorf("local.settings.json.example (-what config prints +the file):\n%s", diff)
	}
}

// Bicep gives the app every setting but those of a developer's machine. infra/bicepcheck holds the
// values; this reads the names alone, without the grammar.
func TestBicepGivesEverySetting(t *testing.T) {
	_, after, _ := strings.Cut(readFile(t, "infra/modules/app.bicep"), "\nresource appSettings ")
	block, _, found := strings.Cut(after, "\n}\n")
	if !found {
		t.Fatal("infra/modules/app.bicep has no resource appSettings")
	}
	var names []string
	for _, match := range regexp.MustCompile(`(?m)^    ([A-Za-z_]+):`).FindAllStringSubmatch(block, -1) {
		names = append(names, match[1])
	}
	slices.Sort(names)
	if diff := cmp.Diff(settingNames(t, false), names); diff != "" {
		t.Errorf("app settings (-config +Bicep):\n%s", diff)
	}
}

// hostFile is what matters of host.json.
type hostFile struct {
	FunctionTimeout string `json:"functionTimeout"`
	CustomHandler   struct {
		Description struct {
			DefaultExecutablePath string   `json:"defaultExecutablePath"`
			Arguments             []string `json:"arguments"`
		} `json:"description"`
		EnableProxyingHTTPRequest bool            `json:"enableProxyingHttpRequest"`
		HTTP                      json.RawMessage `json:"http"`
	} `json:"customHandler"`
	Extensions struct {
		EventHubs struct {
			MaxEventBatchSize        int `json:"maxEventBatchSize"`
			MinEventBatchSize        int `json:"minEventBatchSize"`
			PrefetchCount            int `json:"prefetchCount"`
			BatchCheckpointFrequency int `json:"batchCheckpointFrequency"`
			InitialOffsetOptions     struct {
				Type string `json:"type"`
			} `json:"initialOffsetOptions"`
		} `json:"eventHubs"`
		HTTP struct {
			RoutePrefix string `json:"routePrefix"`
		} `json:"http"`
	} `json:"extensions"`
	Logging struct {
		ApplicationInsights struct {
			SamplingSettings struct {
				IsEnabled     *bool  `json:"isEnabled"`
				ExcludedTypes string `json:"excludedTypes"`
			} `json:"samplingSettings"`
		} `json:"applicationInsights"`
	} `json:"logging"`
}

func TestHostFileKeepsItsPromises(t *testing.T) {
	var host hostFile
	if err := json.Unmarshal([]byte(readFile(t, "host.json")), &host); err != nil {
		t.Fatal(err)
	}
	start := host.CustomHandler.Description
	if start.DefaultExecutablePath != "glasswatch" || !slices.Equal(start.Arguments, []string{"serve"}) {
		t.Errorf("the host starts %q %q, the package holds glasswatch, which wants serve", start.DefaultExecutablePath, start.Arguments)
	}
	if !host.CustomHandler.EnableProxyingHTTPRequest || host.Extensions.HTTP.RoutePrefix != "api" {
		t.Error("requests must be proxied under the prefix api, or a stranger can call a function as the host does")
	}
	if host.CustomHandler.HTTP != nil {
		t.Error("customHandler.http excludes function.json files: the host refuses to start with both")
	}
	if timeout, err := time.Parse("15:04:05", host.FunctionTimeout); err != nil || timeout.Hour() > 0 || timeout.Minute() != 5 {
		t.Errorf("functionTimeout is %q, the deadlines in the code rest on five minutes", host.FunctionTimeout)
	}
	hub := host.Extensions.EventHubs
	if hub.MaxEventBatchSize != 16 || hub.PrefetchCount != 32 || hub.MinEventBatchSize > 1 || hub.BatchCheckpointFrequency > 1 {
		t.Errorf("event hub options %+v: batches of 16, 32 ahead, no waiting, a checkpoint each", hub)
	}
	if from := hub.InitialOffsetOptions.Type; from != "" && from != "fromStart" {
		t.Errorf("the first start reads %s: what came before it would never be seen", from)
	}
	// The alarms count requests; sampled ones would make silence out of nothing, or nothing out of failures.
	sampling := host.Logging.ApplicationInsights.SamplingSettings
	if off := sampling.IsEnabled != nil && !*sampling.IsEnabled; !off && !strings.Contains(sampling.ExcludedTypes, "Request") {
		t.Errorf("requests are sampled (%+v), which the alarms cannot bear", sampling)
	}
}
