// family: a program that starts others, and itself, in all the ways there are.
package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

var sink []*[8]int

func usage(err error) {
	fmt.Fprintln(os.Stderr, "family:", err)
	os.Exit(1)
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		usage(err)
	}
	return n
}

//go:noinline
func allocate(n int) {
	for i := 0; i < n; i++ {
		sink = append(sink[:0], new([8]int))
	}
}

// status is what /proc says of this process in the line KEY.
func status(key string) string {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		usage(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, key+":") {
			return strings.TrimSpace(line[len(key)+1:])
		}
	}
	return "?"
}

// leaf allocates N objects, says who it is, and ends with CODE.
func leaf(n, code int) {
	allocate(n)
	fmt.Printf("leaf %d of %d pid %d tracer %s\n", n, os.Getppid(), os.Getpid(), status("TracerPid"))
	os.Exit(code)
}

// run starts a command and says how it ended.
func run(name string, arguments ...string) {
	command := exec.Command(name, arguments...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := command.Run()
	if command.ProcessState == nil {
		fmt.Println("not run:", err)
		return
	}
	fmt.Println("ended:", command.ProcessState)
}

// parent has three children of Go, and some of C, by os/exec.
func parent() {
	self := os.Args[0]
	allocate(1000)
	run(self, "leaf", "2000", "0")
	run(self, "leaf", "3000", "3")
	run(self, "leaf", "40000", "0")
	run("sh", "-c", `grep -c -E "LD_PRELOAD=.*libescprof|ESCPROF_SOCKET" /proc/self/environ; exit 4`)
	run("sh", "-c", `true; sh -c '"$0" leaf 5000 5; kill -TERM $$' "$0"`, self)
	run("/no/such/program")
	fmt.Println("parent: tracer", status("TracerPid"))
}

// many starts N children, some at once, and counts what came of them.
func many(n int) {
	var group sync.WaitGroup
	var lock sync.Mutex
	good := 0
	work := make(chan int)
	for i := 0; i < 4; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for child := range work {
				var out bytes.Buffer
				command := exec.Command(os.Args[0], "leaf", "100", strconv.Itoa(child%7))
				command.Stdout = &out
				command.Run()
				lock.Lock()
				if command.ProcessState.ExitCode() == child%7 && strings.HasPrefix(out.String(), "leaf 100 ") {
					good++
				}
				lock.Unlock()
			}
		}()
	}
	for i := 0; i < n; i++ {
		work <- i
	}
	close(work)
	group.Wait()
	fmt.Println("good", good)
}

// wait says that it is there, how it is asked to end, and whether it is asked again.
func wait() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals)
	signal.Reset(syscall.SIGURG)
	fmt.Println("ready", os.Getpid())
	fmt.Println("got", <-signals)
	time.Sleep(300 * time.Millisecond)
	for len(signals) > 0 {
		fmt.Println("got", <-signals)
	}
}

// listen answers one connection on the socket that it was given, as services of systemd are.
func listen() {
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) || os.Getenv("LISTEN_FDS") != "1" {
		fmt.Println("not for me:", os.Getenv("LISTEN_PID"), os.Getpid())
		os.Exit(1)
	}
	allocate(1000)
	connection, _, err := syscall.Accept(3)
	if err != nil {
		usage(err)
	}
	fmt.Fprintf(os.NewFile(uintptr(connection), "connection"), "pid %d parent %d\n", os.Getpid(), os.Getppid())
}

// ask prints what whoever listens at PATH has to say.
func ask(path string) {
	connection, err := net.Dial("unix", path)
	if err != nil {
		usage(err)
	}
	if _, err := io.Copy(os.Stdout, connection); err != nil {
		usage(err)
	}
}

// activate listens, leaves the port in FILE, and becomes a command that has the socket as descriptor 3.
func activate(file string, command []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		usage(err)
	}
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		usage(err)
	}
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	if err := os.WriteFile(file, []byte(port), 0o644); err != nil {
		usage(err)
	}
	if err := syscall.Dup2(int(socket.Fd()), 3); err != nil {
		usage(err)
	}
	environment := append(os.Environ(), "LISTEN_FDS=1", "LISTEN_PID="+strconv.Itoa(os.Getpid()))
	usage(syscall.Exec(command[0], command, environment))
}

func main() {
	if len(os.Args) < 2 {
		usage(fmt.Errorf("what?"))
	}
	switch os.Args[1] {
	case "leaf":
		leaf(number(os.Args[2]), number(os.Args[3]))
	case "parent":
		parent()
	case "many":
		many(number(os.Args[2]))
	case "become": // allocates, and is the rest of the command line from then on
		allocate(1000)
		usage(syscall.Exec(os.Args[2], os.Args[2:], os.Environ()))
	case "fail-to-become": // tries to, and allocates
		fmt.Println(syscall.Exec("/no/such/program", []string{"program"}, os.Environ()))
		time.Sleep(1500 * time.Millisecond)
		leaf(1000, 0)
	case "slowly": // a child every 100 ms
		for i := 0; i < number(os.Args[2]); i++ {
			run(os.Args[0], "leaf", "1000", "0")
			time.Sleep(100 * time.Millisecond)
		}
	case "in-time": // a child's leaf that lives N ms
		allocate(1000)
		time.Sleep(time.Duration(number(os.Args[2])) * time.Millisecond)
		leaf(1000, 0)
	case "wait":
		wait()
	case "activate":
		activate(os.Args[2], os.Args[3:])
	case "listen":
		listen()
	case "ask":
		ask(os.Args[2])
	default:
		usage(fmt.Errorf("no such thing: %s", os.Args[1]))
	}
}
