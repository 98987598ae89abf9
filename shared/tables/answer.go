package tables

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// errGarbled means that the answer to a transaction cannot be read: it may have been carried out.
var errGarbled = errors.New("the answer to the transaction cannot be read")

// actionError is the action for which the service refused a whole transaction.
type actionError struct {
	status int    // of the action, not of the answer around it
	code   string // empty if the service gave none
	index  int    // of the action, -1 if the service did not say
}

func (e *actionError) Error() string { return statusError{e.status, e.code}.Error() }

// actions counts the actions that an answer says were carried out. Its error is an *actionError or
// errGarbled.
func actions(answer *http.Response) (int, error) {
	body, err := runtime.Payload(answer)
	if err != nil {
		return 0, errGarbled
	}
	if bytes.HasPrefix(body, []byte("{")) {
		return 0, refusal(answer.StatusCode, body)
	}
	count := 0
	err = eachPart(answer.Header.Get("Content-Type"), body, func(kind string, part []byte) error {
		if !strings.HasPrefix(kind, "multipart/") {
			count++
			return action(part)
		}
		return eachPart(kind, part, func(_ string, part []byte) error {
			count++
			return action(part)
		})
	})
	return count, err
}

// eachPart reads a multipart body to its last boundary: a part that is cut ends in an error.
func eachPart(kind string, body []byte, do func(kind string, part []byte) error) error {
	_, parameters, err := mime.ParseMediaType(kind)
	if err != nil || parameters["boundary"] == "" {
		return errGarbled
	}
	reader := multipart.NewReader(bytes.NewReader(body), parameters["boundary"])
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errGarbled
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return errGarbled
		}
		if err := do(part.Header.Get("Content-Type"), content); err != nil {
			return err
		}
	}
}

// action reads the answer to one action.
func action(part []byte) error {
	answer, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(part)), nil)
	if err != nil {
		return errGarbled
	}
	body, err := io.ReadAll(answer.Body)
	if closeErr := answer.Body.Close(); err != nil || closeErr != nil {
		return errGarbled
	}
	switch {
	case answer.StatusCode >= http.StatusBadRequest:
		return refusal(answer.StatusCode, body)
	case answer.StatusCode < http.StatusOK || answer.StatusCode >= http.StatusMultipleChoices:
		return errGarbled
	}
	return nil
}

// refusal reads an OData error: {"odata.error":{"code":"…","message":{"value":"1:…"}}}. The number
// before the colon is the index of the failed action.
func refusal(status int, body []byte) *actionError {
	refused := &actionError{status: status, index: -1}
	var said struct {
		Error struct {
			Code    string `json:"code"`
			Message struct {
				Value string `json:"value"`
			} `json:"message"`
		} `json:"odata.error"`
	}
	if json.Unmarshal(body, &said) != nil {
		return refused
	}
	refused.code = said.Error.Code
	number, _, found := strings.Cut(said.Error.Message.Value, ":")
	if index, err := strconv.Atoi(number); found && err == nil && index >= 0 && index < maxRows {
		refused.index = index
	}
	return refused
}
