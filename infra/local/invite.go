package main

import (
	"path/filepath"
	"strconv"
	"strings"
)

// invite says where everything is, and what there is to try.
func (s *stack) invite(say *speaker) {
	relative := func(path string) string {
		if r, err := filepath.Rel(filepath.Dir(s.folder), path); err == nil {
			return r
		}
		return path
	}
	var processes []string
	for name, i := range s.host.Stats().Instances {
		if name == "watchlogs" && i.PID > 0 {
			processes = append(processes, "kill -9 "+strconv.Itoa(i.PID))
		}
	}
	say.linef("")
	say.linef("  Teams channel   %s", s.page.URL())
	say.linef("  the app         %s/api/health", s.host.URL())
	say.linef("  event hub       %s", s.hub.Address())
	say.linef("  Microsoft Graph %s", s.graphURL)
	say.linef("  log             %s", relative(s.log.Name()))
	say.linef("")
	say.linef("Try, in another terminal:")
	say.linef("  . %s; %s verify", relative(filepath.Join(s.folder, settingsFile)), relative(filepath.Join(s.app, "glasswatch")))
	say.linef("  . %s; %s posture", relative(filepath.Join(s.folder, settingsFile)), relative(filepath.Join(s.app, "glasswatch")))
	say.linef("  curl -X POST '%scontrol/fault?channel=teams&mode=broken'   Teams fails; mode=well mends it", s.page.URL())
	for _, p := range processes {
		say.linef("  %s   kill the process that reads the logs; the host starts it again", p)
	}
	say.linef("Type the name of an act (quiet, spray, night, key, policy, monitoring, each, damaged) and Enter to play it again.")
	say.linef("Ctrl-C stops everything.")
	say.linef("%s", strings.Repeat("-", 40))
}
