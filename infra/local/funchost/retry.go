package funchost

import (
	"math"
	"math/rand/v2"
	"time"
)

// retryPolicy is the retry section of a function.json.
type retryPolicy struct {
	limit            int // -1: for ever
	minimum, maximum time.Duration
}

func (p *retryPolicy) again(failures int) bool {
	return p != nil && (p.limit < 0 || failures <= p.limit)
}

// delay is the wait after the given number of failures: the minimum first, then minimum plus a
// doubling step of about the minimum, up to the maximum (the WebJobs SDK's randomised backoff).
// With a fixed delay both bounds are the same.
func (p *retryPolicy) delay(failures int) time.Duration {
	if failures <= 1 {
		return p.minimum
	}
	step := (0.8 + 0.4*rand.Float64()) * math.Pow(2, float64(failures-2)) * float64(p.minimum)
	return time.Duration(min(float64(p.minimum)+step, float64(p.maximum)))
}
