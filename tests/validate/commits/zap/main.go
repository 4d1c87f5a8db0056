// A shop that logs each order as it changes: zap encodes it by reflection, before and after the buffer for that came from
// a pool.
package main

import (
	"fmt"

	"escprof.test/validate/run"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

const orders, lines = 25000, 12

type line struct {
	Article string  `json:"article"`
	Name    string  `json:"name"`
	Count   int     `json:"count"`
	Price   float64 `json:"price"`
}

type order struct {
	Number   int     `json:"number"`
	Customer string  `json:"customer"`
	Street   string  `json:"street"`
	City     string  `json:"city"`
	Lines    []*line `json:"lines"`
}

// place makes an order, which lives until another takes its number.
func place(number, visit int) *order {
	made := &order{Number: number, Customer: fmt.Sprintf("customer-%d", visit%9973), Street: "Long Street 17", City: "Springfield",
		Lines: make([]*line, lines)}
	for i := range made.Lines {
		made.Lines[i] = &line{Article: articles[(number+i)%len(articles)], Name: "a thing for the house", Count: i + 1,
			Price: float64(visit%1000) / 4}
	}
	return made
}

var articles = func() []string {
	names := make([]string, 500)
	for i := range names {
		names[i] = fmt.Sprintf("article-%05d", i*37)
	}
	return names
}()

func main() {
	run.Start()
	run.End(run.Work(func(w int) uint64 {
		var out run.Hashed
		encoder := zapcore.NewJSONEncoder(zapcore.EncoderConfig{MessageKey: "message", LevelKey: "level",
			EncodeLevel: zapcore.LowercaseLevelEncoder})
		logger := zap.New(zapcore.NewCore(encoder, zapcore.AddSync(&out), zapcore.InfoLevel))
		random := run.Random(w + 3)
		table := make([]*order, orders)
		for i := range table {
			table[i] = place(i, i)
		}
		for visit := 0; visit < run.Scaled(750000); visit++ {
			number := int(random.Next() % orders)
			if visit%4 == 0 {
				table[number] = place(number, visit)
			}
			logger.Info("order", zap.Int("visit", visit), zap.Reflect("order", table[number]))
		}
		return out.Sum
	}))
}
