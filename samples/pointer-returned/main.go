// Command pointer-returned looks up users that are not there: every miss returns a new *errors.Error.
package main

import (
	"github.com/go-kratos/kratos/v2/errors"

	"escprof/samples/internal/measure"
)

const missesPerOperation = 16

var users = map[int]string{1: "ada", 2: "grace"}

// findSlow makes its error anew for each miss: errors.New returns &Error{…}, which the caller keeps.
func findSlow(id int) (string, error) {
	name, found := users[id]
	if !found {
		return "", errors.NotFound("USER_NOT_FOUND", "no such user")
	}
	return name, nil
}

// errUserNotFound is made once. It says all that the error of findSlow says, since nothing in that depends on the id.
var errUserNotFound = errors.NotFound("USER_NOT_FOUND", "no such user")

// findFixed returns the same static value each time.
func findFixed(id int) (string, error) {
	name, found := users[id]
	if !found {
		return "", errUserNotFound
	}
	return name, nil
}

var misses int

func countMisses(find func(int) (string, error)) func() {
	return func() {
		for id := 100; id < 100+missesPerOperation; id++ {
			if _, err := find(id); err != nil {
				misses++
			}
		}
	}
}

func main() {
	measure.Main("pointer-returned", measure.Variants{Slow: countMisses(findSlow), Fixed: countMisses(findFixed)})
}
