package teamspage

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Channel is one of the two receivers.
type Channel string

// The receivers.
const (
	Teams    Channel = "teams"
	Fallback Channel = "fallback"
)

// Mode is a way in which a receiver fails.
type Mode string

// The modes. Lost and Half take the message and keep the sender from learning it.
const (
	Well      Mode = "well"
	Throttled Mode = "throttled" // 429, with Retry-After
	Broken    Mode = "broken"    // 500
	Gone      Mode = "gone"      // 404
	Reset     Mode = "reset"     // the connection is reset before anything is read
	Lost      Mode = "lost"      // taken, then the connection is lost without an answer
	Hang      Mode = "hang"      // taken off the wire, never answered, not kept
	Half      Mode = "half"      // taken, then half an answer
)

// Modes are all of them.
var Modes = []Mode{Well, Throttled, Broken, Gone, Reset, Lost, Hang, Half}

// Fault is a trouble to order for one receiver.
type Fault struct {
	Mode       Mode
	RetryAfter time.Duration // for Throttled: in whole seconds, at least one
	Times      int           // how many requests it hits; 0 is all until it is changed
}

// SetFault replaces the trouble of a receiver. The zero Fault ends it.
func (p *Page) SetFault(c Channel, f Fault) {
	if f.Mode == "" {
		f.Mode = Well
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults[c] = f
	p.announce()
}

// fault is the trouble for the next request.
func (p *Page) fault(c Channel) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.faults[c]
	if f.Times > 0 {
		if f.Times == 1 {
			p.faults[c] = Fault{Mode: Well}
		} else {
			p.faults[c] = Fault{f.Mode, f.RetryAfter, f.Times - 1}
		}
	}
	return f
}

// faulty serves one receiver. take keeps the message, unless it is wrong, and says what to answer.
func (p *Page) faulty(c Channel, take func(r *http.Request, lost bool) (status int, answer string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := p.fault(c)
		switch f.Mode {
		case Throttled:
			w.Header().Set("Retry-After", strconv.Itoa(max(1, int(f.RetryAfter/time.Second))))
			http.Error(w, "too many requests", http.StatusTooManyRequests)
			return
		case Broken:
			http.Error(w, "internal error", http.StatusInternalServerError)
			return
		case Gone:
			http.Error(w, "the workflow was deleted", http.StatusNotFound)
			return
		case Reset:
			cut(w, nil)
			return
		case Hang:
			_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, maxBody)) // only then is the sender's leaving noticed
			select {
			case <-r.Context().Done():
			case <-p.stopped:
			}
			return
		case Well, Lost, Half:
		}
		status, answer := take(r, f.Mode == Lost || f.Mode == Half)
		if status >= 300 {
			p.mu.Lock()
			p.refused[c]++
			p.announce()
			p.mu.Unlock()
			http.Error(w, answer, status)
			return
		}
		switch f.Mode {
		case Lost:
			cut(w, nil)
		case Half:
			cut(w, []byte("HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Le"))
		default:
			w.WriteHeader(status)
		}
	})
}

// cut writes what there is and drops the connection.
func cut(w http.ResponseWriter, first []byte) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if len(first) > 0 {
		_, _ = conn.Write(first)
	} else if tcp, ok := conn.(interface{ SetLinger(seconds int) error }); ok {
		_ = tcp.SetLinger(0) // reset instead of a goodbye
	}
	_ = conn.Close()
}

// controlFault is for people with curl and for tests in other processes:
// POST /control/fault?channel=teams&mode=throttled&retryAfter=5&times=3.
func (p *Page) controlFault(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		f := Fault{Mode: Mode(r.FormValue("mode"))}
		c := Channel(r.FormValue("channel"))
		seconds, err1 := number(r.FormValue("retryAfter"))
		times, err2 := number(r.FormValue("times"))
		if c != Teams && c != Fallback || !slices.Contains(Modes, f.Mode) || err1 != nil || err2 != nil {
			http.Error(w, fmt.Sprintf("channel is %s or %s; mode is one of %v; retryAfter is in seconds; times is a number", Teams, Fallback, Modes), http.StatusBadRequest)
			return
		}
		f.RetryAfter, f.Times = time.Duration(seconds)*time.Second, times
		p.SetFault(c, f)
	}
	type line struct {
		Mode       Mode `json:"mode"`
		RetryAfter int  `json:"retryAfter"` // seconds
		Times      int  `json:"times"`
	}
	now := map[Channel]line{}
	p.mu.Lock()
	for _, c := range []Channel{Teams, Fallback} {
		f := p.faults[c]
		if f.Mode == "" {
			f.Mode = Well
		}
		now[c] = line{f.Mode, int(f.RetryAfter / time.Second), f.Times}
	}
	p.mu.Unlock()
	writeJSON(w, now)
}

func number(s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 10, 31)
	return int(n), err
}
