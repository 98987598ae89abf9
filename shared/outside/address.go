package outside

import (
	"net/netip"
	"net/url"
	"strings"
)

// Secure says whether address is an absolute https address, or an http one on this machine, to
// which something may be sent.
func Secure(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return false
	}
	return u.Scheme == "https" || (u.Scheme == "http" && loopback(u.Hostname()))
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || (err == nil && ip.Unmap().IsLoopback())
}

// Openable says whether a reader may be sent to address: it is Secure, has no user name before its
// host, which could look like one, and no character that would have to be encoded.
func Openable(address string) bool {
	for _, r := range address {
		if r <= ' ' || r > '~' || strings.ContainsRune("\"<>\\^`{|}", r) {
			return false
		}
	}
	u, err := url.Parse(address)
	return err == nil && u.User == nil && Secure(address)
}
