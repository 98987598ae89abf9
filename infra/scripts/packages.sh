# Sourced by the other scripts: which packages and tests there are, read from the files so that no list is kept.

# test_files PATTERN prints the Go test files in which the pattern occurs, leaving out what npm brought.
test_files() {
  grep -rlE --include='*_test.go' --exclude-dir=node_modules -- "$1" handlers shared infra || true
}

# package_dirs turns file names on standard input into package folders, each once.
package_dirs() {
  sed -nE 's#^(.*)/[^/]+$#./\1#p' | sort -u
}

# all_packages lists every package of the module.
all_packages() {
  go list ./... | grep -v /node_modules/ || true
}

# with_sdk lists the packages whose code or tests need the Graph SDK, which takes minutes to compile.
with_sdk() {
  go list -test -f '{{$p := .ImportPath}}{{range .Deps}}{{if eq . "github.com/microsoftgraph/msgraph-sdk-go/models"}}{{$p}}{{"\n"}}{{end}}{{end}}' ./... |
    sed -E '/^$/d; s/ \[.*//; s/(_test|\.test)$//' | sort -u
}

# without_sdk lists the others, which compile in seconds.
without_sdk() {
  all_packages | grep -vxFf <(with_sdk) || true
}

# nouns lists the shared packages that stand on the standard library alone: cheap under the race detector.
nouns() {
  go list -f '{{.ImportPath}}{{range .Deps}} {{.}}{{end}}' ./shared/... |
    awk '{ ok = 1; for (i = 2; i <= NF; i++) if ($i ~ /^[^\/]*\.[^\/]*\//) ok = 0; if (ok) print $1 }'
}
