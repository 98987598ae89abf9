package ledger

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// originTries bounds the hashes spent per stream on finding out where displaced rows came from.
const originTries = 2_000_000

// diagnosis tells from the odd rows of a stream what was done to it, so that one deed is one
// problem at its first entry and not one at every row that no longer fits.
type diagnosis struct {
	*streamCheck
	byKey     map[uint64]oddity
	from      map[uint64]uint64 // displaced rows: key -> the sequence that their hash was made for
	origins   map[uint64]bool   // the values of from
	explained map[uint64]bool   // keys that a problem has been named for, or that follow from one
	end       uint64            // the sequence that the head names, if it can be believed
	tries     int
	problems  []Problem
}

func (s *streamCheck) diagnose(ctx context.Context) (*diagnosis, error) {
	d := &diagnosis{
		streamCheck: s, byKey: map[uint64]oddity{}, from: map[uint64]uint64{},
		origins: map[uint64]bool{}, explained: map[uint64]bool{}, end: math.MaxUint64, tries: originTries,
	}
	if s.last > s.head.sequence {
		// Either the head was set back, or somebody appended since it was read.
		if err := s.readHead(ctx); err != nil {
			return nil, err
		}
	}
	if s.headFound && s.headWrong == "" {
		d.end = max(s.head.sequence, s.startedAt)
	}
	for _, o := range s.oddities {
		if o.sequence == 0 {
			d.name0(o)
			continue
		}
		d.byKey[o.sequence] = o
	}
	if err := d.displaced(ctx); err != nil {
		return nil, err
	}
	for _, o := range s.oddities {
		if o.sequence > 0 && o.sequence <= d.end {
			d.single(o)
		}
	}
	d.links()
	d.tail()
	if s.dropped > 0 {
		d.add(s.oddities[len(s.oddities)-1].sequence, Changed, fmt.Sprintf("%d more rows do not fit", s.dropped))
	}
	d.doubtful = d.doubt()
	return d, nil
}

// doubt is the last sequence at which an entry may have stood that is not there as it was written.
// What entries before it are owed, a receipt or a purge, it may have given.
func (d *diagnosis) doubt() (through uint64) {
	for _, o := range d.oddities {
		if o.sequence <= d.end && (o.hashWrong || o.unlinked) {
			through = max(through, o.sequence)
		}
	}
	for seq := range d.streamCheck.displaced {
		through = max(through, seq)
	}
	if d.startedAt > d.last || d.headTrusted() && d.head.sequence == d.last && d.head.hash != d.lastHash {
		through = max(through, d.startedAt)
	}
	return through
}

func (d *diagnosis) add(sequence uint64, problem, detail string) {
	d.problems = append(d.problems, Problem{d.streamCheck.name, sequence, problem, detail})
	d.explained[sequence] = true
}

// name0 reports a row whose key the ledger would not write.
func (d *diagnosis) name0(o oddity) { d.add(o.after+1, Inserted, o.detail) }

// displaced finds rows that are whole but stand at another sequence than they were made for, and
// tells from the pattern whether entries were inserted, taken out or exchanged.
func (d *diagnosis) displaced(ctx context.Context) error {
	var shift int64
	for _, o := range d.oddities {
		if o.sequence == 0 || !o.hashWrong || o.meta == "" {
			continue
		}
		origin, ok := d.origin(o, shift)
		if !ok {
			continue
		}
		copied, err := d.isCopy(ctx, o, origin)
		if err != nil {
			return err
		}
		if copied {
			continue
		}
		shift = signed(origin) - signed(o.sequence)
		d.from[o.sequence] = origin
		d.origins[origin] = true
	}
	if len(d.from) == 0 {
		return nil
	}
	first, lost, held := uint64(math.MaxUint64), uint64(math.MaxUint64), uint64(math.MaxUint64)
	for key, origin := range d.from {
		first = min(first, key, origin)
		if !d.origins[key] && key <= d.end {
			lost = min(lost, key) // what stood here is nowhere
		}
		if _, moved := d.from[origin]; !moved && d.present(origin) {
			held = min(held, origin) // something else stands in its place
		}
		for _, k := range []uint64{key, origin} {
			d.streamCheck.displaced[k] = true
			d.explained[k] = true
			d.explained[k+1] = true // its link
		}
	}
	switch {
	case held < lost:
		d.add(held, Inserted, fmt.Sprintf("entry %d was put in, and the entries after it were numbered anew", held))
	case lost < held:
		d.add(lost, Missing, fmt.Sprintf("entry %d was taken out, and the entries after it were numbered anew", lost))
	default:
		d.add(first, Reordered, fmt.Sprintf("%d entries stand in the place of others, entry %d first", len(d.from), first))
	}
	return nil
}

// answersFor tells whether what is wrong at a sequence has been reported already.
func (d *diagnosis) answersFor(sequence uint64) bool {
	_, odd := d.byKey[sequence]
	return odd || d.streamCheck.displaced[sequence] || !d.present(sequence) && sequence <= max(d.last, d.head.sequence)
}

// present tells whether a row stands at a sequence.
func (d *diagnosis) present(sequence uint64) bool {
	if sequence > d.last {
		return false
	}
	for _, o := range d.oddities {
		if sequence > o.after && sequence < o.sequence {
			return false
		}
	}
	return true
}

