package main

import (
	"archive/zip"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"glasswatch/infra/local/azurite"
	"glasswatch/infra/local/funchost"
	"glasswatch/infra/local/hub"
	"glasswatch/infra/local/sample"
	"glasswatch/infra/local/teamspage"
)

// TestTheHostRunsFromTheZip packs the real program, unpacks the zip as Azure does, mode bits
// included, and lets the host stand-in run it until a sign-in stands on the channel.
func TestTheHostRunsFromTheZip(t *testing.T) {
	const root = "../.."
	if _, err := (Packer{Root: root, Program: "./handlers", Version: "test", Output: io.Discard}).Pack(t.Context()); err != nil {
		t.Fatal(err)
	}
	app := t.TempDir()
	unzip(t, filepath.Join(root, "dist", "glasswatch.zip"), app)

	life := context.WithoutCancel(t.Context())
	tables, err := azurite.Start(life, azurite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tables.Kill)
	feed, err := hub.Start(life, hub.Options{Partitions: map[string]int{"entra-logs": 1}, ConsumerGroups: []string{"watch", "replay"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(feed.Stop)
	page, err := teamspage.Start(life, teamspage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(page.Stop)
	g := sample.New(1)
	account := g.Tenant.BreakGlass[0]
	host, err := funchost.Start(life, funchost.Options{Root: app, Settings: map[string]string{
		"BREAK_GLASS_ACCOUNTS": account.ID, "EVIDENCE_TABLES": tables.ConnectionString(),
		"ENTRA_EVENTHUB": feed.ConnectionString(), "ENTRA_EVENTHUB_NAME": "entra-logs",
		"ENTRA_CONSUMER_GROUP": "watch", "REPLAY_CONSUMER_GROUP": "replay",
		"TEAMS_WEBHOOK_URL": page.WebhookURL(), "WATCH_SCHEDULE": "0 * * * * *", "POSTURE_SCHEDULE": "0 0 6 * * *",
		"GRAPH_ENDPOINT": "http://127.0.0.1:1",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(host.Stop)
	record := g.SignIn(sample.SignIn{Who: account, At: time.Now(), Policies: 11})
	if err := feed.Append(t.Context(), "entra-logs", "0", time.Time{}, sample.Message(record)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := page.Wait(ctx, func(cards []teamspage.Card, _ []teamspage.Message) bool { return len(cards) > 0 }); err != nil {
		t.Fatalf("no card from the packed program: %v", err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, host.URL()+"/api/health", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("health: status %d", answer.StatusCode)
	}
}

// unzip unpacks what this test has packed itself.
func unzip(t *testing.T, file, to string) {
	t.Helper()
	archive, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = archive.Close() }()
	folder, err := os.OpenRoot(to)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = folder.Close() }()
	for _, f := range archive.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		if err := folder.MkdirAll(filepath.Dir(f.Name), 0o755); err != nil {
			t.Fatal(err)
		}
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		_ = in.Close()
		if err != nil {
			t.Fatal(err)
		}
		if err := folder.WriteFile(f.Name, content, f.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
}
