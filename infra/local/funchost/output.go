package funchost

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

// output writes whole lines, each with the name of who said it, to one writer.
type output struct {
	mu     sync.Mutex
	writer io.Writer
}

func (o *output) say(who, format string, args ...any) {
	line := fmt.Appendf(nil, "[%s] ", who)
	o.write(append(fmt.Appendf(line, format, args...), '\n'))
}

func (o *output) write(line []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, _ = o.writer.Write(line)
}

// lines takes one stream of a process and passes it on line by line.
type lines struct {
	out     *output
	who     string
	perLine func()
	pending []byte
}

func (l *lines) Write(chunk []byte) (int, error) {
	l.pending = append(l.pending, chunk...)
	for {
		line, rest, found := bytes.Cut(l.pending, []byte{'\n'})
		if !found {
			return len(chunk), nil
		}
		l.emit(line)
		l.pending = append(l.pending[:0], rest...)
	}
}

// flush passes on what the process left without an end of line.
func (l *lines) flush() {
	if len(l.pending) > 0 {
		l.emit(l.pending)
		l.pending = nil
	}
}

func (l *lines) emit(line []byte) {
	l.perLine()
	l.out.write(fmt.Appendf(nil, "[%s] %s\n", l.who, bytes.TrimSuffix(line, []byte{'\r'})))
}
