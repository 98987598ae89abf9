package funchost

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
)

// function is one function.json after reading; exactly one of its triggers is set.
type function struct {
	name     string
	binding  string // the name under which Data carries the trigger
	retry    *retryPolicy
	eventHub *eventHubTrigger
	timer    *timerTrigger
	http     *httpTrigger
}

type eventHubTrigger struct {
	connection    string
	namespace     string
	hub           string
	consumerGroup string
	dataType      string // "", "string" or "binary"
}

type timerTrigger struct {
	schedule     schedule
	runOnStartup bool
	monitored    bool
}

type httpTrigger struct {
	route   route
	methods []string // upper case; none means all
	level   string   // anonymous, function or admin
}

type functionFile struct {
	Bindings []bindingFile `json:"bindings"`
	Retry    *retryFile    `json:"retry"`
	Disabled bool          `json:"disabled"`
}

type bindingFile struct {
	Type      string `json:"type"`
	Direction string `json:"direction"`
	Name      string `json:"name"`

	EventHubName  string `json:"eventHubName"`
	ConsumerGroup string `json:"consumerGroup"`
	Connection    string `json:"connection"`
	Cardinality   string `json:"cardinality"`
	DataType      string `json:"dataType"`

	Schedule     string `json:"schedule"`
	RunOnStartup bool   `json:"runOnStartup"`
	UseMonitor   *bool  `json:"useMonitor"`

	AuthLevel string   `json:"authLevel"`
	Methods   []string `json:"methods"`
	Route     string   `json:"route"`
}

type retryFile struct {
	Strategy        string `json:"strategy"`
	MaxRetryCount   *int   `json:"maxRetryCount"`
	DelayInterval   string `json:"delayInterval"`
	MinimumInterval string `json:"minimumInterval"`
	MaximumInterval string `json:"maximumInterval"`
}

// readFunctions reads every folder of the app root that holds a function.json, in name order.
func readFunctions(root string, settings map[string]string) ([]function, error) {
	files, err := filepath.Glob(filepath.Join(root, "*", "function.json"))
	if err != nil {
		return nil, fmt.Errorf("list the functions: %w", err)
	}
	var functions []function
	var problems []error
	for _, path := range files {
		name := filepath.Base(filepath.Dir(path))
		var file functionFile
		if err := readStrictly(path, &file); err != nil {
			problems = append(problems, err)
			continue
		}
		if file.Disabled {
			continue
		}
		read, err := file.function(name, settings)
		if err != nil {
			problems = append(problems, fmt.Errorf("read function %s: %w", name, err))
			continue
		}
		functions = append(functions, read)
	}
	if len(files) == 0 {
		problems = append(problems, fmt.Errorf("there is no function.json in any folder of %s", root))
	}
	return functions, errors.Join(problems...)
}

