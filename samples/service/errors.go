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

// checkout tries each line of an order, and gives back how many could not be had.
func checkout(reserve func(int) error) []error {
	refused := make([]error, 0, linesPerOrder)
	for line := 0; line < linesPerOrder; line++ {
		if err := reserve(line); err != nil {
			refused = append(refused, err)
		}
	}
	return refused
}

func checkoutSlow(w http.ResponseWriter, r *http.Request)  { reply(w, len(checkout(reserveSlow))) }
func checkoutFixed(w http.ResponseWriter, r *http.Request) { reply(w, len(checkout(reserveFixed))) }
