// Package main packs Glasswatch for Azure: the program, its settings file and one folder per function, always as the same bytes.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("packer", flag.ContinueOnError)
	flags.SetOutput(stderr)
	root := flags.String("root", ".", "folder of the source tree")
	version := flags.String("version", "", "version to put into the program; by default what git describes")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	packer := Packer{
		Root:    *root,
		Program: "./handlers",
		Version: *version,
		Output:  stderr,
	}
	if packer.Version == "" {
		packer.Version = describe(ctx, *root)
	}
	_, _ = fmt.Fprintf(stdout, "package: building glasswatch %s for linux/amd64 (the first build takes some minutes)\n", packer.Version)
	result, err := packer.Pack(ctx)
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "package: %v\n", err)
		return 1
	}
	for _, name := range result.Names {
		_, _ = fmt.Fprintf(stdout, "  dist/%s\n", name)
	}
	_, _ = fmt.Fprintf(stdout, "package: dist/glasswatch.zip, %d bytes, sha256 %s\n", result.Size, result.SHA256)
	_, _ = fmt.Fprintln(stdout, "package: dist/glasswatch.cdx.json, what the program is made of")
	return 0
}

// describe names the commit, so that two clones of it give the same version. Outside a git
// repository (a source archive) the version is "unknown".
func describe(ctx context.Context, root string) string {
	git := exec.CommandContext(ctx, "git", "describe", "--tags", "--match=v*", "--always", "--abbrev=12", "--dirty=-modified")
	git.Dir = filepath.Clean(root)
	out, err := git.Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
