package sample

import "time"

// Spray describes many wrong passwords tried on one account.
type Spray struct {
	Who          Person
	Failures     int
	Addresses    int // from how many different addresses; 1 if 0
	Applications int // at how many different applications; 1 if 0
	From         time.Time
	Over         time.Duration // the attempts are spread evenly over this time
	Success      bool          // one attempt in the middle succeeds, from one of the addresses
}

// Attempt is one record of a spray.
type Attempt struct {
	Record  *Object
	Success bool
}

// Spray invents the records of a password spray, in order of time.
func (g *Generator) Spray(s Spray) []Attempt {
	places, apps := g.strangers(max(1, s.Addresses)), g.inventedApps(max(1, s.Applications))
	device := Device{System: "", Browser: "Python Requests 2.32", UserAgent: "python-requests/2.32.4", Compliant: "unknown"}
	total := s.Failures
	if s.Success {
		total++
	}
	out := make([]Attempt, 0, total)
	for i := range total {
		at := s.From.Add(s.Over * time.Duration(i) / time.Duration(max(1, total)))
		in := SignIn{
			Who: s.Who, At: at, Code: 50126, App: apps[i%len(apps)], From: places[i%len(places)], Device: &device,
			Methods: []string{"Password"}, Policies: 2,
		}
		success := s.Success && i == s.Failures/2
		switch {
		case success:
			in.Code = 0
		case i%10 == 9:
			in.Code = 50053 // smart lockout sets in
		}
		out = append(out, Attempt{g.SignIn(in), success})
	}
	return out
}
