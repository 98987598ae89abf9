package config_test

import (
	"testing"
	"time"

	"glasswatch/shared/config"
)

func TestDurationsKnowDays(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"15m": 15 * time.Minute, "24h": day, "90d": 90 * day, "1d12h": 36 * time.Hour, "0d": 0, "1h30m": 90 * time.Minute,
	} {
		if got, err := config.ParseDuration(text); err != nil || got != want {
			t.Errorf("%q is %s, error %v", text, got, err)
		}
	}
	for _, text := range []string{"", "d", "15", "-1d", "-5m", "1d-2h", "1.5d", "1d2d", "65536d", "99999999999999999999d", "90 d", "2562048h", "65535d2562047h"} {
		if got, err := config.ParseDuration(text); err == nil {
			t.Errorf("%q is %s", text, got)
		}
	}
}
