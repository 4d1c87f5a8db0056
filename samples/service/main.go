// Command service is a small shop over HTTP, written the way such services are: each route holds one of the article's
// escapes, and /fixed/… does the same work without it. It is what `make demo` profiles.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

const shutdownTimeout = 5 * time.Second

// routes are the pairs of handlers: /NAME has the escape, /fixed/NAME has not.
var routes = []struct {
	name        string
	slow, fixed http.Handler
}{
	{"errors", &checkout{reserveSlow}, &checkout{reserveFixed}},
	{"struct", http.HandlerFunc(catalogueSlow), http.HandlerFunc(catalogueFixed)},
	{"slice", http.HandlerFunc(histogramSlow), http.HandlerFunc(histogramFixed)},
	{"make", http.HandlerFunc(quantilesSlow), http.HandlerFunc(quantilesFixed)},
	{"closure", http.HandlerFunc(ticketsSlow), http.HandlerFunc(ticketsFixed)},
	{"point", http.HandlerFunc(routeSlow), http.HandlerFunc(routeFixed)},
}

func main() {
	port := flag.Int("port", 0, "port on 127.0.0.1; 0 lets the system choose")
	addressFile := flag.String("address-file", "", "write the address here too, once it is listened at")
	sessions := flag.Int("sessions", 2000, "customers who keep a goroutine and a basket each")
	fixed := flag.Bool("fixed-sessions", false, "baskets without pointers")
	flag.Parse()
	session := runSession
	if *fixed {
		session = runFixedSession
	}
	opened := func(ctx context.Context) { openSessions(ctx, *sessions, session) }
	if err := serve(*port, opened, *addressFile); err != nil {
		fmt.Fprintln(os.Stderr, "service:", err)
		os.Exit(1)
	}
}

// serve answers until SIGTERM or SIGINT, then lets the requests under way finish.
func serve(port int, openSessions func(context.Context), addressFile string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	address := "http://" + listener.Addr().String()
	fmt.Println("listening on", address)
	if addressFile != "" {
		if err := os.WriteFile(addressFile, []byte(address+"\n"), 0o644); err != nil {
			return err
		}
	}
	openSessions(ctx)

	server := &http.Server{Handler: newMux()}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	deadline, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(deadline); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

func newMux() *http.ServeMux {
	mux := http.NewServeMux()
	for _, route := range routes {
		mux.Handle("/"+route.name, route.slow)
		mux.Handle("/fixed/"+route.name, route.fixed)
	}
	return mux
}

// queryInt reads the number NAME of the query, between 1 and limit; fallback when it isn't there.
func queryInt(r *http.Request, name string, fallback, limit int) int {
	n, err := strconv.Atoi(r.URL.Query().Get(name))
	if err != nil || n < 1 {
		return fallback
	}
	return min(n, limit)
}

func reply(w http.ResponseWriter, n int) {
	w.Header().Set("Content-Type", "text/plain")
	w.Write(strconv.AppendInt(nil, int64(n), 10))
}
