package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// shiftVerdicts makes of a report one that is wrong: each verdict goes to the next site that has one. The tests hold
// the oracle against it.
func shiftVerdicts(arguments []string) (bool, error) {
	if len(arguments) != 2 {
		return false, fmt.Errorf("shift takes a report, and where to write")
	}
	text, err := os.ReadFile(arguments[0])
	if err != nil {
		return false, err
	}
	var report map[string]any
	if err := json.Unmarshal(text, &report); err != nil {
		return false, fmt.Errorf("%s: %v", arguments[0], err)
	}
	var last any
	var first map[string]any
	sites, _ := report["sites"].([]any)
	for _, s := range sites {
		site, _ := s.(map[string]any)
		if site["verdict"] == nil {
			continue
		}
		if first == nil {
			first = site
		}
		last, site["verdict"] = site["verdict"], last
	}
	if first == nil {
		return false, fmt.Errorf("%s shows no verdict", arguments[0])
	}
	first["verdict"] = last
	return true, writeJSON(arguments[1], report)
}
