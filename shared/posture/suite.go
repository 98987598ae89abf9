package posture

// Suite lists every check. To add one, write it in the file of its family, add it here, and add its
// fixtures under testdata.
var Suite = []Check{
	accountsExist(), accountFound(), accountEnabled(), cloudOnly(), ownDomain(), internalMember(), identityUnchanged(),
	isAdministrator(), permanently(), directly(), noOtherRoles(), administratorsFew(),
	excludedEverywhere(), neverBlocked(), satisfiable(), oneSurvivesEach(), oneFreeOfAll(), reportOnlySpares(), excludedWell(), disabledSpares(), whatIfAgrees(), nothingChanged(),
	strongMethod(), twoKeys(), noWeakMethods(), noPass(), methodsApproved(), keysAllowed(), modelsAllowed(), noPerUserMFA(),
	passwordStays(), passwordUnchanged(),
	groupHoldsAccounts(), groupProtected(),
	licencesKnown(), noSecurityDefaults(), readyForMandatoryMFA(),
}

// perAccount runs a judgement over each account. Object and state are the judgement's own.
func perAccount(judge func(*Account, Policy) []Finding) func(Snapshot, Policy) []Finding {
	return func(s Snapshot, p Policy) []Finding {
		var all []Finding
		for n := range s.Accounts {
			for _, f := range judge(&s.Accounts[n], p) {
				f.Account = s.Accounts[n].ID
				all = append(all, f)
			}
		}
		return all
	}
}

// say is one finding about no object in particular.
func say(state State, observed string) []Finding {
	return []Finding{{State: state, Observed: observed}}
}