// isCopy tells whether the row that o was made for still stands where it belongs: then o was copied
// over another and nothing moved.
func (d *diagnosis) isCopy(ctx context.Context, o oddity, origin uint64) (bool, error) {
	row, err := d.store.Get(ctx, d.streamCheck.name, entryKey(origin))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read entry %d of stream %s: %w", origin, d.streamCheck.name, err)
	}
	return row.Columns["Hash"] == o.hash, nil
}

// origin finds the sequence that a row's hash was made for, trying the likely ones first.
func (d *diagnosis) origin(o oddity, shift int64) (uint64, bool) {
	fits := func(sequence uint64) bool {
		d.tries--
		hash, ok := chainHash(o.previous, sequence, o.meta, o.payloadHash)
		return ok && hash == o.hash
	}
	if likely := signed(o.sequence) + shift; shift != 0 && likely > 0 && fits(uint64(likely)) {
		return uint64(likely), true
	}
	limit := d.last + 128
	if d.headFound && d.headWrong == "" {
		limit = max(limit, min(d.head.sequence, d.last+originTries)+128)
	}
	for sequence := uint64(1); sequence <= limit && d.tries > 0; sequence++ {
		if fits(sequence) {
			return sequence, true
		}
	}
	return 0, false
}

// single reports what is wrong with one row, and the entries missing before it.
func (d *diagnosis) single(o oddity) {
	for seq := o.after + 1; seq < o.sequence; seq++ {
		if d.origins[seq] {
			continue
		}
		if last := o.sequence - 1; seq < last {
			d.add(seq, Missing, fmt.Sprintf("entries %d to %d are missing", seq, last))
		} else {
			d.add(seq, Missing, fmt.Sprintf("entry %d is missing", seq))
		}
		break
	}
	if _, moved := d.from[o.sequence]; moved || d.explained[o.sequence] {
		return
	}
	switch {
	case o.problem != "":
		d.add(o.sequence, o.problem, fmt.Sprintf("entry %d: %s", o.sequence, o.detail))
	case o.hashWrong:
		d.add(o.sequence, Changed, fmt.Sprintf("entry %d: its hash does not follow from what it holds", o.sequence))
	}
}

// links reports rows that are whole in themselves but do not follow from one another: one of them
// was written anew, hash and all.
func (d *diagnosis) links() {
	broken := func(seq uint64) bool {
		o, odd := d.byKey[seq]
		before := d.byKey[o.after]
		return odd && o.unlinked && !o.hashWrong && seq == o.after+1 && !before.hashWrong && !d.explained[seq] && seq <= d.end
	}
	for _, o := range d.oddities {
		seq := o.sequence
		if seq == 0 || !broken(seq) || broken(seq-1) {
			continue
		}
		blamed := seq - 1 // what follows hangs on to the end, so the row before was rewritten
		if seq == 1 || broken(seq+1) || (seq == d.last && d.headTrusted() && d.head.sequence == seq && d.head.hash != d.lastHash) {
			blamed = seq // neither neighbour knows it
		}
		if !d.explained[blamed] {
			d.add(blamed, Changed, fmt.Sprintf("entry %d was written anew: its neighbours do not follow from it", blamed))
		}
		d.explained[seq] = true
	}
}

func (d *diagnosis) headTrusted() bool { return d.headFound && d.headWrong == "" }

// tail compares the end of the stream with its head.
func (d *diagnosis) tail() {
	switch {
	case !d.headFound:
		if d.last > 0 {
			d.add(d.last, HeadMismatch, "the head row is missing")
		}
	case d.headWrong != "":
		at := d.head.sequence
		if at == 0 {
			at = d.last
		}
		d.add(at, HeadMismatch, d.headWrong)
	case d.head.sequence < d.startedAt:
		d.add(d.head.sequence+1, HeadMismatch, "the head was set back while verify was reading")
	case d.end > d.last:
		d.truncated()
	case d.end < d.last:
		d.beyond()
	case d.head.hash != d.lastHash && !d.explained[d.last]:
		if d.last == 0 {
			d.add(0, HeadMismatch, "the head names a hash, and there is no entry")
			return
		}
		d.add(d.last, Changed, fmt.Sprintf("entry %d was written anew: the head names another hash", d.last))
	}
}

// truncated reports entries that the head names and that are gone, unless they stand elsewhere.
func (d *diagnosis) truncated() {
	// Entries appended while verify was reading may lie behind what it listed.
	if d.startedAt <= d.last || d.origins[d.last+1] {
		return
	}
	d.add(d.last+1, Truncated, fmt.Sprintf("entries %d to %d are cut off: the head names them", d.last+1, d.startedAt))
}

// beyond reports rows that stand behind the end that the head names.
func (d *diagnosis) beyond() {
	for _, o := range d.oddities {
		if o.sequence <= d.end {
			continue
		}
		if _, moved := d.from[o.sequence]; !moved {
			d.add(o.sequence, Inserted, fmt.Sprintf("entry %d stands behind the end of the stream and does not follow from it", o.sequence))
		}
		return
	}
	detail := fmt.Sprintf("the head names entry %d as the last, but entries up to %d follow from it", d.end, d.last)
	d.add(d.end+1, HeadMismatch, detail)
}

// sortedOwing lists what is still owed, in order.
func (s *streamCheck) sortedOwing() []uint64 {
	sequences := make([]uint64, 0, len(s.owes))
	for seq := range s.owes {
		sequences = append(sequences, seq)
	}
	slices.Sort(sequences)
	return sequences
}
