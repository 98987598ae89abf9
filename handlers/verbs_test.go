package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"glasswatch/infra/local/azurite"
	"glasswatch/shared/alert"
	"glasswatch/shared/breakglass"
	"glasswatch/shared/detect"
	"glasswatch/shared/entra"
	"glasswatch/shared/journal"
	"glasswatch/shared/ledger"
	"glasswatch/shared/tables"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	alpha = "11111111-1111-4111-8111-111111111111"
	bravo = "22222222-2222-4222-8222-222222222222"
)

// storage is a running emulator with a ledger in which every kind of entry stands.
func storage(t *testing.T) (connection string) {
	t.Helper()
	emulator, err := azurite.Start(context.WithoutCancel(t.Context()), azurite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := emulator.Stop(); err != nil {
			t.Error(err)
		}
	})
	fill(t, emulator.ConnectionString())
	return emulator.ConnectionString()
}

// fill writes a ledger with a fixed clock: a failure, a success that is acknowledged and closed, a
// change of an account, a broken message, and an alert that is still owed.
func fill(t *testing.T, connection string) {
	t.Helper()
	now := time.Date(2026, 5, 1, 3, 12, 45, 0, time.UTC)
	store, err := tables.New(tables.Options{ConnectionString: connection, Table: ledger.Table})
	if err != nil {
		t.Fatal(err)
	}
	accounts := breakglass.NewAccounts([]breakglass.Account{{ObjectID: alpha, UserPrincipalName: "bg-alpha@contoso.example"}, {ObjectID: bravo}})
	clock := func() time.Time { return now }
	j := journal.New(ledger.New(store, clock), journal.Options{
		Describer: journal.Describer{Accounts: accounts}, Judge: detect.NewDetector(detect.Setting{Accounts: accounts}),
		Channels: []string{alert.ChannelTeams, alert.ChannelFallback}, AcknowledgeWithin: 15 * time.Minute, CommitWithin: 5 * time.Second, Now: clock,
	})
	record := func(message string) []*alert.Alert {
		t.Helper()
		var alerts []*alert.Alert
		at := breakglass.Arrival{ReachedAt: now, Source: breakglass.SourceHub}
		records, damaged := entra.Parse([]byte(message))
		for _, rec := range records {
			e, ok := accounts.Event(rec, at)
			if !ok {
				t.Fatalf("no account in %s", message)
			}
			r, err := j.Record(t.Context(), journal.AccountStream(e.Account), []journal.Intake{{Event: e}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			alerts = append(alerts, r.Alerts...)
		}
		for _, d := range damaged {
			r, err := j.Record(t.Context(), journal.StreamUnparsed, []journal.Intake{{Event: breakglass.UnparsedEvent(d.Raw, d, at)}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			alerts = append(alerts, r.Alerts...)
		}
		return alerts
	}
	deliver := func(alerts []*alert.Alert, failure string) {
		t.Helper()
		for _, a := range alerts {
			attempts := []alert.Attempt{{AlertID: a.ID, Channel: alert.ChannelTeams, At: now, Status: 202}}
			if a.Insistent {
				attempts = append(attempts, alert.Attempt{AlertID: a.ID, Channel: alert.ChannelFallback, At: now, Status: 503, Failure: failure})
			}
			if err := j.Deliver(t.Context(), a.Message.Stream, attempts); err != nil {
				t.Fatal(err)
			}
		}
	}
	signIn := func(id string, code int) string {
		return fmt.Sprintf(`{"records":[{"time":"2026-05-01T03:12:43Z","category":"SignInLogs","tenantId":"33333333-3333-4333-8333-333333333333","properties":{"id":%q,"createdDateTime":"2026-05-01T03:12:41.5Z","userId":%q,"userPrincipalName":"bg-alpha@contoso.example","appDisplayName":"Azure Portal","appId":"c44b4083-3bb0-49c1-b47d-974e53cbdf3c","ipAddress":"203.0.113.7","location":{"city":"Oslo","countryOrRegion":"NO"},"clientAppUsed":"Browser","deviceDetail":{"operatingSystem":"Windows 11"},"status":{"errorCode":%d},"correlationId":"44444444-4444-4444-8444-444444444444"}}]}`, id, alpha, code)
	}
	deliver(record(signIn("aaaaaaaa-0000-4000-8000-000000000001", 50126)), "")
	success := record(signIn("aaaaaaaa-0000-4000-8000-000000000002", 0))
	deliver(success, "")
	now = now.Add(4 * time.Minute)
	_, notices, err := j.Acknowledge(t.Context(), success[0].Message.Incident, alert.Acknowledgement{By: "Ada", Via: alert.ChannelFallback, Through: success[0].Message.Sequence})
	if err != nil {
		t.Fatal(err)
	}
	deliver(notices, "")
	_, notices, err = j.Close(t.Context(), success[0].Message.Incident, alert.Drill, "Ada", "the quarterly drill")
	if err != nil {
		t.Fatal(err)
	}
	deliver(notices, "")
	now = now.Add(time.Hour)
	deliver(record(fmt.Sprintf(`{"records":[{"time":"2026-05-01T04:16:00Z","category":"AuditLogs","operationName":"Reset user password","properties":{"id":"Directory_1","activityDisplayName":"Reset user password","activityDateTime":"2026-05-01T04:16:00Z","result":"success","initiatedBy":{"user":{"id":"55555555-5555-4555-8555-555555555555","userPrincipalName":"helpdesk@contoso.example"}},"targetResources":[{"id":%q,"type":"User"}]}}]}`, bravo)), "connection reset")
	record(`{"records":[{"category":`)
}

// unhashed makes output comparable that holds hashes, whose bytes depend on the compressor.
func unhashed(s string) string {
	return regexp.MustCompile(`"entryHash":"[0-9a-f]{64}"`).ReplaceAllString(s, `"entryHash":"HASH"`)
}

func call(t *testing.T, env map[string]string, args ...string) (exit int, stdout, stderr string) {
	t.Helper()
	var out, said bytes.Buffer
	exit = run(t.Context(), args, func(name string) (string, bool) { v, ok := env[name]; return v, ok }, &out, &said)
	return exit, out.String(), said.String()
}

func TestVerbs(t *testing.T) {
	env := map[string]string{"EVIDENCE_TABLES": storage(t), "BREAK_GLASS_ACCOUNTS": alpha + "=bg-alpha@contoso.example," + bravo}
	for _, test := range []struct {
		name string
		args []string
		exit int
	}{
		{"events", []string{"events"}, exitGood},
		{"events-json", []string{"events", "--json"}, exitGood},
		{"events-raw-json", []string{"events", "--account", "bg-alpha", "--until", "2026-05-01T03:12:42Z", "--raw", "--json"}, exitGood},
		{"events-none", []string{"events", "--account", bravo, "--until", "2026-01-01T00:00:00Z"}, exitGood},
		{"alerts", []string{"alerts"}, exitGood},
		{"alerts-json", []string{"alerts", "--json"}, exitGood},
		{"alerts-owed-json", []string{"alerts", "--owed", "--json"}, exitGood},
		{"incidents", []string{"incidents"}, exitGood},
		{"incidents-json", []string{"incidents", "--json"}, exitGood},
		{"verify", []string{"verify"}, exitFindings},
		{"verify-json", []string{"verify", "--json"}, exitFindings},
	} {
		t.Run(test.name, func(t *testing.T) {
			exit, stdout, stderr := call(t, env, test.args...)
			if exit != test.exit || stderr != "" {
				t.Fatalf("exit %d, want %d; stderr %q", exit, test.exit, stderr)
			}
			file := filepath.Join("testdata", test.name+".golden")
			got := unhashed(stdout)
			if *update {
				if err := os.MkdirAll("testdata", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
			for line := range strings.Lines(stdout) {
				if strings.HasSuffix(test.name, "json") && !json.Valid([]byte(line)) {
					t.Errorf("not a JSON object: %s", line)
				}
				if width := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); !strings.HasSuffix(test.name, "json") && width > 100 {
					t.Errorf("%d columns: %s", width, line)
				}
			}
		})
	}
}

// TestJSONNames holds the lines to interfaces.md: fields may be added, never renamed.
func TestJSONNames(t *testing.T) {
	env := map[string]string{"EVIDENCE_TABLES": storage(t), "BREAK_GLASS_ACCOUNTS": alpha}
	for verb, names := range map[string]string{
		"events":    "v stream sequence entryHash id recordId revision kind account accounts role matchedBy happenedAt loggedAt reachedAt recordedAt clockDoubtful source outcome errorCode rules headlineRule severity headline incident alert drill expired",
		"alerts":    "v id incident stream sequence rule severity headline owedAt state channels",
		"incidents": "v id account state classification severity headline openedAt lastEventAt events firstSequence lastSequence acknowledgedAt acknowledgedBy acknowledgedThrough closedAt closedBy note",
	} {
		t.Run(verb, func(t *testing.T) {
			_, stdout, _ := call(t, env, verb, "--json")
			for line := range strings.Lines(stdout) {
				var object map[string]json.RawMessage
				if err := json.Unmarshal([]byte(line), &object); err != nil {
					t.Fatal(err)
				}
				for name := range strings.FieldsSeq(names) {
					value, ok := object[name]
					if !ok {
						t.Errorf("no field %s in %s", name, line)
					}
					if isList := strings.Contains(" accounts rules channels ", " "+name+" "); isList && (len(value) == 0 || value[0] != '[') {
						t.Errorf("list %s is %s", name, value)
					}
				}
			}
		})
	}
}

func TestMistakesAreSaidPlainly(t *testing.T) {
	for _, test := range []struct {
		name string
		env  map[string]string
		args []string
		want string
	}{
		{"no verb", nil, nil, "say what to do"},
		{"a verb mistyped", nil, []string{"event"}, `did you mean "events"?`},
		{"an unknown option", nil, []string{"events", "--bogus"}, "there is no option --bogus"},
		{"no tables", nil, []string{"events"}, "set EVIDENCE_TABLES"},
		{"tables mistyped", map[string]string{"EVIDENCE_TABLES": "s3cret-rubbish"}, []string{"events"}, "EVIDENCE_TABLES"},
		{"no such time", map[string]string{"EVIDENCE_TABLES": "UseDevelopmentStorage=true"}, []string{"events", "--since", "yesterday"}, "24h or 7d"},
		{"times the wrong way round", nil, []string{"events", "--since", "1h", "--until", "2h"}, "--since is not before --until"},
		{"what to list", nil, []string{"list", "rulez"}, "rules, checks, settings, permissions or functions"},
		{"no such incident id", nil, []string{"incidents", "close", "../x"}, "not an incident's id"},
		{"no address of the app", nil, []string{"incidents", "close", "tenant-1"}, "GLASSWATCH_URL"},
		{"no witness in the file", map[string]string{"EVIDENCE_TABLES": "UseDevelopmentStorage=true"}, []string{"verify", "--witness", "main.go"}, "no witness line"},
	} {
		t.Run(test.name, func(t *testing.T) {
			exit, stdout, stderr := call(t, test.env, test.args...)
			if exit != exitFailed || stdout != "" || !strings.Contains(stderr, test.want) {
				t.Errorf("exit %d, stdout %q, stderr %q; want 2 and %q", exit, stdout, stderr, test.want)
			}
			if strings.Contains(stderr, "s3cret") {
				t.Errorf("a value is echoed: %s", stderr)
			}
		})
	}
}
