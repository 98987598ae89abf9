//go:build unix

package trial_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"glasswatch/infra/local/funchost"
)

// encode makes the body by which the host hands over a batch: Data.events is a JSON text that holds
// an array of texts, and what stands in Metadata is JSON in text as well.
func encode(retries int, messages ...[]byte) []byte {
	texts := make([]string, len(messages))
	times := make([]string, len(messages))
	for n, m := range messages {
		texts[n] = strings.ToValidUTF8(string(m), "\ufffd")
		times[n] = time.Now().UTC().Format("2006-01-02T15:04:05.9999999")
	}
	body, err := json.Marshal(map[string]any{
		"Data": map[string]string{"events": text(texts)},
		"Metadata": map[string]any{
			"EnqueuedTimeUtcArray": text(times),
			"RetryContext":         map[string]any{"RetryCount": retries, "MaxRetryCount": -1, "Exception": nil},
		},
	})
	if err != nil {
		panic(err) // texts and numbers can always be encoded
	}
	return body
}

func text(list []string) string {
	b, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// hand gives a batch to watchlogs once, past the hub, and returns the answer.
func (s *stack) hand(ctx context.Context, body []byte) (funchost.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	answer, err := s.host.Invoke(ctx, "watchlogs", body)
	if err != nil {
		return answer, err
	}
	return answer, wellFormed(answer)
}

// deliver hands a batch over until it is taken, as the host does.
func (s *stack) deliver(ctx context.Context, messages ...[]byte) error {
	for try := range 20 {
		answer, err := s.hand(ctx, encode(try, messages...))
		if err == nil && answer.Status == 200 {
			return nil
		}
		if err != nil {
			return err
		}
		time.Sleep(time.Duration(50*(try+1)) * time.Millisecond)
	}
	return fmt.Errorf("the batch was refused 20 times, at last: %s", s.host.Stats().Functions["watchlogs"].LastFailure)
}

// wellFormed says what the host would hold against an answer, whatever its status.
func wellFormed(a funchost.Answer) error {
	var form struct {
		Outputs     map[string]json.RawMessage
		Logs        []string
		ReturnValue *string
	}
	if kind := a.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		return fmt.Errorf("the answer is of type %q", kind)
	}
	if err := json.Unmarshal(a.Body, &form); err != nil || form.Outputs == nil || len(form.Logs) == 0 {
		return fmt.Errorf("the answer is not of the form that the host expects: %.200s", a.Body)
	}
	return nil
}
