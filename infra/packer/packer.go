package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// programName is the file that host.json starts.
const programName = "glasswatch"

// packTime stands on every file of the zip: the earliest time that the format can express.
func packTime() time.Time {
	return time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)
}

// Packer builds the deployment package from a source tree. The same sources, version and Go
// toolchain give the same bytes, in whatever folder they lie and whoever builds them.
type Packer struct {
	Root    string    // the source tree
	Program string    // package of the program, relative to Root
	Version string    // what `glasswatch version` says
	Output  io.Writer // where the compiler's messages go
}

// Packed is what Pack made.
type Packed struct {
	Names  []string // files in dist and in the zip, sorted
	Size   int64    // of the zip, in bytes
	SHA256 string   // of the zip, in hexadecimal
}

// Pack writes dist/ and dist/glasswatch.zip under Root, after removing what an earlier run left
// there, and beside them the bill of materials dist/glasswatch.cdx.json, which is not in the zip.
func (p Packer) Pack(ctx context.Context) (Packed, error) {
	dist := filepath.Join(p.Root, "dist")
	if err := os.RemoveAll(dist); err != nil {
		return Packed{}, fmt.Errorf("empty dist: %w", err)
	}
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return Packed{}, fmt.Errorf("make dist: %w", err)
	}
	if err := p.build(ctx, filepath.Join(dist, programName)); err != nil {
		return Packed{}, err
	}
	names, err := p.copyFiles(dist)
	if err != nil {
		return Packed{}, err
	}
	names = append(names, programName)
	slices.Sort(names)

	archive, err := zipFiles(dist, names)
	if err != nil {
		return Packed{}, err
	}
	if err := os.WriteFile(filepath.Join(dist, "glasswatch.zip"), archive, 0o644); err != nil {
		return Packed{}, fmt.Errorf("write zip: %w", err)
	}
	if err := writeBill(filepath.Join(dist, programName), p.Version, filepath.Join(dist, "glasswatch.cdx.json")); err != nil {
		return Packed{}, err
	}
	sum := sha256.Sum256(archive)
	return Packed{Names: names, Size: int64(len(archive)), SHA256: hex.EncodeToString(sum[:])}, nil
}

// build compiles the program. Everything in the environment that could change the result is set
// here; the module cache and the proxy are the builder's own.
func (p Packer) build(ctx context.Context, output string) error {
	absolute, err := filepath.Abs(output)
	if err != nil {
		return fmt.Errorf("find dist: %w", err)
	}
	command := exec.CommandContext(ctx, "go", "build",
		"-trimpath", "-buildvcs=false",
		"-ldflags=-s -w -buildid= -X main.release="+p.Version,
		"-o", absolute, p.Program)
	command.Dir = p.Root
	command.Env = append(os.Environ(),
		"GOOS=linux", "GOARCH=amd64", "GOAMD64=v1", "CGO_ENABLED=0",
		"GOFLAGS=-trimpath", "GOEXPERIMENT=", "GOWORK=off", "GOFIPS140=off")
	command.Stdout, command.Stderr = p.Output, p.Output
	if err := command.Run(); err != nil {
		return fmt.Errorf("build %s: %w", p.Program, err)
	}
	return nil
}

// copyFiles lays host.json and every function's function.json where the host looks for them.
func (p Packer) copyFiles(dist string) ([]string, error) {
	functions, err := filepath.Glob(filepath.Join(p.Root, "handlers", "*", "function.json"))
	if err != nil {
		return nil, fmt.Errorf("look for functions: %w", err)
	}
	if len(functions) == 0 {
		return nil, fmt.Errorf("look for functions: no handlers/*/function.json under %s", p.Root)
	}
	sources := map[string]string{"host.json": filepath.Join(p.Root, "host.json")}
	for _, source := range functions {
		name := filepath.Base(filepath.Dir(source)) + "/function.json"
		sources[name] = source
	}
	var names []string
	for name, source := range sources {
		content, err := os.ReadFile(source)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		// A checkout on Windows may have changed the line ends; the package must not depend on that.
		content = bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n"))
		target := filepath.Join(dist, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return nil, fmt.Errorf("make folder of %s: %w", name, err)
		}
		if err := os.WriteFile(target, content, 0o644); err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
		names = append(names, name)
	}
	return names, nil
}

// zipFiles packs the named files in the order given. Modes and times are fixed: the host cannot
// start a program without its execute bit, and the builder's umask and clock are nobody's business.
func zipFiles(dist string, names []string) ([]byte, error) {
	var buffer bytes.Buffer
	archive := zip.NewWriter(&buffer)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(dist, filepath.FromSlash(name)))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: packTime()}
		header.SetMode(0o644)
		if name == programName {
			header.SetMode(0o755)
		}
		writer, err := archive.CreateHeader(header)
		if err != nil {
			return nil, fmt.Errorf("add %s: %w", name, err)
		}
		if _, err := writer.Write(content); err != nil {
			return nil, fmt.Errorf("pack %s: %w", name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("close zip: %w", err)
	}
	return buffer.Bytes(), nil
}

// moduleURL is the package URL of a Go module, as bills of materials name it.
func moduleURL(path, version string) string {
	return "pkg:golang/" + strings.ToLower(path) + "@" + version
}
