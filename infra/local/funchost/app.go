package funchost

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// app is an app root after reading: host.json with its defaults, and the functions.
type app struct {
	root             string
	executable       string
	arguments        []string
	workingDirectory string
	initialization   time.Duration
	functionTimeout  time.Duration // 0: unbounded
	routePrefix      string
	hubs             hubOptions
	functions        []function
}

// hubOptions is extensions.eventHubs of host.json, version 6 of the extension.
type hubOptions struct {
	batchSize       int
	checkpointEvery int
	prefetch        int
	start           string
	startAt         time.Time
}

// hostFile is host.json. Sections that only the real host has a use for are accepted unread; what
// this stand-in obeys is read strictly, so that a typing error is found before it is deployed.
type hostFile struct {
	Version         string `json:"version"`
	FunctionTimeout string `json:"functionTimeout"`
	CustomHandler   struct {
		Description struct {
			DefaultExecutablePath string   `json:"defaultExecutablePath"`
			Arguments             []string `json:"arguments"`
			WorkingDirectory      string   `json:"workingDirectory"`
		} `json:"description"`
		EnableProxyingHTTPRequest bool   `json:"enableProxyingHttpRequest"`
		InitializationTimeout     string `json:"initializationTimeout"`
	} `json:"customHandler"`
	ExtensionBundle *struct {
		ID      string `json:"id"`
		Version string `json:"version"`
	} `json:"extensionBundle"`
	Extensions struct {
		EventHubs hubFile  `json:"eventHubs"`
		HTTP      httpFile `json:"http"`
	} `json:"extensions"`
	Logging       json.RawMessage `json:"logging"`
	Concurrency   json.RawMessage `json:"concurrency"`
	HealthMonitor json.RawMessage `json:"healthMonitor"`
	TelemetryMode string          `json:"telemetryMode"`
}

type hubFile struct {
	MaxEventBatchSize        *int   `json:"maxEventBatchSize"`
	MinEventBatchSize        *int   `json:"minEventBatchSize"`
	MaxWaitTime              string `json:"maxWaitTime"`
	BatchCheckpointFrequency *int   `json:"batchCheckpointFrequency"`
	PrefetchCount            *int   `json:"prefetchCount"`
	InitialOffsetOptions     struct {
		Type            string     `json:"type"`
		EnqueuedTimeUTC *time.Time `json:"enqueuedTimeUtc"`
	} `json:"initialOffsetOptions"`
	TransportType                  string          `json:"transportType"`
	ClientRetryOptions             json.RawMessage `json:"clientRetryOptions"`
	TargetUnprocessedThreshold     *int            `json:"targetUnprocessedEventThreshold"`
	LoadBalancingUpdateInterval    string          `json:"loadBalancingUpdateInterval"`
	PartitionOwnershipExpiration   string          `json:"partitionOwnershipExpirationInterval"`
	TrackLastEnqueuedEventProperty bool            `json:"trackLastEnqueuedEventProperties"`
}

type httpFile struct {
	RoutePrefix             *string         `json:"routePrefix"`
	DynamicThrottlesEnabled bool            `json:"dynamicThrottlesEnabled"`
	MaxConcurrentRequests   int             `json:"maxConcurrentRequests"`
	MaxOutstandingRequests  int             `json:"maxOutstandingRequests"`
	CustomHeaders           json.RawMessage `json:"customHeaders"`
	StrictTransportSecurity json.RawMessage `json:"hsts"`
}

func readApp(root string, settings map[string]string) (*app, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("find the app root: %w", err)
	}
	var file hostFile
	if err := readStrictly(filepath.Join(root, "host.json"), &file); err != nil {
		return nil, err
	}
	read, err := file.app(root, settings)
	if err != nil {
		return nil, fmt.Errorf("read host.json: %w", err)
	}
	read.functions, err = readFunctions(root, settings)
	if err != nil {
		return nil, err
	}
	for _, fn := range read.functions {
		if fn.http != nil && !file.CustomHandler.EnableProxyingHTTPRequest {
			return nil, fmt.Errorf("read host.json: customHandler.enableProxyingHttpRequest must be true for the HTTP function %s; the stand-in has no wrapped mode", fn.name)
		}
	}
	return read, nil
}

