package funchost

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// expand replaces each %NAME% by the setting of that name. What does not resolve is an error, as it
// puts a function into error in the real host.
func expand(text string, settings map[string]string) (string, error) {
	var missing string
	expanded := percentName().ReplaceAllStringFunc(text, func(found string) string {
		value, ok := settings[found[1:len(found)-1]]
		if !ok || value == "" {
			missing = found
		}
		return value
	})
	if missing != "" {
		return "", fmt.Errorf("%s does not resolve to a value; add the setting", missing)
	}
	return expanded, nil
}

// expandLoosely replaces unknown names by nothing, which is what the host does in executable paths
// and arguments.
func expandLoosely(text string, settings map[string]string) string {
	return percentName().ReplaceAllStringFunc(text, func(found string) string {
		return settings[found[1:len(found)-1]]
	})
}

func percentName() *regexp.Regexp {
	return regexp.MustCompile(`%[A-Za-z_][A-Za-z0-9_.:-]*%`)
}

// timeSpan reads .NET's [d.]hh:mm:ss[.fffffff], the form of every duration in host.json and
// function.json.
func timeSpan(text string) (time.Duration, error) {
	parts := regexp.MustCompile(`^(?:(\d{1,5})\.)?(\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d{1,7})?$`).FindStringSubmatch(text)
	if parts == nil {
		return 0, fmt.Errorf("%q is not a time span; write hh:mm:ss", text)
	}
	limits := []int{1 << 20, 24, 60, 60}
	units := []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second}
	var span time.Duration
	for i, unit := range units {
		number, _ := strconv.Atoi(parts[i+1]) // the pattern left digits or nothing
		if number >= limits[i] {
			return 0, fmt.Errorf("%q is not a time span: %d is too large", text, number)
		}
		span += time.Duration(number) * unit
	}
	if parts[5] != "" {
		fraction, err := strconv.ParseFloat(parts[5], 64)
		if err != nil {
			return 0, fmt.Errorf("%q is not a time span: %w", text, err)
		}
		span += time.Duration(fraction * float64(time.Second))
	}
	return span, nil
}
