package outside_test

import (
	"testing"

	"glasswatch/shared/outside"
)

func TestAddresses(t *testing.T) {
	for _, tc := range []struct {
		address          string
		secure, openable bool
	}{
		{"https://entra.microsoft.com/#view/X/~/overview", true, true},
		{"https://h.example:443/x?sig=1&a=b", true, true},
		{"http://127.0.0.1:8080/", true, true},
		{"http://[::1]:1/", true, true},
		{"http://LOCALHOST/", true, true},
		{"http://h.example/", false, false},
		{"http://127.0.0.1.h.example/", false, false},
		{"http://localhost.h.example/", false, false},
		{"https://login.microsoftonline.com@evil.example/", true, false},
		{"https://a:b@h.example/", true, false},
		{"https://h.example/a b", true, false},
		{"https://h.example/\"onload=\"", true, false},
		{"https://h.example/\u202e", true, false},
		{"https://h\u00e9.example/", true, false},
		{`https://h.example\@evil.example/`, false, false},
		{"javascript:alert(1)", false, false},
		{"data:text/html,x", false, false},
		{"//h.example/", false, false},
		{"https:///x", false, false},
		{"HTTPS://h.example/", true, true},
		{"", false, false},
		{"/api/status", false, false},
		{"https://h.example/\n", false, false},
	} {
		t.Run(tc.address, func(t *testing.T) {
			if got := outside.Secure(tc.address); got != tc.secure {
				t.Errorf("Secure is %v, want %v", got, tc.secure)
			}
			if got := outside.Openable(tc.address); got != tc.openable {
				t.Errorf("Openable is %v, want %v", got, tc.openable)
			}
		})
	}
}