func (f functionFile) function(name string, settings map[string]string) (function, error) {
	fn := function{name: name}
	if !regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,126}$`).MatchString(name) {
		return fn, errors.New("the folder's name is no function name")
	}
	var err error
	if fn.retry, err = f.Retry.policy(); err != nil {
		return fn, fmt.Errorf("retry: %w", err)
	}
	outputs := 0
	for _, binding := range f.Bindings {
		switch {
		case binding.Name == "":
			return fn, fmt.Errorf("a binding of type %q has no name", binding.Type)
		case binding.Type == "http" && binding.Direction == "out":
			outputs++
			continue
		case binding.Direction != "in":
			return fn, fmt.Errorf("binding %s: direction %q of type %q is not played by the stand-in", binding.Name, binding.Direction, binding.Type)
		case fn.binding != "":
			return fn, errors.New("there is more than one trigger")
		}
		fn.binding = binding.Name
		switch binding.Type {
		case "eventHubTrigger":
			fn.eventHub, err = binding.eventHub(settings)
		case "timerTrigger":
			fn.timer, err = binding.timer(settings)
		case "httpTrigger":
			fn.http, err = binding.http(name)
		default:
			err = fmt.Errorf("type %q is not played by the stand-in", binding.Type)
		}
		if err != nil {
			return fn, fmt.Errorf("binding %s: %w", binding.Name, err)
		}
	}
	switch {
	case fn.binding == "":
		return fn, errors.New("there is no trigger")
	case fn.http != nil && outputs != 1:
		return fn, errors.New("an HTTP trigger needs exactly one http output, or the host will not proxy it")
	case fn.http == nil && outputs != 0:
		return fn, errors.New("an http output belongs to an HTTP trigger")
	case fn.http != nil && fn.retry != nil:
		return fn, errors.New("the host has no retries for HTTP triggers")
	}
	return fn, nil
}

func (b bindingFile) eventHub(settings map[string]string) (*eventHubTrigger, error) {
	if b.Cardinality != "many" {
		return nil, fmt.Errorf("cardinality %q: the stand-in delivers batches only; write \"many\" (absent means one)", b.Cardinality)
	}
	if !slices.Contains([]string{"", "string", "binary"}, b.DataType) {
		return nil, fmt.Errorf("dataType %q is none of string, binary", b.DataType)
	}
	trigger := &eventHubTrigger{dataType: b.DataType, consumerGroup: azeventhubs.DefaultConsumerGroup}
	var err error
	if trigger.hub, err = expand(b.EventHubName, settings); err != nil || trigger.hub == "" {
		return nil, errors.Join(errors.New("eventHubName is empty or does not resolve"), err)
	}
	if b.ConsumerGroup != "" {
		if trigger.consumerGroup, err = expand(b.ConsumerGroup, settings); err != nil {
			return nil, fmt.Errorf("consumerGroup: %w", err)
		}
	}
	if b.Connection == "" || strings.Contains(b.Connection, "%") {
		return nil, errors.New("connection must be the name of a setting, or the beginning of one, without percent signs")
	}
	trigger.connection = settings[b.Connection]
	if trigger.connection == "" {
		if settings[b.Connection+"__fullyQualifiedNamespace"] != "" {
			return nil, fmt.Errorf("setting %s__fullyQualifiedNamespace needs an identity, which the stand-in has not; give %s a connection string", b.Connection, b.Connection)
		}
		return nil, fmt.Errorf("setting %s is missing", b.Connection)
	}
	parsed, err := azeventhubs.ParseConnectionString(trigger.connection)
	if err != nil {
		return nil, fmt.Errorf("setting %s is no connection string of an event hub", b.Connection)
	}
	trigger.namespace = parsed.FullyQualifiedNamespace
	return trigger, nil
}

func (b bindingFile) timer(settings map[string]string) (*timerTrigger, error) {
	text, err := expand(b.Schedule, settings)
	if err != nil {
		return nil, fmt.Errorf("schedule: %w", err)
	}
	parsed, err := parseSchedule(text)
	if err != nil {
		return nil, fmt.Errorf("schedule: %w", err)
	}
	return &timerTrigger{schedule: parsed, runOnStartup: b.RunOnStartup, monitored: b.UseMonitor == nil || *b.UseMonitor}, nil
}

func (b bindingFile) http(name string) (*httpTrigger, error) {
	trigger := &httpTrigger{level: strings.ToLower(b.AuthLevel)}
	if trigger.level == "" {
		trigger.level = "function"
	}
	if !slices.Contains([]string{"anonymous", "function", "admin"}, trigger.level) {
		return nil, fmt.Errorf("authLevel %q is none of anonymous, function, admin", b.AuthLevel)
	}
	for _, method := range b.Methods {
		trigger.methods = append(trigger.methods, strings.ToUpper(method))
	}
	template := b.Route
	if template == "" {
		template = name
	}
	var err error
	if trigger.route, err = parseRoute(template); err != nil {
		return nil, fmt.Errorf("route: %w", err)
	}
	return trigger, nil
}

func (f *retryFile) policy() (*retryPolicy, error) {
	if f == nil {
		return nil, nil
	}
	if f.MaxRetryCount == nil || *f.MaxRetryCount < -1 {
		return nil, errors.New("maxRetryCount is required: a number, or -1 for ever")
	}
	shortest, longest := f.MinimumInterval, f.MaximumInterval
	switch f.Strategy {
	case "fixedDelay":
		shortest, longest = f.DelayInterval, f.DelayInterval
	case "exponentialBackoff":
	default:
		return nil, fmt.Errorf("strategy %q is none of fixedDelay, exponentialBackoff", f.Strategy)
	}
	policy := &retryPolicy{limit: *f.MaxRetryCount}
	var errs [2]error
	policy.minimum, errs[0] = timeSpan(shortest)
	policy.maximum, errs[1] = timeSpan(longest)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("intervals of %s: %w", f.Strategy, err)
	}
	if policy.maximum < policy.minimum {
		return nil, fmt.Errorf("maximumInterval %s is below minimumInterval %s", longest, shortest)
	}
	return policy, nil
}
