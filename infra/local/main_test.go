package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"glasswatch/infra/local/azurite"
	"glasswatch/infra/local/story"
	"glasswatch/infra/local/teamspage"
)

func TestTheLastLineSaysWhyItFailed(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	cases := []struct {
		name string
		ctx  context.Context
		args []string
		want string
	}{
		{"unknown option", t.Context(), []string{"--once", "--nonsense"}, "once: failed: flag provided but not defined: -nonsense\n"},
		{"a word", t.Context(), []string{"--once", "please"}, "once: failed: \"please\" is no option; all options begin with --\n"},
		{"stopped", ended, []string{"--once"}, "once: failed: stopped before the end\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var out, complaints bytes.Buffer
			if exit := run(c.ctx, c.args, strings.NewReader(""), &out, &complaints); exit != 1 {
				t.Errorf("exit %d", exit)
			}
			if !strings.HasSuffix(out.String(), c.want) {
				t.Errorf("printed %q, want it to end with %q", out.String(), c.want)
			}
		})
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if exit := run(t.Context(), []string{"--help"}, strings.NewReader(""), &out, io.Discard); exit != 0 || !strings.Contains(out.String(), "--once") && !strings.Contains(out.String(), "-once") {
		t.Errorf("exit %d, printed %q", exit, out.String())
	}
}

func TestMissingToolsAreNamed(t *testing.T) {
	t.Parallel()
	for _, missing := range []string{"go", "node", "npm"} {
		err := needTools(func(name string) (string, error) {
			if name == missing {
				return "", errors.New("not found")
			}
			return "/bin/" + name, nil
		})
		if err == nil || !strings.HasPrefix(err.Error(), missing+" is not installed: ") {
			t.Errorf("%s missing: %v", missing, err)
		}
	}
}

func TestNpmRunsOnlyWhenTheLockIsNewer(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	lock, stamp := filepath.Join(directory, "package-lock.json"), filepath.Join(directory, stampFile)
	write := func(path string, at time.Time) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o644), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(when string, want bool) {
		t.Helper()
		if got, err := npmNeeded(directory); err != nil || got != want {
			t.Errorf("%s: needed %v, %v, want %v", when, got, err, want)
		}
	}
	if _, err := npmNeeded(directory); err == nil {
		t.Error("a missing lock is no error")
	}
	now := time.Now()
	write(lock, now)
	expect("never installed", true)
	write(stamp, now.Add(time.Second))
	expect("installed", false)
	write(lock, now.Add(time.Hour))
	expect("lock changed since", true)
}

func TestATakenPortIsNamedWithItsOption(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, text, _ := net.SplitHostPort(listener.Addr().String())
	port, _ := strconv.Atoi(text)
	_, err = teamspage.Start(t.Context(), teamspage.Options{Address: listener.Addr().String()})
	if err = taken(t.Context(), err, "teams-port", port); err == nil || !strings.Contains(err.Error(), "choose another --teams-port") {
		t.Errorf("error %v", err)
	}
	if _, err := azurite.Start(t.Context(), azurite.Options{Port: port}); err == nil || !strings.Contains(taken(t.Context(), err, "table-port", port).Error(), "--table-port") {
		t.Errorf("error %v", err)
	}
}

