//go:build unix

package azurite_test

import (
	"net/http"
	"testing"
	"time"

	"glasswatch/infra/local/azurite"
)

func answers(t *testing.T, s *azurite.Server) bool {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Endpoint()+"/Tables", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := (&http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return false
	}
	return answer.Body.Close() == nil
}

func TestTheEmulatorStopsHangsAndComesBackOnItsPort(t *testing.T) {
	s, err := azurite.Start(t.Context(), azurite.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Kill()
	port := s.Port()
	if !answers(t, s) {
		t.Error("it does not answer after the start")
	}
	if err := s.Pause(); err != nil {
		t.Fatal(err)
	}
	if answers(t, s) {
		t.Error("it answers while it is paused")
	}
	if err := s.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if answers(t, s) {
		t.Error("it answers after the stop")
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !answers(t, s) || s.Port() != port {
		t.Error("it does not answer on its port after the restart")
	}
}
