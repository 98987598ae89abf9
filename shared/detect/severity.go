package detect

// Severity says how urgently somebody must know.
type Severity string

// The severities, from least to most urgent.
const (
	Info     Severity = "info"
	Medium   Severity = "medium"
	High     Severity = "high"
	Critical Severity = "critical"
)

// Rank orders severities: 0 for info up to 3 for critical. Anything else ranks as critical, so
// that a value from a newer version is never taken lightly.
func (s Severity) Rank() int {
	switch s {
	case Info:
		return 0
	case Medium:
		return 1
	case High:
		return 2
	default:
		return 3
	}
}

// Alertable says whether somebody must be told at once: medium and above.
func (s Severity) Alertable() bool { return s.Rank() >= Medium.Rank() }
