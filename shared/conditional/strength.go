package conditional

import (
	"slices"
	"strings"
)

// Strength is an authentication strength: the combinations of methods that it accepts. Its JSON
// form is Graph's (authenticationStrengthPolicy).
type Strength struct {
	ID           string `json:"id"`
	DisplayName  string `json:"displayName,omitempty"`
	Combinations List   `json:"allowedCombinations,omitempty"` // each may be several modes with commas: all of them are needed
	// Configurations restrict single combinations to some keys or issuers. Nil means that they
	// were not read, empty that there are none.
	Configurations []Configuration `json:"combinationConfigurations"`
}

// Configuration restricts combinations of a strength.
type Configuration struct {
	Type       string `json:"@odata.type"`
	AppliesTo  List   `json:"appliesToCombinations,omitempty"`
	AAGUIDs    List   `json:"allowedAAGUIDs,omitempty"`
	IssuerSKIs List   `json:"allowedIssuerSkis,omitempty"`
	PolicyOIDs List   `json:"allowedPolicyOIDs,omitempty"`
}

// The types of configuration.
const (
	fido2Configuration       = "#microsoft.graph.fido2CombinationConfiguration"
	certificateConfiguration = "#microsoft.graph.x509CertificateCombinationConfiguration"
)

// The modes of which combinations are made, as Graph's authenticationMethodModes writes them.
const (
	modeFIDO2       = "fido2"
	modeHello       = "windowsHelloForBusiness"
	modeCertificate = "x509CertificateMultiFactor"
	modeWeakCert    = "x509CertificateSingleFactor"
)

var phishingResistant = List{modeFIDO2, modeHello, modeCertificate}

var passwordless = List{modeFIDO2, modeHello, modeCertificate, "deviceBasedPush"}

// builtIn are the strengths that every tenant has and nobody can change (Microsoft Learn, "Built-in
// authentication strengths").
var builtIn = []Strength{
	{ID: "00000000-0000-0000-0000-000000000002", DisplayName: "Multifactor authentication", Configurations: []Configuration{}, Combinations: append(slices.Clone(passwordless),
		"temporaryAccessPassOneTime", "temporaryAccessPassMultiUse", "password,microsoftAuthenticatorPush", "password,softwareOath", "password,hardwareOath",
		"password,sms", "password,voice", "federatedMultiFactor", "microsoftAuthenticatorPush,federatedSingleFactor", "softwareOath,federatedSingleFactor",
		"hardwareOath,federatedSingleFactor", "sms,federatedSingleFactor", "voice,federatedSingleFactor")},
	{ID: "00000000-0000-0000-0000-000000000003", DisplayName: "Passwordless MFA", Configurations: []Configuration{}, Combinations: passwordless},
	{ID: "00000000-0000-0000-0000-000000000004", DisplayName: "Phishing-resistant MFA", Configurations: []Configuration{}, Combinations: phishingResistant},
}

// resolve finds what a policy's strength really asks for: as read by itself, else as the policy
// carries it, else as Microsoft ships it. Known is false if none of these tells.
func (s Strength) resolve(read map[string]Strength) (Strength, bool) {
	if found, ok := read[s.ID]; ok && len(found.Combinations) > 0 {
		return found, true
	}
	i := slices.IndexFunc(builtIn, func(b Strength) bool { return b.ID == s.ID })
	if i >= 0 {
		return builtIn[i], true
	}
	return s, len(s.Combinations) > 0
}

func (s Strength) name() string {
	if s.DisplayName != "" {
		return "“" + s.DisplayName + "”"
	}
	if i := slices.IndexFunc(builtIn, func(b Strength) bool { return b.ID == s.ID }); i >= 0 {
		return "“" + builtIn[i].DisplayName + "”"
	}
	return s.ID
}

// phishingResistant says whether nothing but phishing-resistant methods satisfies the strength.
func (s Strength) phishingResistant() bool {
	return len(s.Combinations) > 0 && !slices.ContainsFunc(s.Combinations, func(c string) bool { return !phishingResistant.has(c) })
}

