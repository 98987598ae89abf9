package entra_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"glasswatch/shared/entra"
)

// benchBodies are 64 different bodies of 1 MB with nothing to find, so that neither caches nor
// branch predictors get to know them.
func benchBodies(b *testing.B) [][]byte {
	b.Helper()
	bodies := make([][]byte, 64)
	scanner := entra.NewScanner(watched())
	for i := range bodies {
		bodies[i] = hostBody(newGenerator(uint64(100 + i)).message(1 << 20))
		sel, ok := scanner.Select(bodies[i])
		if !ok || len(look(&sel)) > 0 {
			b.Fatal("the bodies are not clean")
		}
	}
	return bodies
}

// decodeAll is what a plain handler does: three levels of encoding/json, then the two fields.
func decodeAll(body []byte) int {
	var call struct{ Data struct{ Events string } }
	var events []string
	if json.Unmarshal(body, &call) != nil || json.Unmarshal([]byte(call.Data.Events), &events) != nil {
		return -1
	}
	found := 0
	for _, event := range events {
		var message struct {
			Records []struct {
				Category   string
				Properties struct{ UserID, UserPrincipalName string }
			}
		}
		if json.Unmarshal([]byte(event), &message) != nil {
			return -1
		}
		for _, r := range message.Records {
			if r.Properties.UserID == alice {
				found++
			}
		}
	}
	return found
}

// BenchmarkScan reports the raw scan beside what it is measured against, in one run on the same
// bodies. A test of what cannot be in a text is not like a translation of it: the ratio to
// decoding says what a batch without a match costs, nothing else.
func BenchmarkScan(b *testing.B) {
	bodies := benchBodies(b)
	bytesIn := 0
	for _, body := range bodies {
		bytesIn += len(body)
	}
	scanner := entra.NewScanner(watched())
	scan := func(body []byte) bool {
		sel, ok := scanner.Select(body)
		return ok && sel.Total() == 1
	}
	// The machine may do other things meanwhile: of several short runs in turn, the quickest counts.
	fastest := [3]float64{}
	for round := range 7 {
		for i, do := range [...]func([]byte) bool{
			scan,
			func(body []byte) bool { return bytes.IndexByte(body, 1) < 0 },
			func(body []byte) bool { return decodeAll(body) == 0 },
		} {
			some := bodies
			if i == 2 {
				some = bodies[round*8 : round*8+8]
			}
			size, start := 0, time.Now()
			for _, body := range some {
				if !do(body) {
					b.Fatal("found something")
				}
				size += len(body)
			}
			if each := time.Since(start).Seconds() / float64(size); fastest[i] == 0 || each < fastest[i] {
				fastest[i] = each
			}
		}
	}
	b.ReportAllocs()
	b.SetBytes(int64(bytesIn / len(bodies)))
	i := 0
	for b.Loop() {
		if !scan(bodies[i%len(bodies)]) {
			b.Fatal("not taken")
		}
		i++
	}
	b.ReportMetric(1e-6/fastest[0], "best-MB/s")
	b.ReportMetric(fastest[2]/fastest[0], "x-json")
	b.ReportMetric(fastest[1]/fastest[0]*100, "%-of-IndexByte")
}

// BenchmarkParse is stage 2, for what stage 1 points at.
func BenchmarkParse(b *testing.B) {
	message := []byte(newGenerator(9).message(1 << 20))
	b.SetBytes(int64(len(message)))
	b.ReportAllocs()
	for b.Loop() {
		if records, damaged := entra.Parse(message); len(records) == 0 || len(damaged) > 0 {
			b.Fatal("not read")
		}
	}
}
