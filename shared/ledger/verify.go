package ledger

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
)

// Limits says what the rows alone cannot show, for whoever reads a verdict.
const Limits = "The rows alone cannot show a stream's last entries cut off together with its head set back, a chain computed anew " +
	"from some entry to its end, or a stream taken out of the register, deleted or not, unless a checkpoint in the ledger still names them. " +
	"Compare with copies kept elsewhere: --checkpoint with a hash from a digest, --witness with messages from a channel. " +
	"Rows that are working notes (seen, owed, incident, due) are not part of the chain."

// Times after which an alert without a receipt is a problem and no longer pending.
const (
	alertDue   = 15 * time.Minute
	summaryDue = 5 * time.Hour
)

// The problems that Verify names.
const (
	Changed            = "changed"
	Missing            = "missing"
	Inserted           = "inserted"
	Reordered          = "reordered"
	Truncated          = "truncated"
	HeadMismatch       = "headMismatch"
	Unreceipted        = "unreceipted"
	CheckpointMismatch = "checkpointMismatch"
	WitnessMismatch    = "witnessMismatch"
)

// Problem is one thing that is wrong with the ledger.
type Problem struct {
	Stream   string `json:"stream"`
	Sequence uint64 `json:"sequence"` // the first entry concerned; 0 if none is
	Problem  string `json:"problem"`  // one of the constants above
	Detail   string `json:"detail"`   // one sentence
}

// Verdict sums a verification up.
type Verdict struct {
	OK         bool
	Streams    int
	Entries    int
	Expired    int    // payloads cleared by policy
	Pending    int    // alerts without a receipt that are not yet late
	Checkpoint string // hash of the newest checkpoint that holds; empty if there is none
}

// VerifyOptions says what to compare with.
type VerifyOptions struct {
	Now        time.Time // tells pending from unreceipted
	Deep       bool      // also unpack every payload and read it as JSON
	Checkpoint string    // hash of a checkpoint kept elsewhere, 12 digits or more; empty for none
	Witnesses  []Witness // from messages kept elsewhere
	// Retention is how long a stream's payloads are kept at least; payloads cleared earlier are
	// missing, whatever a purge entry says. Nil asks no such thing.
	Retention func(stream string) time.Duration
}

// Verify derives the whole ledger anew from its rows and yields what is wrong, stream by stream: for
// each fault the first entry concerned, without its consequences. The verdict is complete when the
// iteration has ended without an error; an error means that it could not look. Entries appended
// meanwhile are no problem. Memory grows with problems, purged entries and open alerts only.
func Verify(ctx context.Context, store Store, o VerifyOptions) (iter.Seq2[Problem, error], *Verdict) {
	verdict := &Verdict{}
	return func(yield func(Problem, error) bool) {
		*verdict = Verdict{}
		v := &verification{store: store, options: o, verdict: verdict, marks: map[string][]mark{}}
		found := 0
		report := func(problems []Problem, err error) bool {
			for _, p := range problems {
				found++
				if !yield(p, nil) {
					return false
				}
			}
			if err != nil {
				yield(Problem{}, err)
			}
			return err == nil
		}
		streams, problems, err := v.register(ctx)
		if !report(problems, err) {
			return
		}
		// Checkpoints come first: the other streams are held to them.
		if !report(v.stream(ctx, CheckpointStream)) {
			return
		}
		if !report(v.compareCheckpoint(), nil) {
			return
		}
		for _, stream := range v.named(streams) {
			if stream != CheckpointStream && !report(v.stream(ctx, stream)) {
				return
			}
		}
		verdict.OK = found == 0
	}, verdict
}

// verification is one run of Verify.
type verification struct {
	store       Store
	options     VerifyOptions
	verdict     *Verdict
	registered  map[string]bool
	marks       map[string][]mark // by stream: what checkpoints say
	checkpoints []placedCheckpoint
	unpacker    unpacker
}

type placedCheckpoint struct {
	sequence uint64
	hash     string
	heads    []mark
}

// register reads the register of streams.
func (v *verification) register(ctx context.Context) (streams []string, problems []Problem, err error) {
	v.registered = map[string]bool{}
	installed := false
	for row, err := range v.store.List(ctx, registerPartition, "", afterKeys) {
		if err != nil {
			return nil, nil, fmt.Errorf("read the register of streams: %w", err)
		}
		name, isStream := strings.CutPrefix(row.Key, streamPrefix)
		installed = installed || row.Key == installedKey
		at, _ := row.Columns["Time"].(string)
		version, _ := row.Columns["FormatVersion"].(int64)
		if version != formatVersion || len(row.Columns) != 3 || row.Columns["Check"] != checksum("register", row.Key, at) {
			problems = append(problems, Problem{registerPartition, 0, Changed, fmt.Sprintf("the row %s of the register was changed", row.Key)})
		}
		if isStream && validName(name) {
			streams = append(streams, name)
			v.registered[name] = true
		}
	}
	if len(streams) > 0 && !installed {
		problems = append(problems, Problem{registerPartition, 0, Missing, "the row that says when the ledger was installed is missing from the register"})
	}
	return streams, problems, nil
}

// named are the registered streams and those that only a checkpoint or a witness names.
func (v *verification) named(registered []string) []string {
	all := slices.Clone(registered)
	for stream := range v.marks {
		all = append(all, stream)
	}
	for _, w := range v.options.Witnesses {
		all = append(all, w.Stream)
	}
	all = slices.DeleteFunc(all, func(s string) bool { return !validName(s) || s == registerPartition })
	slices.Sort(all)
	return slices.Compact(all)
}

// compareCheckpoint looks for the checkpoint that was kept elsewhere.
func (v *verification) compareCheckpoint() (problems []Problem) {
	for _, w := range v.options.Witnesses {
		if !validName(w.Stream) || w.Stream == registerPartition {
			problems = append(problems, Problem{w.Stream, w.Sequence, WitnessMismatch, "there is no such stream"})
		}
	}
	for _, c := range v.checkpoints {
		v.verdict.Checkpoint = c.hash
		for _, m := range c.heads {
			v.marks[m.Stream] = append(v.marks[m.Stream], m)
		}
	}
	wanted := v.options.Checkpoint
	if wanted == "" {
		return problems
	}
	for _, c := range v.checkpoints {
		if len(wanted) >= witnessDigits && strings.HasPrefix(c.hash, wanted) {
			v.verdict.Checkpoint = c.hash
			return problems
		}
	}
	return append(problems, Problem{CheckpointStream, 0, CheckpointMismatch, "no checkpoint in the ledger has the hash that was kept elsewhere"})
}
