package main

import (
	"net/http"

	"github.com/go-kratos/kratos/v2/errors"
)

const linesPerOrder = 64

// reserveSlow says no with an error of its own each time.
func reserveSlow(line int) error {
	if line%2 == 0 {
		return errors.Conflict("OUT_OF_STOCK", "the product is sold out")
	}
	return nil
}

var errOutOfStock = errors.Conflict("OUT_OF_STOCK", "the product is sold out")

// reserveFixed says no with the same value each time.
func reserveFixed(line int) error {
	if line%2 == 0 {
		return errOutOfStock
	}
	return nil
}

// checkout tries each line of an order. Which warehouse it asks is decided elsewhere, so the compiler cannot look into
// the call, as it can't in most services.
type checkout struct {
	reserve func(line int) error
}

func (c *checkout) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refused := 0
	for line := 0; line < linesPerOrder; line++ {
		if err := c.reserve(line); err != nil {
			refused++
		}
	}
	reply(w, refused)
}
