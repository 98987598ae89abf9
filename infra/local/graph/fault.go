package graph

import (
	"slices"
	"strings"
	"time"
)

// Fault is something that goes wrong with the requests to a path.
type Fault struct {
	Path  string // what the request's path contains; a dollar at the end is the path's end; empty is every path
	Times int    // how often; 0 is always

	Status     int // 0: the answer is as usual, but for what follows
	Code, Text string
	RetryAfter string        // header, for example "1"
	Delay      time.Duration // before the answer
	Body       string        // in place of the answer's, with its usual type
	Type       string        // content type in place of the usual
	Cut        bool          // the answer ends in the middle
}

// Denied is how Graph answers who has not the permission.
func Denied(path string) Fault {
	return Fault{Path: path, Status: 403, Code: "Authorization_RequestDenied", Text: "Insufficient privileges to complete the operation."}
}

// Unlicensed is how Privileged Identity Management answers a tenant without Entra ID P2.
func Unlicensed(path string) Fault {
	return Fault{Path: path, Status: 400, Code: "AadPremiumLicenseRequired", Text: "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license."}
}

// Throttled is how Graph answers too many requests, so many times.
func Throttled(path, retryAfter string, times int) Fault {
	return Fault{Path: path, Times: times, Status: 429, Code: "TooManyRequests", Text: "Too many requests.", RetryAfter: retryAfter}
}

// Break makes requests go wrong from now on. Of several faults that fit, the first counts.
func (s *Server) Break(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// Mend ends all faults and gives back all permissions.
func (s *Server) Mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.revoked = nil, nil
}

// Revoke takes an application permission away: every request that needs it is denied.
func (s *Server) Revoke(permission string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = append(s.revoked, permission)
}

func (s *Server) denied(permission string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.revoked, permission)
}

func (s *Server) fault(path string) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if !strings.Contains(path+"$", f.Path) {
			continue
		}
		if f.Times > 0 {
			if f.Times == 1 {
				s.faults = slices.Delete(s.faults, i, i+1)
			} else {
				s.faults[i].Times--
			}
		}
		return f, true
	}
	return Fault{}, false
}
