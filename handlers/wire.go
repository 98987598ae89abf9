package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"glasswatch/handlers/answerincident"
	"glasswatch/handlers/approvebaseline"
	"glasswatch/handlers/checkposture"
	"glasswatch/handlers/closeincident"
	"glasswatch/handlers/keepwatch"
	"glasswatch/handlers/showhealth"
	"glasswatch/handlers/watchlogs"
	"glasswatch/shared/alert"
	"glasswatch/shared/azfunc"
	"glasswatch/shared/breakglass"
	"glasswatch/shared/config"
	"glasswatch/shared/detect"
	"glasswatch/shared/entra"
	"glasswatch/shared/graph"
	"glasswatch/shared/hub"
	"glasswatch/shared/journal"
	"glasswatch/shared/ledger"
	"glasswatch/shared/posture"
	"glasswatch/shared/siren"
	"glasswatch/shared/tables"
	"glasswatch/shared/teams"
	"glasswatch/shared/webhook"
)

// A sign-in becomes an alert in watchlogs: entra reads the record, breakglass finds the account,
// detect judges, journal records it in the ledger with the alert that it owes, and alert sends it
// to the channels. functions lists everything that the host may call.
func functions(p *parts) []azfunc.Function {
	watcher := watchlogs.New(watchlogs.Options{
		Scanner: p.scanner, Accounts: p.accounts, Tenant: p.detector,
		Recorder: p.journal, Sender: p.dispatcher, Siren: p.siren,
		Progress: watchlogs.NewProgress(p.store), Misconfigured: p.misconfigured, Now: p.now, Log: p.log,
		Refresh:  func(ctx context.Context) { p.lockouts.refresh(ctx, p.journal) },
		Recovery: func(ctx context.Context, at time.Time) []alert.Fact { return p.lockouts.recovery(ctx, p.journal, at) },
	})
	return []azfunc.Function{
		watcher.Function(),
		keepwatch.New(keepwatch.Options{
			Journal: p.journal, Sender: p.dispatcher, Lookout: p.lookout(watcher), Notices: p.notices(), Claimant: claimant(),
			Misconfigured: p.misconfigured, Log: p.log,
		}).Function(),
		checkposture.New(p.checking()).Function(),
		answerincident.Function(answerincident.Options{
			Journal: p.journal, Sender: p.dispatcher, Links: p.links, Principal: p.principal,
			Label: p.accounts.Label, Portal: func(account string) []alert.Link { return p.journal.Links(account, entra.KindSignIn) }, Instance: p.config.InstanceName, Zone: p.config.Zone, Now: p.now, Log: p.log,
		}),
		approvebaseline.Function(approvebaseline.Options{
			Journal: p.journal, Sender: p.dispatcher, Principal: p.principal, Now: p.now, Log: p.log,
		}),
		closeincident.Function(p.journal, p.dispatcher, p.principal, p.log),
		showhealth.Function(p.probes()),
	}
}

// channels lists the ways to people, in order of preference.
func channels(c config.Config) []alert.Sender {
	var list []alert.Sender
	if !c.TeamsURL.Empty() {
		list = append(list, teams.New(teams.Options{URL: c.TeamsURL.Reveal()}))
	}
	if !c.Fallback.URL.Empty() {
		secret := c.Fallback.RoutingKey.Reveal()
		if c.Fallback.Format == config.FormatCloudEvents {
			secret = base64.StdEncoding.EncodeToString([]byte(c.Fallback.SigningKey.Reveal()))
		}
		list = append(list, webhook.New(webhook.Options{
			URL: c.Fallback.URL.Reveal(), Format: webhook.Format(c.Fallback.Format), Secret: secret, Instance: c.InstanceName,
		}))
	}
	return list
}

// commitWithin is how long a transaction may take before people are told without it (design 5.4).
const commitWithin = 5 * time.Second

// parts are what functions and verbs are built of. Building them asks nothing of the network.
type parts struct {
	config        config.Config
	problems      []config.Problem
	misconfigured error // why nothing can be watched; nil if it can
	accounts      breakglass.Accounts
	scanner       *entra.Scanner
	detector      detect.Detector
	policy        posture.Policy // what the posture checks compare with
	unread        []string       // what is wrong with it
	lockouts      *lockouts
	store         ledger.Store
	ledger        *ledger.Ledger
	links         alert.Links
	dispatcher    *alert.Dispatcher
	journal       *journal.Journal
	siren         *siren.Siren
	now           func() time.Time
	log           *slog.Logger
	lookupEnv     func(string) (string, bool)
}

