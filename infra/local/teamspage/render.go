package teamspage

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// renderer is the node process that draws cards: one JSON line in, one out, in order.
type renderer struct {
	process *exec.Cmd
	stdin   io.WriteCloser
	exited  chan struct{}

	mu      sync.Mutex
	next    int
	waiting map[int]chan drawn
	dead    bool
}

type drawn struct {
	ID       *int     `json:"id"`
	HTML     string   `json:"html"`
	Problems []string `json:"problems"`
}

var errNoRenderer = errors.New("not rendered: the renderer has ended")

// startRenderer starts the process, waits until it has drawn something, and hands out the style
// sheet that its cards are made for.
func startRenderer(ctx context.Context, script string, stderr io.Writer) (*renderer, string, error) {
	sheet := exec.CommandContext(ctx, "node", "--input-type=module", "--eval", `import("./look.mjs").then((look) => process.stdout.write(look.css))`)
	sheet.Dir = filepath.Dir(script)
	style, err := sheet.Output()
	if err != nil {
		return nil, "", fmt.Errorf("read the style of the cards (is node installed?): %w", err)
	}
	r := &renderer{
		process: exec.CommandContext(context.WithoutCancel(ctx), "node", script, "--serve"),
		exited:  make(chan struct{}), waiting: map[int]chan drawn{},
	}
	r.process.Stderr = stderr
	separateFromTerminal(r.process)
	if r.stdin, err = r.process.StdinPipe(); err != nil {
		return nil, "", fmt.Errorf("connect to the card renderer: %w", err)
	}
	stdout, err := r.process.StdoutPipe()
	if err != nil {
		return nil, "", fmt.Errorf("connect to the card renderer: %w", err)
	}
	if err := r.process.Start(); err != nil {
		return nil, "", fmt.Errorf("start the card renderer (is node installed?): %w", err)
	}
	go r.read(stdout)
	first := []byte(`{"type":"AdaptiveCard","version":"1.4","body":[{"type":"TextBlock","text":"ready"}]}`)
	html, _, err := r.render(ctx, first)
	if err == nil && !strings.Contains(html, "ready") {
		err = errors.New("its first card came out empty")
	}
	if err != nil {
		r.stop()
		return nil, "", fmt.Errorf("start the card renderer (was npm ci run in infra/local?): %w", err)
	}
	return r, string(style), nil
}

func (r *renderer) read(stdout io.Reader) {
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var d drawn
		if json.Unmarshal(lines.Bytes(), &d) != nil || d.ID == nil {
			continue
		}
		r.mu.Lock()
		to := r.waiting[*d.ID]
		delete(r.waiting, *d.ID)
		r.mu.Unlock()
		if to != nil {
			to <- d
		}
	}
	_ = r.process.Wait()
	r.mu.Lock()
	r.dead = true
	for _, to := range r.waiting {
		close(to)
	}
	r.waiting = map[int]chan drawn{}
	r.mu.Unlock()
	close(r.exited)
}

// render draws a card, or the envelope that holds one.
func (r *renderer) render(ctx context.Context, card []byte) (html string, problems []string, err error) {
	answer := make(chan drawn, 1)
	r.mu.Lock()
	if r.dead {
		r.mu.Unlock()
		return "", nil, errNoRenderer
	}
	r.next++
	id := r.next
	line, err := json.Marshal(struct {
		ID   int             `json:"id"`
		Card json.RawMessage `json:"card"`
	}{id, card})
	if err == nil {
		r.waiting[id] = answer
		_, err = r.stdin.Write(append(line, '\n'))
	}
	r.mu.Unlock()
	if err != nil {
		return "", nil, fmt.Errorf("not rendered: %w", err)
	}
	select {
	case d, ok := <-answer:
		if !ok {
			return "", nil, errNoRenderer
		}
		return d.HTML, d.Problems, nil
	case <-ctx.Done():
		return "", nil, fmt.Errorf("not rendered in time: %w", ctx.Err())
	}
}

func (r *renderer) stop() {
	_ = r.stdin.Close()
	select {
	case <-r.exited:
	case <-time.After(2 * time.Second):
		_ = r.process.Process.Kill()
		<-r.exited
	}
}