// accepts says whether the methods satisfy one combination, and if not, what speaks against the
// best of them.
func (s Strength) accepts(methods []Method) (best truth, against string) {
	for _, combination := range s.Combinations {
		fits := yes
		for mode := range strings.SplitSeq(combination, ",") {
			mode = strings.TrimSpace(mode)
			part := truthOf(mode == "password") // everybody has one, listed or not
			for _, m := range methods {
				one, why := s.offers(m, mode, combination)
				part = max(part, one)
				if why != "" && against == "" {
					against = why
				}
			}
			fits = min(fits, part)
		}
		best = max(best, fits)
	}
	return best, against
}

// offers says whether a method is of the mode, and is accepted by the strength's restrictions.
func (s Strength) offers(m Method, mode, combination string) (fits truth, against string) {
	switch mode {
	case modeFIDO2:
		if m.Kind != FIDO2 {
			return no, ""
		}
		return s.restrict(yes, combination, fido2Configuration, func(c Configuration) (truth, string) {
			switch {
			case m.AAGUID == "":
				return maybe, "the model of a registered key is not known"
			case !c.AAGUIDs.has(m.AAGUID):
				return no, "the model of the registered key is not among those it accepts"
			}
			return yes, ""
		})
	case modeCertificate, modeWeakCert:
		if m.Kind != X509 {
			return no, ""
		}
		fits = yes // a multifactor certificate also serves where one factor is enough
		if mode == modeCertificate {
			fits = m.Certificate.strong()
		}
		return s.restrict(fits, combination, certificateConfiguration, m.Certificate.meets)
	case modeHello:
		return truthOf(m.Kind == WindowsHello || m.Kind == PlatformCredential), ""
	}
	if mode == "deviceBasedPush" && m.Kind == Authenticator {
		return maybe, "whether Authenticator is set up for passwordless sign-in is not known"
	}
	return truthOf(slices.Contains(modeKinds[mode], m.Kind)), ""
}

// modeKinds are the methods that serve a mode without further questions. A Temporary Access Pass
// serves none, because it ends by itself, and a federated sign-in is none of a cloud-only account.
var modeKinds = map[string][]MethodKind{
	"sms":                        {Phone},
	"voice":                      {Phone},
	"email":                      {Email},
	"softwareOath":               {SoftwareOath},
	"hardwareOath":               {HardwareOath},
	"microsoftAuthenticatorPush": {Authenticator, PasswordlessPhone},
	"deviceBasedPush":            {PasswordlessPhone},
	"qrCodePin":                  {QRCodePIN},
}

// restrict applies the configurations of this combination to a method that fits otherwise.
func (s Strength) restrict(fits truth, combination, typeName string, accepts func(Configuration) (truth, string)) (truth, string) {
	if s.Configurations == nil {
		return min(fits, maybe), "its restrictions to certain keys or issuers could not be read"
	}
	against := ""
	for _, c := range s.Configurations {
		if len(c.AppliesTo) > 0 && !c.AppliesTo.has(combination) {
			continue
		}
		one, why := maybe, "it has a restriction of a kind that is not known"
		if strings.EqualFold(c.Type, typeName) {
			one, why = accepts(c)
		}
		if one < fits {
			fits, against = one, why
		}
	}
	return fits, against
}

// meets says whether a certificate has one of the issuers and one of the policies that are asked for.
func (c *Certificate) meets(conf Configuration) (truth, string) {
	var issuers, oids List
	if c != nil {
		issuers, oids = c.IssuerSKIs, c.PolicyOIDs
	}
	fits, against := yes, ""
	for _, ask := range []struct {
		wanted, got List
		what        string
	}{{conf.IssuerSKIs, issuers, "issuer"}, {conf.PolicyOIDs, oids, "policy"}} {
		switch {
		case len(ask.wanted) == 0:
		case len(ask.got) == 0:
			if fits > maybe {
				fits, against = maybe, "the certificate's "+ask.what+" is not known"
			}
		case !slices.ContainsFunc(ask.got, ask.wanted.has):
			fits, against = no, "the certificate's "+ask.what+" is not among those it accepts"
		}
	}
	return fits, against
}
