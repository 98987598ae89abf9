package entra_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"glasswatch/shared/entra"
)

// TestNothingIsSilentlyDropped puts a marker at a random place of a message, damages the message
// at others, and looks for the marker in what was read.
func TestNothingIsSilentlyDropped(t *testing.T) {
	a, b := signIn("a"), signIn("b")
	messages := []string{
		`{"records":[` + a + `,` + b + `]}`,
		a + "\n" + b,
		`[{"records":[` + a + `]},` + b + `]`,
		`[` + quoted(a) + `,` + b + `]`,
		quoted(`{"records":[` + a + `]}`),
		`{"records":[],"more":[]}`,
		`[1,"",null,{}]`,
	}
	const seed = 7
	random := rand.New(rand.NewPCG(seed, seed))
	marker := []byte("MARKER")
	for range 30_000 {
		message := []byte(messages[random.IntN(len(messages))])
		at := random.IntN(len(message) + 1)
		before, after := bytes.Clone(message[:at]), bytes.Clone(message[at:])
		for range random.IntN(3) {
			piece := before
			if random.IntN(2) == 0 {
				piece = after
			}
			if len(piece) == 0 {
				continue
			}
			piece[random.IntN(len(piece))] = "\"\\{}[],: x\x00'"[random.IntN(12)]
		}
		if random.IntN(4) == 0 {
			after = after[:random.IntN(len(after)+1)]
		}
		damaged := bytes.Join([][]byte{before, marker, after}, nil)
		if !carried(damaged, marker) {
			t.Fatalf("seed %d: the marker is lost from %s", seed, damaged)
		}
	}
}

func carried(message, marker []byte) bool {
	records, damaged := entra.Parse(message)
	for _, r := range records {
		if bytes.Contains(r.Raw, marker) {
			return true
		}
	}
	for _, d := range damaged {
		if bytes.Contains(d.Raw, marker) {
			return true
		}
	}
	return false
}

func TestDamageSaysWhere(t *testing.T) {
	_, damaged := entra.Parse([]byte(`{"records":[{"category":"x","a":tru}]}`))
	if got := fmt.Sprint(damaged[0].Shape, ": ", damaged[0].Reason); got != "syntax: the text is not JSON: at byte 35" {
		t.Error(got)
	}
}