// build makes the parts of what the settings say.
func build(lookupEnv func(string) (string, bool), log *slog.Logger) *parts {
	p := &parts{now: time.Now, log: log, lookupEnv: lookupEnv}
	p.config, p.problems = config.Load(lookupEnv)
	p.accounts = accounts(p.config)
	p.policy, p.unread = posturePolicy(p.config)
	p.lockouts = &lockouts{policy: p.policy, now: p.now, log: log}
	p.detector = detect.NewDetector(detect.Setting{
		Accounts: p.accounts, ExclusionGroups: p.config.ExclusionGroups,
		ResourceIDs: p.config.ResourceIDs, TenantID: p.config.TenantID, Lockout: p.lockouts.effect,
	})
	p.scanner = entra.NewScanner(watched(p.config, p.accounts))
	store, err := open(p.config)
	if err != nil {
		p.problems = append(p.problems, config.Problem{Setting: "EVIDENCE_TABLES", Problem: err.Error(), Fix: "check the connection string", Stops: true})
		store = noStore{}
	}
	p.store = store
	p.ledger = ledger.New(store, p.now)
	keys := make([][]byte, len(p.config.LinkKeys))
	for n, key := range p.config.LinkKeys {
		keys[n] = []byte(key.Reveal())
	}
	p.links = alert.NewLinks(p.config.PublicURL, keys)
	var senders []alert.Sender
	for _, s := range channels(p.config) {
		senders = append(senders, alert.WithLinks(s, p.links, p.now))
	}
	p.dispatcher = alert.NewDispatcher(senders, p.now)
	describer := journal.Describer{Accounts: p.accounts, Portal: portal(p.config.Cloud)}
	p.journal = journal.New(p.ledger, journal.Options{
		Describer: describer, Judge: p.detector, Channels: p.dispatcher.Channels(),
		AcknowledgeWithin: p.config.AcknowledgeWithin, CommitWithin: commitWithin, Now: p.now,
	})
	p.siren = siren.New(p.detector, describer, p.dispatcher, p.now)
	p.misconfigured = stops(p.problems)
	return p
}

func accounts(c config.Config) breakglass.Accounts {
	var list []breakglass.Account
	for _, a := range c.Accounts {
		list = append(list, breakglass.Account{ObjectID: a.ObjectID, UserPrincipalName: a.UserPrincipalName})
	}
	return breakglass.NewAccounts(list)
}

// watched is what the raw scan looks for.
func watched(c config.Config, a breakglass.Accounts) entra.Watch {
	var w entra.Watch
	for _, account := range a.All() {
		w.IDs = append(w.IDs, account.ObjectID)
		w.Names = append(w.Names, account.Aliases...)
		if account.UserPrincipalName != "" {
			w.Names = append(w.Names, account.UserPrincipalName)
		}
	}
	w.IDs = append(w.IDs, c.ExclusionGroups...)
	w.Literals = append(w.Literals, c.ResourceIDs...)
	return w
}

// open makes the store of the evidence. It asks nothing of the network.
func open(c config.Config) (ledger.Store, error) {
	if !c.Tables.Set() {
		return noStore{}, nil
	}
	var credential azcore.TokenCredential
	if c.Tables.Connection.Empty() {
		var err error
		if credential, err = identity(c.ClientID); err != nil {
			return nil, err
		}
	}
	return tables.New(tables.Options{
		ConnectionString: c.Tables.Connection.Reveal(), ServiceURI: c.Tables.ServiceURI,
		Credential: credential, Table: ledger.Table,
	})
}

// checking is what the posture checks are asked with.
func (p *parts) checking() checkposture.Options {
	o := checkposture.Options{
		Collector: p.collector(), Journal: p.journal, Sender: p.dispatcher, Policy: p.policy, Problems: p.unread,
		Instance: p.config.InstanceName, Now: p.now, Log: p.log,
	}
	for _, r := range p.config.AcceptedRisks {
		o.Risks = append(o.Risks, posture.AcceptedRisk(r))
	}
	return o
}