func TestTheAppIsLaidOutAsItIsDeployed(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for path, content := range map[string]string{
		"go.mod": "module m\n\ngo 1.26\n", "host.json": "{}", "handlers/main.go": "package main\n\nfunc main() {}\n",
		"handlers/one/function.json": `{"a":1}`, "handlers/two/function.json": `{"b":2}`, "handlers/two/two.go": "package two\n",
	} {
		full := filepath.Join(root, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(content), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	app := filepath.Join(root, ".local", "app")
	stale := filepath.Join(app, "removed", "function.json")
	if err := errors.Join(os.MkdirAll(filepath.Dir(stale), 0o755), os.WriteFile(stale, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	if err := layOut(t.Context(), root, app, &speaker{out: io.Discard}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"host.json", "one/function.json", "two/function.json"} {
		if _, err := os.Stat(filepath.Join(app, path)); err != nil {
			t.Error(err)
		}
	}
	if info, err := os.Stat(filepath.Join(app, "glasswatch")); err != nil || info.Mode()&0o100 == 0 {
		t.Errorf("the program: %v, %v", info, err)
	}
	if _, err := os.Stat(stale); err == nil {
		t.Error("a function that was removed from the project is still laid out")
	}
	if err := os.WriteFile(filepath.Join(root, "handlers/main.go"), []byte("package main\n\nfunc main() { undefined() }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := layOut(t.Context(), root, app, &speaker{out: io.Discard}); err == nil || !strings.Contains(err.Error(), "undefined") {
		t.Errorf("a program that does not compile: %v", err)
	}
}

func TestPercentilesAreValuesThatOccurred(t *testing.T) {
	t.Parallel()
	var hundred []time.Duration
	for i := 100; i >= 1; i-- {
		hundred = append(hundred, time.Duration(i))
	}
	cases := []struct {
		values []time.Duration
		p      int
		want   time.Duration
	}{
		{nil, 50, 0},
		{[]time.Duration{7}, 99, 7},
		{[]time.Duration{9, 1, 5}, 50, 5},
		{hundred, 50, 50},
		{hundred, 99, 99},
	}
	for _, c := range cases {
		if got := percentile(c.values, c.p); got != c.want {
			t.Errorf("percentile %d of %d values: %d, want %d", c.p, len(c.values), got, c.want)
		}
	}
}

func TestJSONLinesAreReadStrictly(t *testing.T) {
	t.Parallel()
	good, err := jsonLines[verifyLine]("verify", []byte("{\"v\":1,\"type\":\"problem\",\"stream\":\"tenant\"}\n{\"v\":1,\"type\":\"verdict\",\"ok\":true}\n"))
	if err != nil || len(good) != 2 || good[0].Stream != "tenant" || !good[1].OK {
		t.Errorf("read %+v, %v", good, err)
	}
	for _, bad := range []string{"OK\n", "{\"type\":\"verdict\"}\n", "{\"v\":2}\n"} {
		if _, err := jsonLines[verifyLine]("verify", []byte(bad)); err == nil {
			t.Errorf("%q is read without complaint", bad)
		}
	}
}

func TestCriticalAlertsMustBeOnTheFallback(t *testing.T) {
	t.Parallel()
	events := []story.Event{
		{Stream: "tenant", Sequence: 1, Severity: "critical"},
		{Stream: "tenant", Sequence: 2, Severity: "critical"},
		{Stream: "tenant", Sequence: 3, Severity: "high"},
		{Stream: "tenant", Sequence: 4, Severity: "critical"}, // told in a summary
	}
	var cards []teamspage.Card
	for n := range uint64(3) {
		cards = append(cards, teamspage.Card{Witnesses: []teamspage.Witness{{Stream: "tenant", Sequence: n + 1}}})
	}
	messages := []teamspage.Message{{Witnesses: []teamspage.Witness{{Stream: "tenant", Sequence: 1}}}}
	if n := unheard(events, cards, messages); n != 1 {
		t.Errorf("%d critical alerts unheard, want 1", n)
	}
}

func TestShellSettingsSurviveQuotes(t *testing.T) {
	t.Parallel()
	got := shellSettings(map[string]string{"B": "it's", "A": "$(x) `y`"})
	if want := "export A='$(x) `y`'\nexport B='it'\\''s'\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNothingMeasuredIsNotGreen(t *testing.T) {
	t.Parallel()
	if got := measured(0, "messages"); !strings.Contains(got, "not measured") {
		t.Errorf("got %q", got)
	}
}

func TestTwoStacksDoNotShareAFolder(t *testing.T) {
	t.Parallel()
	local := filepath.Join(t.TempDir(), ".local")
	var one, two, three stack
	if err := errors.Join(one.ownFolder(local), two.ownFolder(local)); err != nil {
		t.Fatal(err)
	}
	if one.folder != local || two.folder == local || filepath.Dir(two.folder) != local {
		t.Errorf("the folders are %s and %s", one.folder, two.folder)
	}
	one.stop()
	two.stop()
	if err := three.ownFolder(local); err != nil || three.folder != local {
		t.Errorf("after the first has ended: %s, %v", three.folder, err)
	}
	three.stop()
}
