// A gateway that hands traces on: the trace context of OpenTelemetry is read from a request's headers and written to
// those of the next, before and after that was done without regular expressions and fmt.
package main

import (
	"context"
	"fmt"

	"escprof.test/validate/run"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

const sessions, parents = 60000, 4096

// session is what the gateway knows of a client.
type session struct {
	name, token string
	routes      []string
	last        trace.SpanContext
}

func open(number uint64) *session {
	return &session{name: fmt.Sprintf("client-%d", number), token: fmt.Sprintf("%032x", number*0x9e3779b97f4a7c15),
		routes: []string{"/orders", "/items", "/users"}}
}

// answer is the body of a reply.
//
//go:noinline
func answer(of *session, request int) []byte {
	return fmt.Appendf(make([]byte, 0, 200), `{"client":%q,"route":%q,"request":%d}`, of.name, of.routes[request%3], request)
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		random := run.Random(w + 5)
		clients := make([]*session, sessions)
		for i := range clients {
			clients[i] = open(uint64(i))
		}
		received := make([]propagation.MapCarrier, parents)
		for i := range received {
			received[i] = propagation.MapCarrier{"traceparent": fmt.Sprintf("00-%016x%016x-%016x-01", random.Next(),
				random.Next(), random.Next())}
		}
		var propagator propagation.TraceContext
		for request := 0; request < run.Scaled(1500000); request++ {
			who := random.Next() % sessions
			if request%16 == 0 {
				clients[who] = open(random.Next())
			}
			ctx := propagator.Extract(context.Background(), received[random.Next()%parents])
			clients[who].last = trace.SpanContextFromContext(ctx)
			sent := propagation.MapCarrier{}
			propagator.Inject(ctx, sent)
			sum = run.Hash(run.Hash(sum, sent["traceparent"]), answer(clients[who], request))
		}
		return sum
	}))
}
