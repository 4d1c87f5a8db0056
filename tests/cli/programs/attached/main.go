// A program to attach to: goroutines that work and check what they work out, many that wait, an HTTP server, and known
// numbers of allocations when asked for. Prints its address; ends at GET /end, or at SIGTERM, with "fine" or what went
// wrong.
//
//	attached [-workers N] [-waiters N] [-threads N] [-exec] [-seccomp] | -trace PID | -ask ADDRESS | -no-ptrace COMMAND…
package main

import (
	"context"
	"flag"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

type node struct {
	next *node
	pad  [6]int
}

type known struct{ a, b, c, d *int }

var (
	wrong  atomic.Int64
	rounds atomic.Int64
	kept   [8]*known
)

// work allocates a list and a buffer, and sums up what it wrote there.
//
//go:noinline
func work(seed int) int {
	var head *node
	for i := 0; i < 64; i++ {
		head = &node{next: head}
		head.pad[i%6] = seed + i
	}
	buffer := make([]byte, 100+seed%400)
	for i := range buffer {
		buffer[i] = byte(seed + i)
	}
	sum := int(crc32.ChecksumIEEE(buffer))
	for ; head != nil; head = head.next {
		for _, p := range head.pad {
			sum += p
		}
	}
	return sum
}

func worker() {
	var want [16]int
	for seed := range want {
		want[seed] = work(seed)
	}
	for i := 0; ; i++ {
		if work(i%len(want)) != want[i%len(want)] {
			wrong.Add(1)
		}
		rounds.Add(1)
		if i%64 == 0 {
			runtime.Gosched()
		}
	}
}

// keepKnown allocates n objects of 32 bytes at one line.
//
//go:noinline
func keepKnown(g, n int) {
	for i := 0; i < n; i++ {
		kept[g] = &known{} // mark: known
	}
}

func allocate(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.FormValue("n"))
	var wait sync.WaitGroup
	for g := 0; g < 2; g++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			keepKnown(g, n/2)
		}()
	}
	wait.Wait()
	fmt.Fprintln(w, n)
}

// blockThread keeps a thread in a system call that the runtime knows nothing of.
func blockThread() {
	runtime.LockOSThread()
	var pipe [2]int
	if syscall.Pipe(pipe[:]) == nil {
		syscall.Read(pipe[0], make([]byte, 1))
	}
}

// hold traces a process that runs on, until we are killed.
func hold(pid int) {
	runtime.LockOSThread()
	if _, _, e := syscall.RawSyscall6(syscall.SYS_PTRACE, 0x4206 /* PTRACE_SEIZE */, uintptr(pid), 0, 0, 0, 0); e != 0 {
		fmt.Println(e)
		os.Exit(1)
	}
	fmt.Println("traced")
	time.Sleep(time.Hour)
}

type instruction struct {
	code   uint16
	jt, jf uint8
	k      uint32
}

// filter puts all threads under seccomp.
func filter(program ...instruction) {
	program = append(program, instruction{0x06, 0, 0, 0x7fff0000}) // return SECCOMP_RET_ALLOW
	arguments := struct {
		length uint16
		filter *instruction
	}{uint16(len(program)), &program[0]}
	runtime.LockOSThread()
	syscall.RawSyscall(syscall.SYS_PRCTL, 38 /* PR_SET_NO_NEW_PRIVS */, 1, 0)
	if _, _, e := syscall.RawSyscall(317 /* seccomp */, 1, 1, uintptr(unsafe.Pointer(&arguments))); e != 0 {
		fmt.Println(e)
		os.Exit(1)
	}
	runtime.UnlockOSThread()
}

// withoutPtrace becomes COMMAND, to whom ptrace says EPERM: as Yama does, and containers without CAP_SYS_PTRACE.
func withoutPtrace(command []string) {
	filter(
		instruction{0x20, 0, 0, 0},                  // the call's number
		instruction{0x15, 0, 1, syscall.SYS_PTRACE}, // is it this one?
		instruction{0x06, 0, 0, 0x00050000 | uint32(syscall.EPERM)},
	)
	fmt.Println(syscall.Exec(command[0], command, os.Environ()))
	os.Exit(1)
}

func execs() {
	for {
		if err := exec.Command("true").Run(); err != nil {
			wrong.Add(1)
		}
	}
}

func main() {
	workers := flag.Int("workers", 2, "goroutines that allocate")
	waiters := flag.Int("waiters", 1000, "goroutines that wait")
	threads := flag.Int("threads", 0, "threads in a read")
	starts := flag.Bool("exec", false, "start programs in a loop")
	filtered := flag.Bool("seccomp", false, "run under a filter that allows everything")
	trace := flag.Int("trace", 0, "only trace this process")
	noPtrace := flag.Bool("no-ptrace", false, "become the command that follows, which may not trace")
	server := flag.String("ask", "", "only ask the one at this address, until SIGTERM")
	flag.Parse()
	if *trace != 0 {
		hold(*trace)
	}
	if *server != "" {
		question(*server)
	}
	if *noPtrace {
		withoutPtrace(flag.Args())
	}
	if *filtered {
		filter()
	}

	for i := 0; i < *waiters; i++ {
		go func() { select {} }()
	}
	for i := 0; i < *threads; i++ {
		go blockThread()
	}
	for i := 0; i < *workers; i++ {
		go worker()
	}
	if *starts {
		go execs()
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	http.HandleFunc("/allocate", allocate)
	http.HandleFunc("/sum", func(w http.ResponseWriter, r *http.Request) {
		seed, _ := strconv.Atoi(r.FormValue("seed"))
		fmt.Fprintln(w, work(seed))
	})
	http.HandleFunc("/rounds", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, rounds.Load(), wrong.Load())
	})
	http.HandleFunc("/end", func(w http.ResponseWriter, r *http.Request) { end <- syscall.SIGTERM })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	service := &http.Server{}
	go service.Serve(listener)
	go ask("http://"+listener.Addr().String(), work(7))
	fmt.Println("http://" + listener.Addr().String())
	<-end
	if wrong.Load() != 0 {
		fmt.Println("wrong", wrong.Load())
		os.Exit(1)
	}
	service.Shutdown(context.Background())
	fmt.Println("fine")
}

// askOnce reports whether the answer is there, and right.
func askOnce(client *http.Client, address string, seed, want int) bool {
	response, err := client.Get(address + "/sum?seed=" + strconv.Itoa(seed))
	if err != nil {
		return false
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	return err == nil && string(body) == fmt.Sprintln(want)
}

// question asks another process all the time: each question must be answered, and rightly.
func question(address string) {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	client := &http.Client{Timeout: 10 * time.Second}
	asked, failed, longest := 0, 0, time.Duration(0)
	for {
		select {
		case <-end:
			fmt.Printf("asked %d failed %d longest %.1f ms\n", asked, failed, longest.Seconds()*1000)
			if failed != 0 {
				os.Exit(1)
			}
			os.Exit(0)
		case <-time.After(2 * time.Millisecond):
		}
		before := time.Now()
		if !askOnce(client, address, asked%1000, work(asked%1000)) {
			failed++
		}
		longest = max(longest, time.Since(before))
		asked++
	}
}

// ask is a client of our own server, so that the poller has something to do.
func ask(address string, want int) {
	for {
		if !askOnce(http.DefaultClient, address, 7, want) {
			wrong.Add(1)
		}
		time.Sleep(time.Millisecond)
	}
}
