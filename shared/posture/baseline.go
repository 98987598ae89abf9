package posture

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Baseline is what people have approved: who the accounts are, and which methods they have. It is
// approved by a ledger entry that holds it.
type Baseline struct {
	Accounts []AccountBaseline `json:"accounts"` // sorted by id
}

// AccountBaseline is the approved state of one account.
type AccountBaseline struct {
	ID                 string           `json:"id"`
	UserPrincipalName  string           `json:"userPrincipalName"`
	DisplayName        string           `json:"displayName"`
	UserType           string           `json:"userType"`
	CreatedAt          time.Time        `json:"createdAt"`
	Identities         []Identity       `json:"identities"`
	LastPasswordChange time.Time        `json:"lastPasswordChange"`
	Methods            []MethodBaseline `json:"methods"` // sorted by id
}

// MethodBaseline is one approved method.
type MethodBaseline struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"createdAt"`
}

// TakeBaseline makes the baseline of what is now. It refuses, naming what is missing, if an account
// or its methods could not be read or an account does not exist: what nobody has seen, nobody can
// approve.
func TakeBaseline(s Snapshot) (Baseline, error) {
	b := Baseline{Accounts: []AccountBaseline{}}
	var problems []error
	for n := range s.Accounts {
		a := &s.Accounts[n]
		if a.gone() || !a.User.Read || !a.Methods.Read {
			problems = append(problems, fmt.Errorf("approve the baseline: %s does not exist, or it or its authentication methods could not be read; run the posture checks, mend what they name, and try again", a.label()))
			continue
		}
		b.Accounts = append(b.Accounts, a.baseline())
	}
	if len(b.Accounts) == 0 && len(problems) == 0 {
		problems = append(problems, errors.New("approve the baseline: there is no account in the last snapshot; set BREAK_GLASS_ACCOUNTS and run the posture checks"))
	}
	slices.SortFunc(b.Accounts, func(x, y AccountBaseline) int { return strings.Compare(x.ID, y.ID) })
	return b, errors.Join(problems...)
}

func (a *Account) baseline() AccountBaseline {
	u := a.User.Value
	b := AccountBaseline{
		ID: a.ID, UserPrincipalName: u.UserPrincipalName, DisplayName: u.DisplayName, UserType: u.UserType,
		CreatedAt: u.CreatedAt.UTC(), LastPasswordChange: u.LastPasswordChange.UTC(), Identities: slices.Concat([]Identity{}, u.Identities), Methods: []MethodBaseline{},
	}
	for _, m := range a.Methods.Value {
		b.Methods = append(b.Methods, m.baseline())
	}
	slices.SortFunc(b.Methods, func(x, y MethodBaseline) int { return strings.Compare(x.ID, y.ID) })
	slices.SortFunc(b.Identities, func(x, y Identity) int {
		return cmp.Or(strings.Compare(x.SignInType, y.SignInType), strings.Compare(x.Issuer, y.Issuer), strings.Compare(x.IssuedID, y.IssuedID))
	})
	return b
}

func (m Method) baseline() MethodBaseline {
	return MethodBaseline{m.ID, string(m.Kind), m.Name, m.CreatedAt.UTC()}
}

// Hash is the SHA-256 of the baseline in hex. Equal baselines have equal hashes, whatever the order
// in which they were read.
func (b Baseline) Hash() (string, error) {
	canonical, err := json.Marshal(b)
	if err != nil {
		return "", fmt.Errorf("hash the baseline: %w", err)
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:]), nil
}

func (b Baseline) account(id string) (AccountBaseline, bool) {
	i := slices.IndexFunc(b.Accounts, func(a AccountBaseline) bool { return a.ID == id })
	if i < 0 {
		return AccountBaseline{}, false
	}
	return b.Accounts[i], true
}
