package main

import (
	"os"
	"testing"
)

func TestMatrix(t *testing.T) {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		t.Fatal(err)
	}
}
