//go:build unix

package trial_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"glasswatch/infra/local/teamspage"
)

// event is what we need of a line of `glasswatch events --json`.
type event struct {
	Stream       string    `json:"stream"`
	Sequence     uint64    `json:"sequence"`
	RecordID     string    `json:"recordId"`
	Revision     int       `json:"revision"`
	Kind         string    `json:"kind"`
	Accounts     []string  `json:"accounts"`
	ReachedAt    time.Time `json:"reachedAt"`
	RecordedAt   time.Time `json:"recordedAt"`
	Outcome      string    `json:"outcome"`
	HeadlineRule string    `json:"headlineRule"`
	Severity     string    `json:"severity"`
	Incident     string    `json:"incident"`
	Alert        string    `json:"alert"`
}

// owing is what we need of a line of `glasswatch alerts --json`.
type owing struct {
	ID       string  `json:"id"`
	Incident string  `json:"incident"`
	Stream   string  `json:"stream"`
	Sequence uint64  `json:"sequence"`
	Rule     string  `json:"rule"`
	Severity string  `json:"severity"`
	State    string  `json:"state"`
	Channels []state `json:"channels"`
}

type state struct {
	Name     string `json:"name"`
	State    string `json:"state"`
	Attempts int    `json:"attempts"`
	Status   int    `json:"status"`
	Error    string `json:"error"`
}

func (o owing) channel(name string) state {
	for _, c := range o.Channels {
		if c.Name == name {
			return c
		}
	}
	return state{}
}

// verb runs the program as an operator does, with the settings of the app.
func (s *stack) verb(args ...string) (stdout string, exit int) {
	s.t.Helper()
	command := exec.CommandContext(s.t.Context(), shared.program, args...)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	settings := maps.Clone(s.settings)
	maps.Copy(settings, s.operator)
	for name, value := range settings {
		command.Env = append(command.Env, name+"="+value)
	}
	var out, complaints bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaints
	err := command.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		s.t.Fatalf("glasswatch %s: %v", strings.Join(args, " "), err)
	}
	exit = command.ProcessState.ExitCode()
	s.leaks("what glasswatch "+args[0]+" prints", out.String()+complaints.String())
	if exit > 1 {
		s.t.Fatalf("glasswatch %s: exit %d: %s", strings.Join(args, " "), exit, complaints.String())
	}
	return out.String(), exit
}

func lines[T any](s *stack, verb, output string) []T {
	s.t.Helper()
	var list []T
	for line := range strings.Lines(output) {
		var one T
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			s.t.Fatalf("glasswatch %s --json printed %q: %v", verb, line, err)
		}
		list = append(list, one)
	}
	return list
}

func (s *stack) events() []event {
	s.t.Helper()
	out, _ := s.verb("events", "--json")
	return lines[event](s, "events", out)
}

func (s *stack) alerts(more ...string) []owing {
	s.t.Helper()
	out, _ := s.verb(append([]string{"alerts", "--json"}, more...)...)
	return lines[owing](s, "alerts", out)
}

// verify fails the test unless `glasswatch verify` finds the ledger whole.
func (s *stack) verify() {
	s.t.Helper()
	if out, exit := s.verb("verify", "--deep", "--json"); exit != 0 {
		s.t.Errorf("glasswatch verify: exit %d\n%s", exit, out)
	}
}

// entry names one entry of the ledger.
type entry struct {
	stream   string
	sequence uint64
}

// arrival is one message that a channel took.
type arrival struct {
	channel teamspage.Channel
	number  int
	at      time.Time
	lost    bool // the sender did not get the answer
	texts   []string
	names   []entry // the ledger entries that it names anywhere
}

func (a arrival) says(text string) bool {
	return slices.ContainsFunc(a.texts, func(t string) bool { return strings.Contains(t, text) })
}

func (a arrival) about(e entry) bool { return slices.Contains(a.names, e) }

// named finds a witness wherever it stands: a message that tells of many alerts names each of them.
var named = regexp.MustCompile(`([a-z][a-z0-9-]*)#([0-9]{1,20}) [0-9a-f]{12}`)

func arrived(channel teamspage.Channel, number int, at time.Time, lost bool, body []byte) arrival {
	a := arrival{channel: channel, number: number, at: at, lost: lost}
	dec := json.NewDecoder(bytes.NewReader(body))
	for {
		token, err := dec.Token()
		if err != nil {
			return a
		}
		text, ok := token.(string)
		if !ok {
			continue
		}
		text = plain(text)
		a.texts = append(a.texts, text)
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			n, err := strconv.ParseUint(m[2], 10, 64)
			if e := (entry{m[1], n}); err == nil && !a.about(e) {
				a.names = append(a.names, e)
			}
		}
	}
}

// plain takes out what a card puts between characters so that no client reads markup into a text.
func plain(text string) string {
	return strings.NewReplacer("\u200b", "", "\\", "").Replace(text)
}

// teams lists what the Teams channel took, in order of arrival.
func (s *stack) teams() []arrival {
	var list []arrival
	for _, c := range s.page.Cards() {
		list = append(list, arrived(teamspage.Teams, c.Number, c.ArrivedAt, c.Lost, c.Body))
	}
	return list
}

// fallback lists what the channel outside Microsoft 365 took, in order of arrival.
func (s *stack) fallback() []arrival {
	var list []arrival
	for _, m := range s.page.Messages() {
		list = append(list, arrived(teamspage.Fallback, m.Number, m.ArrivedAt, m.Lost, m.Body))
	}
	return list
}

func about(list []arrival, e entry) []arrival {
	return slices.DeleteFunc(slices.Clone(list), func(a arrival) bool { return !a.about(e) })
}

func saying(list []arrival, text string) []arrival {
	return slices.DeleteFunc(slices.Clone(list), func(a arrival) bool { return !a.says(text) })
}
