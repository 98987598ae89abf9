package teams_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"path/filepath"
	"testing"
)

// renderer is the real Adaptive Cards renderer in a node process.
type renderer struct {
	in   io.Writer
	out  *bufio.Reader
	asks int
}

func startRenderer(t *testing.T) *renderer {
	t.Helper()
	script := filepath.Join("..", "..", "infra", "local", "cards", "render.mjs")
	cmd := exec.CommandContext(t.Context(), "node", script, "--serve")
	var complaints tail
	cmd.Stderr = &complaints
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start the card renderer: %v; this test needs node", err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil && t.Context().Err() == nil {
			t.Errorf("the card renderer: %v; run npm ci in infra/local\n%s", err, complaints.text)
		}
		if t.Failed() && len(complaints.text) > 0 {
			t.Logf("the card renderer said (run npm ci in infra/local if it misses a package):\n%s", complaints.text)
		}
	})
	return &renderer{in: in, out: bufio.NewReader(out)}
}

// render returns the HTML of the card in body, and fails if the renderer finds anything wrong.
func (r *renderer) render(t *testing.T, body []byte) string {
	t.Helper()
	r.asks++
	line, err := json.Marshal(map[string]any{"id": r.asks, "card": json.RawMessage(body)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.in.Write(append(line, '\n')); err != nil {
		t.Fatalf("ask the card renderer: %v", err)
	}
	answer, err := r.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("hear the card renderer: %v", err)
	}
	var got struct {
		ID       int
		HTML     string
		Problems []string
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		t.Fatal(err)
	}
	if got.ID != r.asks || len(got.Problems) > 0 || got.HTML == "" {
		t.Errorf("card %d, answer %d: %d bytes of HTML, problems: %q", r.asks, got.ID, len(got.HTML), got.Problems)
	}
	return got.HTML
}

// tail keeps the last that was written.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-4096):]
	return len(p), nil
}
