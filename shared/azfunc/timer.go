package azfunc

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// largestTimer bounds the body of a timer call, which really has some 400 bytes.
const largestTimer = 1 << 20

// Timer is what a timer trigger hands over. Times are UTC and zero where the host does not say: at
// the very first run, and for schedules under a minute.
type Timer struct {
	Last    time.Time // when the function ran before
	Next    time.Time // the occurrence that this call is for
	PastDue bool      // a missed occurrence is being made up for
}

// DecodeTimer reads the body of a timer's call; binding is the trigger's name in function.json.
// What it cannot read it leaves zero. An error means that the transfer broke off; a timer's
// function may well run regardless.
func DecodeTimer(r io.Reader, binding string) (Timer, error) {
	body, err := io.ReadAll(io.LimitReader(r, largestTimer))
	if err != nil {
		return Timer{}, fmt.Errorf("read the timer's call: %w", err)
	}
	var envelope struct {
		Data map[string]json.RawMessage
	}
	// Whatever was readable is in envelope, error or not.
	_ = json.Unmarshal(body, &envelope)
	fields := object(envelope.Data[binding])
	status := object(fields["ScheduleStatus"])
	return Timer{
		Last:    moment(status["Last"]),
		Next:    moment(status["Next"]),
		PastDue: strings.EqualFold(text(fields["IsPastDue"]), "true"),
	}, nil
}
