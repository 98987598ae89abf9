package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"glasswatch/infra/local/story"
)

// verbLimit bounds one call of an operator's verb.
const verbLimit = time.Minute

// verb runs an operator's verb against the stack and returns what it printed and its exit code.
func (s *stack) verb(ctx context.Context, args ...string) (stdout []byte, exit int, err error) {
	ctx, cancel := context.WithTimeout(ctx, verbLimit)
	defer cancel()
	command := exec.CommandContext(ctx, filepath.Join(s.app, "glasswatch"), args...)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	for name, value := range s.settings {
		command.Env = append(command.Env, name+"="+value)
	}
	var out, complaints bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaints
	err = command.Run()
	if ctx.Err() != nil {
		return nil, 0, fmt.Errorf("run glasswatch %s: %w", args[0], ctx.Err())
	}
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		return nil, 0, fmt.Errorf("run glasswatch %s: %w", args[0], err)
	}
	exit = command.ProcessState.ExitCode()
	if exit > 1 {
		return nil, exit, fmt.Errorf("glasswatch %s could not run (exit %d): %s", args[0], exit, oneLine(complaints.String()))
	}
	return out.Bytes(), exit, nil
}

// jsonLines reads the output of a verb with --json.
func jsonLines[T any](verb string, output []byte) ([]T, error) {
	var list []T
	for line := range bytes.Lines(output) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var v struct {
			V int `json:"v"`
		}
		var one T
		if err := errors.Join(json.Unmarshal(line, &v), json.Unmarshal(line, &one)); err != nil {
			return nil, fmt.Errorf("read a line of glasswatch %s --json: %w", verb, err)
		}
		if v.V != 1 {
			return nil, fmt.Errorf("a line of glasswatch %s --json has \"v\": %d, not 1", verb, v.V)
		}
		list = append(list, one)
	}
	return list, nil
}

func (s *stack) events(ctx context.Context) ([]story.Event, error) {
	out, _, err := s.verb(ctx, "events", "--json", "--raw")
	if err != nil {
		return nil, err
	}
	return jsonLines[story.Event]("events", out)
}

// owedAlert is what we need of a line of `glasswatch alerts --json`.
type owedAlert struct {
	ID    string `json:"id"`
	State string `json:"state"`
}

// owed counts the alerts that somebody has yet to be told of.
func (s *stack) owed(ctx context.Context) (int, error) {
	out, _, err := s.verb(ctx, "alerts", "--json")
	if err != nil {
		return 0, err
	}
	list, err := jsonLines[owedAlert]("alerts", out)
	n := 0
	for _, a := range list {
		if a.State != "delivered" {
			n++
		}
	}
	return n, err
}

// verifyLine is a line of `glasswatch verify --json`.
type verifyLine struct {
	Type    string `json:"type"`
	Stream  string `json:"stream"`
	Problem string `json:"problem"`
	Detail  string `json:"detail"`
	OK      bool   `json:"ok"`
	Streams int    `json:"streams"`
	Entries int    `json:"entries"`
}

// verifyLedger returns how many entries were checked, or what is wrong with them.
func (s *stack) verifyLedger(ctx context.Context) (entries int, problems []string, err error) {
	out, exit, err := s.verb(ctx, "verify", "--json")
	if err != nil {
		return 0, nil, err
	}
	lines, err := jsonLines[verifyLine]("verify", out)
	if err != nil {
		return 0, nil, err
	}
	if len(lines) == 0 || lines[len(lines)-1].Type != "verdict" {
		return 0, nil, errors.New("glasswatch verify --json did not end with a verdict")
	}
	for _, l := range lines[:len(lines)-1] {
		problems = append(problems, fmt.Sprintf("verify: %s: %s: %s", l.Stream, l.Problem, l.Detail))
	}
	verdict := lines[len(lines)-1]
	if !verdict.OK || exit != 0 {
		problems = append(problems, fmt.Sprintf("verify: exit %d, verdict ok is %v", exit, verdict.OK))
	}
	return verdict.Entries, problems, nil
}
