package config

import (
	"encoding/base64"
	"slices"
	"strings"
)

// emulator is what UseDevelopmentStorage=true stands for. Name and key are the published ones of
// the storage emulator (Microsoft Learn, "Use the Azurite emulator"); the SDK for Go does not know
// the short form.
const emulator = "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;" +
	"AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;" +
	"BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;" +
	"QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;" +
	"TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;"

func parseTables(d *draft, value string) []flaw {
	if strings.EqualFold(strings.TrimRight(value, "; "), "UseDevelopmentStorage=true") {
		d.Tables.Connection = NewSecret(emulator)
		return nil
	}
	if _, problem := parseURL(value); problem == "" {
		return []flaw{{"is an address and no connection string", "move it to EVIDENCE_TABLES__serviceUri"}}
	}
	parts, ok := connectionString(value)
	switch {
	case !ok:
		return wrong("is no connection string")
	case parts["AccountName"] == "":
		return wrong("is a connection string without AccountName")
	case parts["AccountKey"] == "" && parts["SharedAccessSignature"] == "":
		return wrong("is a connection string without AccountKey or SharedAccessSignature")
	}
	if _, err := base64.StdEncoding.DecodeString(parts["AccountKey"]); err != nil {
		return wrong("is a connection string whose AccountKey is not base64")
	}
	endpoint := parts["TableEndpoint"]
	if endpoint == "" && parts["DefaultEndpointsProtocol"] == "http" {
		return wrong("is a connection string for plain http to another machine")
	}
	if _, problem := parseURL(endpoint); endpoint != "" && problem != "" {
		return wrong("has a TableEndpoint that %s", problem)
	}
	d.Tables.Connection = NewSecret(value)
	return nil
}

func parseTablesURI(d *draft, value string) []flaw {
	e, flaws := parseBase(value)
	if flaws == nil {
		d.Tables.ServiceURI = e.URL
	}
	if d.given[tablesSetting] {
		flaws = append(flaws, flaw{"is set beside EVIDENCE_TABLES, which is used if it is good", "remove one of the two"})
	}
	return flaws
}

func parseHub(d *draft, value string) []flaw {
	parts, ok := connectionString(value)
	switch {
	case !ok:
		return wrong("is no connection string")
	case !strings.HasPrefix(strings.ToLower(parts["Endpoint"]), "sb://"):
		return wrong("is a connection string without an Endpoint that begins with sb://")
	case parts["SharedAccessSignature"] == "" && (parts["SharedAccessKeyName"] == "" || parts["SharedAccessKey"] == ""):
		return wrong("is a connection string without SharedAccessKeyName and SharedAccessKey")
	}
	d.Hub.Connection = NewSecret(value)
	d.hubEntity = parts["EntityPath"]
	return nil
}

func parseNamespace(d *draft, value string) []flaw {
	var flaws []flaw
	if len(value) > 253 || strings.Trim(strings.ToLower(value), "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" {
		flaws = wrong("is no host name: it has neither sb:// before it nor anything behind it")
	} else {
		d.Hub.Namespace = value
	}
	if d.given[hubSetting] {
		flaws = append(flaws, flaw{"is set beside ENTRA_EVENTHUB, which is used if it is good", "remove one of the two"})
	}
	return flaws
}

func parseCredential(d *draft, value string) []flaw {
	if !strings.EqualFold(value, "managedidentity") {
		return wrong("is not managedidentity")
	}
	d.hubCredential = value
	return nil
}

// connectionString cuts key=value pairs at semicolons. Keys may occur once.
func connectionString(value string) (map[string]string, bool) {
	if len(value) > longestAddress || !printable(value) {
		return nil, false
	}
	parts := make(map[string]string)
	for pair := range strings.SplitSeq(strings.TrimRight(value, ";"), ";") {
		key, text, found := strings.Cut(pair, "=")
		if _, twice := parts[key]; !found || key == "" || twice {
			return nil, false
		}
		parts[key] = text
	}
	return parts, true
}

// parseLinkKeys keeps every good key: a bad one must not make the links of the others invalid.
func parseLinkKeys(d *draft, value string) []flaw {
	var flaws []flaw
	for i, entry := range entries(value) {
		key, ok := decodeKey(entry)
		switch {
		case !ok:
			flaws = append(flaws, wrong("has no base64 as entry %d", i+1)...)
		case len(key) < 32:
			flaws = append(flaws, wrong("has a key of fewer than 32 bytes as entry %d", i+1)...)
		case len(key) > 1024:
			flaws = append(flaws, wrong("has a key of more than 1024 bytes as entry %d", i+1)...)
		case slices.ContainsFunc(d.LinkKeys, NewSecret(key).Equal):
			flaws = append(flaws, flaw{"has the same key more than once", "remove it"})
		default:
			d.LinkKeys = append(d.LinkKeys, NewSecret(key))
		}
	}
	return flaws
}

// decodeKey reads base64 in either alphabet, padded or not.
func decodeKey(s string) (string, bool) {
	plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
	key, err := base64.RawStdEncoding.DecodeString(plain)
	return string(key), err == nil && !strings.ContainsAny(s, "\r\n")
}
