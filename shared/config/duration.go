package config

import (
	"fmt"
	"time"
)

// ParseDuration reads a duration as the settings write it: "15m", "24h", "90d", "1d12h".
func ParseDuration(s string) (time.Duration, error) {
	d, ok := parseDuration(s)
	if !ok {
		return 0, fmt.Errorf("%.40q is no duration: write it like 15m, 24h or 90d", s)
	}
	return d, nil
}
