package bicepcheck_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// azure is a stand-in for the Azure CLI: it writes every call into a file, and answers as the case says.
const azure = `#!/usr/bin/env bash
{ printf '%s' "$1"; shift; printf ' %s' "$@"; echo; } >>"$CALLS"
file=
while (($#)); do [[ $1 == --file ]] && file=$2; shift; done
[[ -n $file ]] && { cat "$file" >>"$VALUES"; echo >>"$VALUES"; stat -c %a "$file" >>"$MODES"; }
call=$(tail -n 1 "$CALLS")
case $call in
ANSWERS
esac
`

// outcome is what a script did.
type outcome struct {
	calls  string // one a line, as words
	values string // contents of files that were handed over
	modes  string
	said   string
	exit   int
}

// script runs one of the scripts for people with the stand-in on its path.
func script(t *testing.T, name, answers string, args ...string) outcome {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "az"), []byte(strings.Replace(azure, "ANSWERS", answers, 1)), 0o700); err != nil {
		t.Fatal(err)
	}
	paths := map[string]string{}
	for _, file := range []string{"CALLS", "VALUES", "MODES"} {
		paths[file] = filepath.Join(dir, file)
		if err := os.WriteFile(paths[file], nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), "bash", append([]string{filepath.Join(root, "infra", "scripts", "azure", name)}, args...)...)
	command.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	for file, path := range paths {
		command.Env = append(command.Env, file+"="+path)
	}
	said, err := command.CombinedOutput()
	result := outcome{said: string(said), exit: command.ProcessState.ExitCode()}
	if err != nil && result.exit < 0 {
		t.Fatal(err)
	}
	for file, into := range map[string]*string{"CALLS": &result.calls, "VALUES": &result.values, "MODES": &result.modes} {
		content, err := os.ReadFile(paths[file])
		if err != nil {
			t.Fatal(err)
		}
		*into = string(content)
	}
	return result
}

func TestGraphScriptGrantsWhatIsMissing(t *testing.T) {
	got := script(t, "graph-permissions.sh", `
	*'$select=id'*) echo graph-object ;;
	*appRoleAssignments*) echo id-of-User.Read.All ;;
	*'$select=appRoles'*) sed -E "s/.*value=='([^']*)'.*/id-of-\1/" <<<"$call" ;;`, "the-app")
	if got.exit != 0 {
		t.Fatalf("exit %d: %s", got.exit, got.said)
	}
	var granted []string
	for line := range strings.Lines(got.calls) {
		if _, body, posted := strings.Cut(line, "--method post"); posted {
			if !strings.Contains(body, "servicePrincipals/graph-object/appRoleAssignedTo") || !strings.Contains(body, `"principalId":"the-app","resourceId":"graph-object"`) {
				t.Errorf("granted to or on somebody else: %s", line)
			}
			_, role, _ := strings.Cut(body, `"appRoleId":"id-of-`)
			name, _, _ := strings.Cut(role, `"`)
			granted = append(granted, name)
		}
	}
	want := []string{"AuditLog.Read.All", "GroupMember.Read.All", "Policy.Read.All", "RoleManagement.Read.Directory", "UserAuthenticationMethod.Read.All"}
	if diff := cmp.Diff(want, granted); diff != "" {
		t.Errorf("granted (-want +got):\n%s", diff)
	}
}

func TestGraphScriptStopsAtAPermissionThatTheCloudLacks(t *testing.T) {
	got := script(t, "graph-permissions.sh", `
	*'$select=id'*) echo graph-object ;;`, "the-app")
	if got.exit == 0 || !strings.Contains(got.said, "does not offer AuditLog.Read.All") || strings.Contains(got.calls, "--method post") {
		t.Errorf("exit %d, said %q, calls:\n%s", got.exit, got.said, got.calls)
	}
}

func TestDiagnosticsScriptWritesTheSetting(t *testing.T) {
	got := script(t, "entra-diagnostics.sh", "", "glasswatch-prod", "/rule", "entra-logs")
	want := `rest --method put --output none --headers Content-Type=application/json` +
		` --url https://management.azure.com/providers/microsoft.aadiam/diagnosticSettings/glasswatch-prod?api-version=2017-04-01` +
		` --body {"properties":{"eventHubAuthorizationRuleId":"/rule","eventHubName":"entra-logs","logs":[` +
		`{"category":"AuditLogs","enabled":true},{"category":"NonInteractiveUserSignInLogs","enabled":true},` +
		`{"category":"RiskyUsers","enabled":true},{"category":"SignInLogs","enabled":true},{"category":"UserRiskEvents","enabled":true}]}}` + "\n"
	if diff := cmp.Diff(want, got.calls); diff != "" || got.exit != 0 {
		t.Errorf("exit %d, calls (-want +got):\n%s", got.exit, diff)
	}
}

func TestReaderScriptAssignsTheRole(t *testing.T) {
	got := script(t, "entra-reader.sh", "", "the-app")
	want := "role assignment create --assignee-object-id the-app --assignee-principal-type ServicePrincipal --role Reader --scope /providers/Microsoft.aadiam --output none\n"
	if diff := cmp.Diff(want, got.calls); diff != "" || got.exit != 0 {
		t.Errorf("exit %d, calls (-want +got):\n%s", got.exit, diff)
	}
}

func TestSecretsScriptRotatesTheSigningKey(t *testing.T) {
	const old = "b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2w="
	got := script(t, "secrets.sh", "*'secret show'*'--query value'*) echo "+old+",older ;;", "the-vault", "link-signing-keys")
	if got.exit != 0 {
		t.Fatalf("exit %d: %s", got.exit, got.said)
	}
	keys := strings.Split(strings.TrimSpace(got.values), ",")
	if len(keys) != 2 || len(keys[0]) != 44 || keys[0] == old || keys[1] != old {
		t.Errorf("keys %q, want a new one of 32 bytes and then the one before", keys)
	}
	if got.modes != "600\n" {
		t.Errorf("the file with the secret has mode %s, want 600", got.modes)
	}
	for _, key := range keys {
		if strings.Contains(got.calls, key) || strings.Contains(got.said, key) {
			t.Error("a key stood on a command line or on the screen")
		}
	}
}

func TestSecretsScriptLeavesAloneWhatIsThere(t *testing.T) {
	got := script(t, "secrets.sh", "", "the-vault") // every `show` succeeds: all secrets exist
	if got.exit != 0 || strings.Contains(got.calls, "secret set") {
		t.Errorf("exit %d, calls:\n%s", got.exit, got.calls)
	}
}

func TestSecretsScriptRefusesUnknownNames(t *testing.T) {
	got := script(t, "secrets.sh", "", "the-vault", "teams-webhook")
	if got.exit != 2 || !strings.Contains(got.said, "no secret called teams-webhook") {
		t.Errorf("exit %d, said %q", got.exit, got.said)
	}
}
