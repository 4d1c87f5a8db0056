// A keeper of secrets: each is dealt out in shares, numbers modulo a large prime, of which enough give the secret again;
// shares are checked against what was noted of them, and the last deals are kept. A small heap of large numbers.
package main

import (
	"crypto/sha256"
	"hash"
	"math/big"

	"escprof.test/validate/run"
)

const (
	deals  = 2200 // that are kept
	shares = 7
	needed = 3
	width  = 32 // bytes of a number
)

// share is a point of a deal's polynomial.
type share struct {
	at    int64
	value *big.Int
	check uint64
	notes *notes
	own   notes // the same without a pointer
}

type deal struct {
	number int
	shares [shares]*share
	fixed  [shares]share // the same without pointers
}

// notes are what is known of a share: who has it, since when, and how often it was seen.
type notes struct{ owner, reason, time, seen int }

type keeper struct {
	random run.Random
	prime  *big.Int
	deals  [deals]*deal
	turn   int

	coefficients         []*big.Int
	product, quotient, x *big.Int
	sum                  big.Int
	bytes                [width]byte
	hash                 hash.Hash
	digest               [sha256.Size]byte

	noProducts, noShares, noCoefficients, noBytes, noHashers, noNotes bool
}

//go:noinline
func newProduct() *big.Int { return new(big.Int) }

//go:noinline
func multiplied(a, b *big.Int) *big.Int { return newProduct().Mul(a, b) }

//go:noinline
func newShare() *share { return new(share) }

//go:noinline
func newNotes() *notes { return new(notes) }

//go:noinline
func newCoefficients(k *keeper) []*big.Int {
	list := make([]*big.Int, needed)
	for i := range list {
		list[i] = k.fill(new(big.Int))
	}
	return list
}

//go:noinline
func bytesOf(number *big.Int) []byte { return number.FillBytes(make([]byte, width)) }

//go:noinline
func newHasher() hash.Hash { return sha256.New() }

func newKeeper(w int) *keeper {
	k := &keeper{random: run.Random(w + 107), prime: new(big.Int), product: new(big.Int), quotient: new(big.Int),
		x: new(big.Int), hash: sha256.New(),
		noProducts: run.Without("products"), noShares: run.Without("shares"), noCoefficients: run.Without("coefficients"),
		noBytes: run.Without("bytes"), noHashers: run.Without("hashers"), noNotes: run.Without("notes")}
	k.prime.Sub(k.prime.Lsh(big.NewInt(1), 255), big.NewInt(19))
	for i := 0; i < needed; i++ {
		k.coefficients = append(k.coefficients, new(big.Int))
	}
	return k
}

// fill makes a number up.
func (k *keeper) fill(number *big.Int) *big.Int {
	for i := range k.bytes {
		k.bytes[i] = byte(k.random.Next() >> 30)
	}
	k.bytes[0] &= 0x3f
	return number.SetBytes(k.bytes[:])
}

// times is a·b modulo the prime, written to the number RESULT.
func (k *keeper) times(result, a, b *big.Int) {
	if k.noProducts {
		k.product.Mul(a, b)
		k.quotient.QuoRem(k.product, k.prime, result)
	} else {
		k.quotient.QuoRem(multiplied(a, b), k.prime, result)
	}
}

// value is what the polynomial is at AT, a number that is kept.
func (k *keeper) value(coefficients []*big.Int, at int64) *big.Int {
	k.sum.Set(coefficients[needed-1])
	k.x.SetInt64(at)
	for i := needed - 2; i >= 0; i-- {
		k.times(&k.sum, &k.sum, k.x)
		k.sum.Add(&k.sum, coefficients[i])
		if k.sum.Cmp(k.prime) >= 0 {
			k.sum.Sub(&k.sum, k.prime)
		}
	}
	return new(big.Int).Set(&k.sum)
}

func (k *keeper) checkOf(number *big.Int) uint64 {
	h := k.hash
	if k.noHashers {
		h.Reset()
	} else {
		h = newHasher()
	}
	if k.noBytes {
		h.Write(number.FillBytes(k.bytes[:]))
	} else {
		h.Write(bytesOf(number))
	}
	return run.Hash(0, h.Sum(k.digest[:0])[:8])
}

func (k *keeper) deal(number int) *deal {
	coefficients := k.coefficients
	if k.noCoefficients {
		for _, c := range coefficients {
			k.fill(c)
		}
	} else {
		coefficients = newCoefficients(k)
	}
	d := &deal{number: number}
	for i := range d.shares {
		s := &d.fixed[i]
		if !k.noShares {
			s = newShare()
		}
		*s = share{at: int64(i + 1), value: k.value(coefficients, int64(i+1))}
		s.check = k.checkOf(s.value)
		if s.notes = &s.own; !k.noNotes {
			s.notes = newNotes()
		}
		*s.notes = notes{number % 777, number % 5, number, 0}
		d.shares[i] = s
	}
	return d
}

// look checks one share of a deal that is kept.
func (k *keeper) look(d *deal) uint64 {
	s := d.shares[k.random.Next()>>20%shares]
	if k.checkOf(s.value) != s.check {
		panic("a share has changed")
	}
	s.notes.seen++
	k.times(&k.sum, s.value, d.shares[0].value)
	return s.check + uint64(s.notes.seen*s.notes.owner) + k.sum.Uint64()
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		k := newKeeper(w)
		for i := 0; i < run.Scaled(300000); i++ {
			k.deals[k.turn%deals] = k.deal(i)
			k.turn++
			for look := 0; look < 4; look++ {
				if d := k.deals[k.random.Next()>>20%deals]; d != nil {
					sum = sum*31 + k.look(d)
				}
			}
		}
		return sum
	}))
}