// collector reads the tenant; without a way to Graph, every section says that it was not read.
func (p *parts) collector() checkposture.Collector {
	o := graph.Options{Endpoint: p.config.Graph.URL, TenantID: p.config.TenantID, Policy: p.policy, Now: p.now}
	for _, a := range p.accounts.All() {
		o.Accounts = append(o.Accounts, graph.Account{ID: a.ObjectID, Name: a.Label(), UserPrincipalName: a.UserPrincipalName})
	}
	if !p.config.Graph.Anonymous {
		credential, err := identity(p.config.ClientID)
		if err != nil {
			return blind{o, err}
		}
		o.Credential = credential
	}
	client, err := graph.New(o)
	if err != nil {
		return blind{o, err}
	}
	return client
}

// portal is where the admin centre of the cloud is.
func portal(c config.Cloud) string {
	if c == config.CloudUSGov {
		return "https://entra.microsoft.us"
	}
	return "https://entra.microsoft.com"
}

// stops is why nothing can be watched, in one error; nil if everything that is needed is there.
func stops(problems []config.Problem) error {
	var list []error
	for _, p := range problems {
		if p.Stops {
			list = append(list, errors.New(p.String()))
		}
	}
	return errors.Join(list...)
}

// claimant tells this process apart from the others that may sweep at the same time.
func claimant() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return host + "-" + strconv.Itoa(os.Getpid())
}

// notices are what is said of Glasswatch itself.
func (p *parts) notices() *keepwatch.Notices {
	n := &keepwatch.Notices{Announce: p.journal, Channels: p.dispatcher.Channels(), Instance: p.config.InstanceName, Now: p.now}
	for _, problem := range p.problems {
		n.Problems = append(n.Problems, keepwatch.Problem{Setting: problem.Setting, Problem: problem.Problem, Fix: problem.Fix, Stops: problem.Stops})
	}
	return n
}

// lookout reads ahead of a partition that is held up; nil without access to the hub.
func (p *parts) lookout(watcher *watchlogs.Watcher) keepwatch.Lookout {
	c := p.config.Hub
	if !c.Set() || c.ReplayGroup == "" || p.misconfigured != nil {
		return nil
	}
	o := hub.Options{ConnectionString: c.Connection.Reveal(), Namespace: c.Namespace, Name: c.Name, ConsumerGroup: c.ReplayGroup}
	if c.Connection.Empty() {
		credential, err := identity(p.config.ClientID)
		if err != nil {
			p.log.Error("no identity to read the hub with: nothing can be alerted ahead of a partition that is held up", "error", err.Error())
			return nil
		}
		o.Credential = credential
	}
	return keepwatch.NewReadAhead(hub.New(o), p.store, p.siren, watcher.Find, p.now, p.log)
}

// principal names the signed-in person of a request. Only where the platform authenticates
// callers does it write this header itself; elsewhere anybody can send it.
func (p *parts) principal(r *http.Request) string {
	if !p.config.Authenticates {
		return ""
	}
	return strings.TrimSpace(r.Header.Get("X-MS-CLIENT-PRINCIPAL-NAME"))
}

// probes are what must work for Glasswatch to be well.
func (p *parts) probes() []showhealth.Probe {
	return []showhealth.Probe{
		func(context.Context) error {
			for _, problem := range p.problems {
				if _, given := p.lookupEnv(problem.Setting); given || problem.Stops { // what is not set on purpose is no illness
					return errors.New(problem.String())
				}
			}
			return nil
		},
		func(context.Context) error {
			if len(p.dispatcher.Channels()) == 0 {
				return errors.New("there is no channel")
			}
			return nil
		},
		func(ctx context.Context) error {
			streams, err := p.journal.Streams(ctx)
			for _, stream := range streams {
				owed, err := p.journal.AllOwed(ctx, stream)
				if err != nil {
					return err
				}
				for _, a := range owed {
					if p.now().Sub(a.OwedAt) > owedTooLong {
						return fmt.Errorf("alert %s is owed since %s", a.ID, a.OwedAt)
					}
				}
			}
			return err
		},
	}
}

// owedTooLong is how long an alert may be owed before the app calls itself degraded.
const owedTooLong = 10 * time.Minute
