// Package sample invents Entra and Azure log records of real shape and size, the same ones for the same seed.
package sample

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Value is a piece of JSON that knows how to write itself.
type Value interface {
	appendTo(b []byte) []byte
}

// Text is a JSON string.
type Text string

// Int is a JSON number without a fraction.
type Int int64

// Float is a JSON number.
type Float float64

// Bool is a JSON true or false.
type Bool bool

// Null is the JSON null.
type Null struct{}

// Raw is a piece of JSON that is written as it stands, valid or not.
type Raw string

// Array is a JSON array.
type Array []Value

// Object is a JSON object that keeps its keys in the order in which they were set. The zero Object
// is empty and ready to use. An Object is not safe for concurrent use.
type Object struct {
	fields []field
}

type field struct {
	name  string
	value Value
}

// F is one key with its value, for Obj.
func F(name string, v Value) Field { return Field{name, v} }

// Field is one key of an object with its value.
type Field field

// Obj makes an object of the fields, in their order.
func Obj(fields ...Field) *Object {
	o := &Object{fields: make([]field, 0, len(fields))}
	for _, f := range fields {
		o.fields = append(o.fields, field(f))
	}
	return o
}

// Texts makes an array of strings.
func Texts(s ...string) Array {
	a := make(Array, 0, len(s))
	for _, x := range s {
		a = append(a, Text(x))
	}
	return a
}

func (t Text) appendTo(b []byte) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // the log pipeline does not
	if err := enc.Encode(string(t)); err != nil {
		return append(b, `""`...) // cannot happen: every string can be encoded
	}
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte{'\n'})...)
}

func (i Int) appendTo(b []byte) []byte   { return strconv.AppendInt(b, int64(i), 10) }
func (f Float) appendTo(b []byte) []byte { return strconv.AppendFloat(b, float64(f), 'f', -1, 64) }
func (v Bool) appendTo(b []byte) []byte  { return strconv.AppendBool(b, bool(v)) }
func (Null) appendTo(b []byte) []byte    { return append(b, "null"...) }
func (r Raw) appendTo(b []byte) []byte   { return append(b, r...) }

func (a Array) appendTo(b []byte) []byte {
	b = append(b, '[')
	for i, v := range a {
		if i > 0 {
			b = append(b, ',')
		}
		b = v.appendTo(b)
	}
	return append(b, ']')
}

func (o *Object) appendTo(b []byte) []byte {
	b = append(b, '{')
	for i, f := range o.fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = Text(f.name).appendTo(b)
		b = append(b, ':')
		b = f.value.appendTo(b)
	}
	return append(b, '}')
}

// JSON writes the object as compact JSON.
func (o *Object) JSON() []byte { return o.appendTo(nil) }

// Get finds the value at a path of keys and array indexes joined by dots, such as
// "properties.targetResources.0.id"; nil if there is none.
func (o *Object) Get(path string) Value {
	var at Value = o
	for key := range strings.SplitSeq(path, ".") {
		switch v := at.(type) {
		case *Object:
			i := v.index(key)
			if i < 0 {
				return nil
			}
			at = v.fields[i].value
		case Array:
			n, err := strconv.Atoi(key)
			if err != nil || n < 0 || n >= len(v) {
				return nil
			}
			at = v[n]
		default:
			return nil
		}
	}
	return at
}

// Text is the string at the path, empty if there is no string.
func (o *Object) Text(path string) string {
	if t, ok := o.Get(path).(Text); ok {
		return string(t)
	}
	return ""
}

// Set puts v at the path, which is as for Get. The last key is added if it is missing; a path whose
// beginning does not exist changes nothing. It returns o.
func (o *Object) Set(path string, v Value) *Object {
	o.parent(path, func(p Value, key string) {
		switch p := p.(type) {
		case *Object:
			if i := p.index(key); i >= 0 {
				p.fields[i].value = v
			} else {
				p.fields = append(p.fields, field{key, v})
			}
		case Array:
			if n, err := strconv.Atoi(key); err == nil && n >= 0 && n < len(p) {
				p[n] = v
			}
		}
	})
	return o
}

// Delete removes the key at the path, if it is there. It returns o.
func (o *Object) Delete(path string) *Object {
	o.parent(path, func(p Value, key string) {
		if p, ok := p.(*Object); ok {
			p.fields = slices.DeleteFunc(p.fields, func(f field) bool { return f.name == key })
		}
	})
	return o
}

// Rename gives the key at the path another name and keeps its place. It returns o.
func (o *Object) Rename(path, name string) *Object {
	o.parent(path, func(p Value, key string) {
		if p, ok := p.(*Object); ok {
			if i := p.index(key); i >= 0 {
				p.fields[i].name = name
			}
		}
	})
	return o
}

// Clone makes a deep copy.
func (o *Object) Clone() *Object {
	c := &Object{fields: make([]field, 0, len(o.fields))}
	for _, f := range o.fields {
		c.fields = append(c.fields, field{f.name, cloneValue(f.value)})
	}
	return c
}

func cloneValue(v Value) Value {
	switch v := v.(type) {
	case *Object:
		return v.Clone()
	case Array:
		c := make(Array, 0, len(v))
		for _, x := range v {
			c = append(c, cloneValue(x))
		}
		return c
	default:
		return v
	}
}

// rekey renames every key, at all depths.
func (o *Object) rekey(f func(string) string) {
	for i := range o.fields {
		o.fields[i].name = f(o.fields[i].name)
		rekeyValue(o.fields[i].value, f)
	}
}

func rekeyValue(v Value, f func(string) string) {
	switch v := v.(type) {
	case *Object:
		v.rekey(f)
	case Array:
		for _, x := range v {
			rekeyValue(x, f)
		}
	}
}

func (o *Object) index(name string) int {
	return slices.IndexFunc(o.fields, func(f field) bool { return f.name == name })
}

func (o *Object) parent(path string, do func(p Value, key string)) {
	head, key := "", path
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		head, key = path[:i], path[i+1:]
	}
	if head == "" {
		do(o, key)
		return
	}
	if p := o.Get(head); p != nil {
		do(p, key)
	}
}
