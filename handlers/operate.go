package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"glasswatch/shared/azfunc"
	"glasswatch/shared/config"
	"glasswatch/shared/journal"
	"glasswatch/shared/listing"
	"glasswatch/shared/outside"
)

// serve is the app. The process stays up whatever is wrong with the settings, because a host that
// cannot start it tells nobody why.
func serve(ctx context.Context, c command) (int, error) {
	words, err := c.parse(flag.NewFlagSet("serve", flag.ContinueOnError))
	if err == nil && len(words) > 0 {
		err = errors.New("serve takes no options: settings come from the environment")
	}
	if err != nil {
		return 1, err
	}
	log := azfunc.NewLogger(c.stdout, slog.LevelInfo)
	p := build(c.lookupEnv, log)
	for _, problem := range p.problems {
		log.Error("setting", "setting", problem.Setting, "problem", problem.Problem, "fix", problem.Fix, "stops", problem.Stops)
	}
	mux, err := azfunc.Mux(functions(p), log)
	if err != nil {
		return 1, err
	}
	err = azfunc.Serve(ctx, p.config.Port, mux, log)
	return azfunc.ExitCode(err), err
}

// incidents lists them, or closes one through the app: whoever reads the ledger need not be able
// to write it.
func incidents(ctx context.Context, c command) (int, error) {
	var classification, note, by string
	asJSON, words, err := c.options("incidents", func(f *flag.FlagSet) {
		f.StringVar(&classification, "as", "", "drill, emergency, misuse or falseAlarm")
		f.StringVar(&note, "note", "", "what it was")
		f.StringVar(&by, "by", "", "who closes it")
	})
	if err != nil {
		return exitFailed, err
	}
	switch {
	case len(words) == 0:
		p, err := c.readable()
		if err != nil {
			return exitFailed, err
		}
		if err := listing.Incidents(ctx, c.stdout, p.journal, asJSON); err != nil {
			return exitFailed, err
		}
		return exitGood, nil
	case words[0] == "close" && len(words) == 2:
		return c.closeIncident(ctx, words[1], map[string]string{"classification": classification, "note": note, "by": by})
	default:
		return exitFailed, errors.New("to close an incident: incidents close ID --as drill|emergency|misuse|falseAlarm --note TEXT --by NAME")
	}
}

func (c command) closeIncident(ctx context.Context, id string, closing map[string]string) (int, error) {
	if _, _, err := journal.ParseID(id); err != nil {
		return exitFailed, fmt.Errorf("%.80q is not an incident's id: `glasswatch incidents` lists them", id)
	}
	if _, err := c.post(ctx, "/api/incidents/"+id+"/close", "closeincident", closing); err != nil {
		return exitFailed, err
	}
	_, err := fmt.Fprintf(c.stdout, "Incident %s is closed as %s.\n", id, closing["classification"])
	return exitGood, err
}

// post asks the app to write: whoever reads the ledger need not be able to write it. It returns
// the fields of the app's answer.
func (c command) post(ctx context.Context, path, function string, fields map[string]string) (map[string]string, error) {
	settings, _ := config.Load(c.lookupEnv)
	if settings.AppURL == "" || settings.AppKey.Empty() {
		return nil, fmt.Errorf("set GLASSWATCH_URL to the app's address and GLASSWATCH_KEY to a function key of %s", function)
	}
	body, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, settings.AppURL+path, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("GLASSWATCH_URL cannot be used as an address")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Functions-Key", settings.AppKey.Reveal())
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("the app does not answer: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil {
		return nil, fmt.Errorf("the app's answer broke off: %w", err)
	}
	said := map[string]string{}
	readErr := json.Unmarshal(content, &said)
	switch {
	case answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden:
		return nil, fmt.Errorf("the app refuses the key: GLASSWATCH_KEY must be a function key of %s", function)
	case answer.StatusCode != http.StatusOK && said["error"] != "":
		return nil, fmt.Errorf("the app refused (status %d): %s", answer.StatusCode, outside.Line(said["error"], 400))
	case answer.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the app refused (status %d) and gave no reason", answer.StatusCode)
	case readErr != nil:
		return nil, errors.New("the app's answer is not what this version expects: is GLASSWATCH_URL the app?")
	}
	return said, nil
}
