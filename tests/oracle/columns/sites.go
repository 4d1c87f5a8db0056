package main

import (
	"encoding/json"
	"fmt"
	"os"
)

type frame struct {
	Function, File string
	Line           int
}

// A site of escprof's JSON report.
type site struct {
	Inline        []frame
	Entry, Type   string
	Class         string
	Tiny, Refused bool
	Candidates    int
	AllocBytes    float64 `json:"alloc_bytes"`
	AllocObjects  float64 `json:"alloc_objects"`
	Verdict       *struct {
		Message, File string
		Line, Column  int
		Reason        []string
	}
}

func readSites(path string) ([]site, error) {
	var report struct {
		Schema int
		Sites  []site
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return nil, fmt.Errorf("%s: %v", path, err)
	}
	if report.Schema != 1 {
		return nil, fmt.Errorf("%s: schema %d is not known here", path, report.Schema)
	}
	return report.Sites, nil
}
