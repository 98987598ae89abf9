package checkposture_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"testing"

	"glasswatch/shared/alert"
	"glasswatch/shared/posture"
)

func must(t *testing.T, b posture.Baseline) []byte {
	t.Helper()
	raw, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func decode(t *testing.T, raw []byte) []posture.Finding {
	t.Helper()
	var list []posture.Finding
	if err := json.Unmarshal(raw, &list); err != nil || len(list) == 0 {
		t.Fatalf("%d findings, %v", len(list), err)
	}
	return list
}

// unhashed makes cards comparable, whose witness depends on the compressor.
func unhashed(card string) string {
	return regexp.MustCompile(`#\d+ [0-9a-f]{12}`).ReplaceAllString(card, "#N HASH")
}

func digestOf(t *testing.T, told []alert.Message) alert.Message {
	t.Helper()
	i := slices.IndexFunc(told, func(m alert.Message) bool { return m.Kind == alert.MessageDigest })
	if i < 0 {
		t.Fatalf("there is no digest: %v", told)
	}
	return told[i]
}