func (f hostFile) app(root string, settings map[string]string) (*app, error) {
	if f.Version != "2.0" {
		return nil, fmt.Errorf(`version is %q, must be "2.0"`, f.Version)
	}
	a := &app{root: root, functionTimeout: 30 * time.Minute, initialization: 30 * time.Second, routePrefix: "api"}
	var err error
	switch f.FunctionTimeout {
	case "": // 30 minutes on Flex Consumption
	case "-1":
		a.functionTimeout = 0
	default:
		if a.functionTimeout, err = timeSpan(f.FunctionTimeout); err != nil || a.functionTimeout == 0 {
			return nil, fmt.Errorf("functionTimeout: %w", errors.Join(err, notZero(a.functionTimeout)))
		}
	}
	if text := f.CustomHandler.InitializationTimeout; text != "" {
		if a.initialization, err = timeSpan(text); err != nil {
			return nil, fmt.Errorf("customHandler.initializationTimeout: %w", err)
		}
	}
	if prefix := f.Extensions.HTTP.RoutePrefix; prefix != nil {
		if a.routePrefix = *prefix; a.routePrefix == "" {
			return nil, errors.New("extensions.http.routePrefix is empty: a public request could reach POST /<function>; use \"api\"")
		}
	}
	if a.hubs, err = f.Extensions.EventHubs.options(); err != nil {
		return nil, fmt.Errorf("extensions.eventHubs: %w", err)
	}
	description := f.CustomHandler.Description
	if a.executable, err = findExecutable(root, expandLoosely(description.DefaultExecutablePath, settings)); err != nil {
		return nil, fmt.Errorf("customHandler.description.defaultExecutablePath: %w", err)
	}
	for _, argument := range description.Arguments {
		a.arguments = append(a.arguments, expandLoosely(argument, settings))
	}
	if a.workingDirectory = description.WorkingDirectory; !filepath.IsAbs(a.workingDirectory) {
		a.workingDirectory = filepath.Join(root, a.workingDirectory)
	}
	return a, nil
}

func notZero(span time.Duration) error {
	if span == 0 {
		return errors.New("is zero; use -1 for no limit")
	}
	return nil
}

func (f hubFile) options() (hubOptions, error) {
	options := hubOptions{batchSize: 100, checkpointEvery: 1, prefetch: 300, start: "fromStart"}
	for _, number := range []struct {
		name  string
		given *int
		into  *int
	}{
		{"maxEventBatchSize", f.MaxEventBatchSize, &options.batchSize},
		{"batchCheckpointFrequency", f.BatchCheckpointFrequency, &options.checkpointEvery},
		{"prefetchCount", f.PrefetchCount, &options.prefetch},
	} {
		if number.given == nil {
			continue
		}
		if *number.given < 1 {
			return options, fmt.Errorf("%s is %d, must be at least 1", number.name, *number.given)
		}
		*number.into = *number.given
	}
	if f.MinEventBatchSize != nil && *f.MinEventBatchSize != 1 {
		return options, errors.New("minEventBatchSize other than 1 is not played by the stand-in")
	}
	switch start := f.InitialOffsetOptions.Type; start {
	case "":
	case "fromStart", "fromEnd":
		options.start = start
	case "fromEnqueuedTime":
		if f.InitialOffsetOptions.EnqueuedTimeUTC == nil {
			return options, errors.New("initialOffsetOptions fromEnqueuedTime needs enqueuedTimeUtc")
		}
		options.start, options.startAt = start, *f.InitialOffsetOptions.EnqueuedTimeUTC
	default:
		return options, fmt.Errorf("initialOffsetOptions.type %q is none of fromStart, fromEnd, fromEnqueuedTime", start)
	}
	return options, nil
}

// findExecutable takes a relative path from the app root if there is such a file, else a command on
// the PATH.
func findExecutable(root, path string) (string, error) {
	if path == "" {
		return "", errors.New("is empty")
	}
	if !filepath.IsAbs(path) {
		if inRoot := filepath.Join(root, path); isFile(inRoot) {
			path = inRoot
		}
	}
	found, err := exec.LookPath(path)
	if err != nil {
		return "", fmt.Errorf("find the handler (in a package it needs mode 0755): %w", err)
	}
	return found, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func readStrictly(path string, into any) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the app: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("read %s: something follows the object", path)
	}
	return nil
}
