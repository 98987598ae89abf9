package post

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// longest bounds what a channel may ask us to wait.
const longest = time.Minute

// wait reads a Retry-After header: seconds or an HTTP date (RFC 9110, 10.2.3). The result is
// between one second and a minute.
func wait(header string, now time.Time) (time.Duration, bool) {
	header = strings.TrimSpace(header)
	if header == "" {
		return 0, false
	}
	after := longest
	if at, err := http.ParseTime(header); err == nil {
		after = at.Sub(now)
	} else if strings.Trim(header, "0123456789") != "" {
		return 0, false
	} else if seconds, err := strconv.Atoi(header); err == nil && seconds < int(longest/time.Second) {
		after = time.Duration(seconds) * time.Second
	}
	return min(max(after, time.Second), longest), true
}

// unanswered says in words of our own why there was no answer: the texts of net/http and net hold
// the address, and so the secret, and those of a TLS peer hold whatever the peer likes.
func unanswered(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("no answer from the channel in time: %w", ctx.Err())
	}
	return errors.New(reason(err))
}

func reason(err error) string {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "the channel's host name was not found"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "the channel's certificate is not trusted"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "the channel's certificate is not trusted"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the channel does not speak TLS"
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return "the channel broke off the TLS handshake"
	}
	switch {
	case errors.Is(err, http.ErrSchemeMismatch):
		return "the channel does not speak TLS"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the channel refused the connection"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the channel reset the connection"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the channel closed the connection without an answer"
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return "no answer from the channel in time"
	}
	return "the channel could not be reached, or its answer could not be read"
}
