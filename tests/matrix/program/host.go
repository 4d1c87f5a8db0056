//go:build host

package main

import (
	"os"
	"plugin"
)

func init() { plugged = open }

// open is a site in the plugin that MATRIX_PLUGIN names.
func open() (site, error) {
	p, err := plugin.Open(os.Getenv("MATRIX_PLUGIN"))
	if err != nil {
		return site{}, err
	}
	allocate, err := p.Lookup("Allocate")
	if err != nil {
		return site{}, err
	}
	return site{"newPlugged", 700, 48, allocate.(func(g, i int))}, nil
}
