package sample

const graphResource = "00000003-0000-0000-c000-000000000000"

// The tables below are what the tenant is made of. Application ids of Microsoft are the public ones.
var (
	microsoftApps = []App{
		{"c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "Azure Portal", "797f4846-ba00-4fd7-ba43-dac1f8f63013", "Windows Azure Service Management API"},
		{"14d82eec-204b-4c2f-b7e8-296a70dab67e", "Microsoft Graph Command Line Tools", graphResource, "Microsoft Graph"},
		{"1950a258-227b-4e31-a9cf-717495945fc2", "Microsoft Azure PowerShell", "797f4846-ba00-4fd7-ba43-dac1f8f63013", "Windows Azure Service Management API"},
		{"00000006-0000-0ff1-ce00-000000000000", "Microsoft Office 365 Portal", graphResource, "Microsoft Graph"},
		{"d3590ed6-52b3-4102-aeff-aad2292ab01c", "Microsoft Office", "00000002-0000-0ff1-ce00-000000000000", "Office 365 Exchange Online"},
		{"5e3ce6c0-2b1f-4285-8d4b-75ee78787346", "Microsoft Teams Web Client", "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe", "Microsoft Teams Services"},
		{"00000003-0000-0ff1-ce00-000000000000", "Office 365 SharePoint Online", "00000003-0000-0ff1-ce00-000000000000", "Office 365 SharePoint Online"},
		{"29d9ed98-a469-4536-ade2-f981bc1d605e", "Microsoft Authentication Broker", "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9", "Device Registration Service"},
	}
	ownApps = []string{
		"Harbour Ledger", "Berth Planner", "Crew Rota", "Customs Gateway", "Expense Desk", "Tide Archive",
		"Cargo Insight", "Payroll Bridge", "Visitor Kiosk", "Pilot Dispatch",
	}
	groupNames = []string{
		"All staff", "Finance", "Port operations", "Contractors", "Intune-Compliant", "Harbour Ledger users",
		"Global readers", "Visitors 2026",
	}

	places = []Place{
		{"185.40.12.18", "Oslo", "Oslo", "NO", 59.913868522644, 10.752245399, 2116},
		{"185.40.12.44", "Bergen", "Vestland", "NO", 60.39299, 5.32415, 2116},
		{"84.208.31.7", "Drammen", "Viken", "NO", 59.74389, 10.20449, 41164},
		{"80.213.92.140", "Stavanger", "Rogaland", "NO", 58.97005, 5.73332, 41164},
		{"2a02:2121:2c0:19::7", "Hamburg", "Hamburg", "DE", 53.55073, 9.99302, 3320},
		{"91.64.2.201", "Bremen", "Bremen", "DE", 53.07516, 8.80777, 31334},
		{"62.30.16.8", "Leith", "Edinburgh, City Of", "GB", 55.97717, -3.17233, 5089},
	}
	farPlaces = []Place{
		{"", "Oslo", "Oslo", "NO", 59.91386, 10.75224, 64496},
		{"", "Lagos", "Lagos", "NG", 6.45407, 3.39467, 64497},
		{"", "Bucuresti", "Bucuresti", "RO", 44.43225, 26.10626, 64498},
		{"", "Sao Paulo", "Sao Paulo", "BR", -23.5475, -46.63611, 64499},
		{"", "Ho Chi Minh City", "Ho Chi Minh", "VN", 10.82302, 106.62965, 64500},
		{"", "Ashburn", "Virginia", "US", 39.04372, -77.48749, 64501},
		{"", "Amsterdam", "Noord-Holland", "NL", 52.37403, 4.88969, 64502},
		{"", "Jakarta", "Jakarta Raya", "ID", -6.21462, 106.84513, 64503},
		{"", "", "", "SG", 1.28967, 103.85007, 64504},
	}

	devices = []Device{
		{"", "", "Windows10", "Edge 142.0.0", "Azure AD joined", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", "yes"},
		{"", "", "Windows10", "Rich Client 4.66.1.0", "Hybrid Azure AD joined", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.5993.144 Electron/27.3.6 Safari/537.36", "yes"},
		{"", "", "Ios 18.6.2", "Mobile Safari", "Azure AD registered", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1", "yes"},
		{"", "", "MacOs", "Safari 18.6", "Azure AD registered", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15", "no"},
		{"", "", "Android 15", "Chrome Mobile 141.0.0", "", "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36", "unknown"},
	}
	firstNames = []string{
		"Astrid", "Bjarne", "Celia", "Dagny", "Emre", "Fatima", "Gregor", "Hanna", "Ivar", "Jelena",
		"Kasimir", "Liv", "Mattis", "Nora", "Odd", "Priya", "Runa", "Sverre", "Thea", "Zofia",
	}
	lastNames = []string{
		"Aas", "Berg", "Clausen", "Dahl", "Eide", "Fossum", "Grieg", "Holm", "Iversen", "Jensen",
		"Kvam", "Lund", "Moen", "Nygaard", "Olsen", "Petrov", "Rosen", "Solberg", "Tangen", "Vik",
	}

	policySubjects  = []string{"AllUsers", "Admins", "Guests", "Finance", "WorkloadOps", "Contractors", "Internals"}
	policyPlatforms = []string{"AnyPlatform", "Windows", "iOSAndAndroid", "macOS", "Linux", "BrowserOnly", "AzureManagement-OnlyFromHarbourNetwork"}
	policyGrants    = []struct {
		label    string
		controls []string
	}{
		{"RequireMFA", []string{"Mfa"}},
		{"Block-LegacyAuthentication", []string{"Block"}},
		{"RequireCompliantOrHybridDevice", []string{"RequireCompliantDevice", "RequireDomainJoinedDevice"}},
		{"RequirePhishingResistantStrength", []string{"Authentication strength - Phishing-resistant MFA"}},
		{"Session-SignInFrequency12h", nil},
		{"RequireApprovedApp", []string{"RequireApprovedApp", "RequireCompliantApp"}},
		{"Block-UnknownCountries", []string{"Block"}},
		{"TermsOfUse", []string{"Terms of use - Harbour staff"}},
		{"RequirePasswordChange-HighUserRisk", []string{"Mfa", "RequirePasswordChange"}},
	}
)

// unmanagedWindows is a device that nobody manages: what a break-glass account is used from.
func unmanagedWindows() Device {
	return Device{
		System: "Windows10", Browser: "Chrome 142.0.0", Compliant: "no",
		UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
	}
}
