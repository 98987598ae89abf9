package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
)

// bill is a CycloneDX 1.5 document with the few fields that we can vouch for: what the linker
// wrote into the program, and nothing that a scanner would have guessed.
type bill struct {
	Schema     string      `json:"$schema"`
	Format     string      `json:"bomFormat"`
	Version    string      `json:"specVersion"`
	Number     int         `json:"version"`
	Metadata   metadata    `json:"metadata"`
	Components []component `json:"components"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Reference  string     `json:"bom-ref"`
	Type       string     `json:"type"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	Scope      string     `json:"scope,omitempty"`
	URL        string     `json:"purl,omitempty"`
	Hashes     []hash     `json:"hashes,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// writeBill reads the build information of the program and writes its bill of materials. It
// carries no serial number and no time, so that the same program has the same bill.
func writeBill(program, version, target string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return fmt.Errorf("read build information: %w", err)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(billOf(info, version)); err != nil {
		return fmt.Errorf("encode bill of materials: %w", err)
	}
	if err := os.WriteFile(target, out.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write bill of materials: %w", err)
	}
	return nil
}

func billOf(info *debug.BuildInfo, version string) bill {
	program := component{Reference: programName, Type: "application", Name: programName, Version: version}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "GOOS", "GOARCH", "GOAMD64", "CGO_ENABLED", "-trimpath":
			program.Properties = append(program.Properties, property{Name: "go:build:" + setting.Key, Value: setting.Value})
		}
	}
	goVersion := strings.TrimPrefix(info.GoVersion, "go")
	components := []component{{
		Reference: moduleURL("stdlib", goVersion),
		Type:      "library",
		Name:      "stdlib",
		Version:   goVersion,
		Scope:     "required",
		URL:       moduleURL("stdlib", goVersion),
	}}
	for _, module := range info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		components = append(components, moduleComponent(module))
	}
	return bill{
		Schema:     "http://cyclonedx.org/schema/bom-1.5.schema.json",
		Format:     "CycloneDX",
		Version:    "1.5",
		Number:     1,
		Metadata:   metadata{Component: program},
		Components: components,
	}
}

func moduleComponent(module *debug.Module) component {
	result := component{
		Reference: moduleURL(module.Path, module.Version),
		Type:      "library",
		Name:      module.Path,
		Version:   module.Version,
		Scope:     "required",
		URL:       moduleURL(module.Path, module.Version),
	}
	// go.sum's "h1:" is the base64 of a SHA-256 over the module's file hashes.
	if sum, found := strings.CutPrefix(module.Sum, "h1:"); found {
		if raw, err := base64.StdEncoding.DecodeString(sum); err == nil {
			result.Hashes = []hash{{Algorithm: "SHA-256", Content: hex.EncodeToString(raw)}}
		}
	}
	return result
}
