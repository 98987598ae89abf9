// Program handler is a custom handler for the tests: it tells what it was sent and misbehaves to order.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	if os.Getenv("MODE") == "dies" {
		os.Exit(4)
	}
	time.Sleep(duration("STARTS_AFTER"))
	listener, err := net.Listen("tcp4", "127.0.0.1:"+os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("listening", strings.Join(os.Args[1:], " "))
	server := &http.Server{Handler: http.HandlerFunc(serve), ReadHeaderTimeout: time.Minute}
	fmt.Fprintln(os.Stderr, server.Serve(listener))
	os.Exit(1)
}

func serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" {
		w.WriteHeader(http.StatusNotFound) // any answer means ready
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	seen, _ := json.Marshal(map[string]any{
		"method": r.Method, "uri": r.RequestURI, "chunked": r.ContentLength == -1, "header": r.Header, "body": string(body),
		"root": os.Getenv("FUNCTIONS_APP_ROOT_PATH"), "leak": os.Getenv("GLASSWATCH_TEST_LEAK"),
	})
	fmt.Printf("got %s\n", seen)
	w.Header().Set("Content-Type", "application/json")
	if strings.HasPrefix(r.URL.Path, "/api/") {
		_, _ = w.Write(seen)
		return
	}
	if count() <= times() {
		misbehave(w)
		return
	}
	fmt.Fprint(w, `{"Outputs":{},"Logs":["all is well"],"ReturnValue":null}`)
}

func misbehave(w http.ResponseWriter) {
	switch mode := os.Getenv("MODE"); mode {
	case "fails":
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, `{}`)
	case "empty":
		w.WriteHeader(http.StatusOK)
	case "nothing":
		w.WriteHeader(http.StatusNoContent)
	case "null":
		fmt.Fprint(w, "null\n")
	case "text":
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(w, `{}`)
	case "garbled":
		fmt.Fprint(w, `{"Outputs":`)
	case "slow":
		time.Sleep(time.Minute)
	case "stderr":
		fmt.Fprintln(os.Stderr, "one")
		fmt.Fprintln(os.Stderr, "two")
		fmt.Fprint(w, `{}`)
	default:
		code, err := strconv.Atoi(strings.TrimPrefix(mode, "exit"))
		if err != nil {
			fmt.Fprint(w, `{}`)
			return
		}
		os.Exit(code)
	}
}

// times is how many invocations go wrong, over all processes of a test.
func times() int {
	number, err := strconv.Atoi(os.Getenv("TIMES"))
	if err != nil {
		return 1 << 30
	}
	return number
}

// count adds this invocation to those of earlier processes and returns the sum.
func count() int {
	file, err := os.OpenFile(os.Getenv("COUNT_FILE"), os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return 1 << 30
	}
	defer func() { _ = file.Close() }()
	_, _ = file.Write([]byte{'.'})
	info, err := file.Stat()
	if err != nil {
		return 1 << 30
	}
	return int(info.Size())
}

func duration(name string) time.Duration {
	parsed, _ := time.ParseDuration(os.Getenv(name))
	return parsed
}
