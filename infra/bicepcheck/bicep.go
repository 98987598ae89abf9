// Package bicepcheck holds the deployment files to the program, so that neither changes without the other.
package bicepcheck

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// Source is the text of one Bicep file.
type Source struct {
	Name string `json:"name"` // path from infra/, with slashes
	Text string `json:"text"`
}

// File is one Bicep file, read.
type File struct {
	Name         string
	Problems     []string // what the grammar cannot read, with line numbers
	Declarations []Declaration
	tree         node
}

// Declaration is one param, var, resource, module, output or import of a file.
type Declaration struct {
	Kind      string // "param", "var", "resource", "module", "output"
	Name      string
	Type      string // resource type with API version, path of a module, type of a param or output
	Condition string // of a conditional resource or module
	Loop      string // what a loop runs over
	Existing  bool
	Line      int
	Value     Value // of a param, its default
}

// Value is an object, a list or any other expression, kept as text.
type Value struct {
	Object map[string]Value
	List   []Value
	Loop   string // what the one element of List is repeated over
	Text   string // as written; of a plain string, what is between the quotes
}

// At follows field names down through objects; a missing one gives the empty Value.
func (v Value) At(names ...string) Value {
	for _, name := range names {
		v = v.Object[name]
	}
	return v
}

// Texts gives the texts of a list of plain values.
func (v Value) Texts() []string {
	var texts []string
	for _, item := range v.List {
		texts = append(texts, item.Text)
	}
	return texts
}

// Named gives the declaration of that name, or an empty one.
func (f File) Named(name string) Declaration {
	for _, declaration := range f.Declarations {
		if declaration.Name == name {
			return declaration
		}
	}
	return Declaration{}
}

// Of gives the declarations of one kind, in order.
func (f File) Of(kind string) []Declaration {
	var found []Declaration
	for _, declaration := range f.Declarations {
		if declaration.Kind == kind {
			found = append(found, declaration)
		}
	}
	return found
}

type node struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Line     int    `json:"line"`
	Children []node `json:"children"`
}

// Parse reads all sources with one start of Node. Files come back in the order of the sources, also
// those that cannot be read: their Problems say why.
func Parse(ctx context.Context, sources []Source) ([]File, error) {
	input, err := json.Marshal(sources)
	if err != nil {
		return nil, fmt.Errorf("encode sources: %w", err)
	}
	var output, trouble bytes.Buffer
	command := exec.CommandContext(ctx, "node", "syntax.mjs")
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(input), &output, &trouble
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("run the Bicep grammar in node (`make test` installs it): %w: %s", err, trouble.String())
	}
	var parsed []struct {
		Name     string   `json:"name"`
		Problems []string `json:"problems"`
		Root     node     `json:"root"`
	}
	if err := json.Unmarshal(output.Bytes(), &parsed); err != nil {
		return nil, fmt.Errorf("decode trees: %w", err)
	}
	var files []File
	for _, one := range parsed {
		file := File{Name: one.Name, Problems: one.Problems, tree: one.Root}
		for _, child := range one.Root.Children {
			if declaration, ok := declarationOf(child); ok {
				file.Declarations = append(file.Declarations, declaration)
			}
		}
		files = append(files, file)
	}
	return files, nil
}

func declarationOf(n node) (Declaration, bool) {
	kind, found := strings.CutSuffix(n.Type, "_declaration")
	if !found || len(n.Children) == 0 {
		return Declaration{}, false
	}
	if short, known := map[string]string{"parameter": "param", "variable": "var"}[kind]; known {
		kind = short
	}
	result := Declaration{Kind: kind, Name: n.Children[0].Text, Line: n.Line}
	rest := n.Children[1:]
	switch kind {
	case "resource", "module":
		result.Type = unquoted(rest[0].Text)
		head, _, _ := strings.Cut(n.Text, "=")
		result.Existing = strings.HasSuffix(strings.TrimSpace(head), " existing")
		rest = rest[1:]
	case "param", "output":
		result.Type = rest[0].Text
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return result, true
	}
	body := rest[len(rest)-1]
	if body.Type == "if_statement" {
		result.Condition = strings.Trim(body.Children[0].Text, "()")
		body = body.Children[len(body.Children)-1]
	}
	if body.Type == "for_statement" && kind != "var" {
		result.Loop = loopOver(body)
		body = body.Children[len(body.Children)-1]
	}
	result.Value = valueOf(body)
	return result, true
}

func loopOver(n node) string {
	return n.Children[len(n.Children)-2].Text
}

func valueOf(n node) Value {
	switch n.Type {
	case "object":
		object := map[string]Value{}
		for _, property := range n.Children {
			if property.Type == "object_property" && len(property.Children) == 2 {
				object[unquoted(property.Children[0].Text)] = valueOf(property.Children[1])
			}
		}
		return Value{Object: object, Text: n.Text}
	case "array":
		list := []Value{}
		for _, item := range n.Children {
			list = append(list, valueOf(item))
		}
		return Value{List: list, Text: n.Text}
	case "for_statement":
		return Value{List: []Value{valueOf(n.Children[len(n.Children)-1])}, Loop: loopOver(n), Text: n.Text}
	default:
		return Value{Text: unquoted(n.Text)}
	}
}

func unquoted(text string) string {
	if len(text) >= 2 && text[0] == '\'' && text[len(text)-1] == '\'' {
		return text[1 : len(text)-1]
	}
	return text
}

// walk visits a node and everything below it, parents first.
func (n node) walk(visit func(node)) {
	visit(n)
	for _, child := range n.Children {
		child.walk(visit)
	}
}

// sortedKeys gives the keys of a map in order, so that problems come out the same each time.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
