// A name server with a cache of answers: miekg/dns packs each answer, before and after the maps that it compresses names
// with came from a pool.
package main

import (
	"fmt"

	"escprof.test/validate/run"

	"github.com/miekg/dns"
)

const answers, records = 4000, 8

// answer is what the cache has for a name.
func answer(number int) *dns.Msg {
	message := new(dns.Msg)
	name := fmt.Sprintf("host%d.zone%d.example.org.", number, number%20)
	message.SetQuestion(name, dns.TypeMX)
	message.Compress = true
	for i := 0; i < records; i++ {
		record, err := dns.NewRR(fmt.Sprintf("%s 300 IN MX %d mail%d.zone%d.example.org.", name, i, i, number%20))
		if err != nil {
			panic(err)
		}
		message.Answer = append(message.Answer, record)
	}
	return message
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		random := run.Random(w + 7)
		cache := make([]*dns.Msg, answers)
		for i := range cache {
			cache[i] = answer(i)
		}
		questions := make([][]byte, answers)
		for i := range questions {
			question := new(dns.Msg)
			question.SetQuestion(fmt.Sprintf("host%d.zone%d.example.org.", i, i%20), dns.TypeMX)
			packed, err := question.Pack()
			if err != nil {
				panic(err)
			}
			questions[i] = packed
		}
		buffer := make([]byte, 4096)
		for i := 0; i < run.Scaled(800000); i++ {
			question := new(dns.Msg)
			if err := question.Unpack(questions[random.Next()%answers]); err != nil {
				panic(err)
			}
			message := cache[random.Next()%answers]
			message.Id = uint16(i)
			sum += uint64(len(question.Question[0].Name))
			packed, err := message.PackBuffer(buffer)
			if err != nil {
				panic(err)
			}
			sum = run.Hash(sum, packed)
		}
		return sum
	}))
}
