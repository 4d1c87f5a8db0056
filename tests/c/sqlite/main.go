// A service on SQLite: requests over HTTP read and write a shared database and make databases of their own, and SQL calls
// Go functions back, which ask SQLite again. It loads itself by clients of its own, and at the end, before anything is
// closed, prints what the counters of counted.h say: "sqlite OBJECTS BYTES FREED FREED_BYTES", "malloc OBJECTS BYTES FREED",
// "in_place OBJECTS BYTES"; and malloc's own statistics: "glibc IN_USE" or "jemalloc OBJECTS BYTES FREED FREED_BYTES IN_USE".
// usage: sqlite REQUESTS [wait]	with the last word, a line is waited for, and nothing is made but by requests; KEPT_MB in the
// environment: lives to the end besides
package main

/*
#cgo CFLAGS: -O2 -g
#include "counted.h"
*/
import "C"

import (
	"bufio"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mattn/go-sqlite3"
)

const clients = 6

var shared *sql.DB

// initials is what SQL calls: it asks SQLite on a connection of its own, so that C stands under Go under C.
func initials(name string) (string, error) {
	db, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		return "", err
	}
	defer db.Close()
	var out string
	err = db.QueryRow("SELECT upper(substr(?, 1, 2))", name).Scan(&out)
	return out, err
}

func insert(n int) error {
	_, err := shared.Exec("INSERT INTO users(name, note) VALUES(?, ?)", "name "+strconv.Itoa(n), strings.Repeat("n", n%300))
	return err
}

func search(n int) (int, error) {
	rows, err := shared.Query("SELECT id, name FROM users WHERE name LIKE ? ORDER BY note, name", fmt.Sprintf("%%%d%%", n%10))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	count := 0
	for rows.Next() {
		var id int
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return 0, err
		}
		count++
	}
	return count, rows.Err()
}

func scratch(n int) (string, error) {
	db, err := sql.Open("sqlite3_initials", ":memory:")
	if err != nil {
		return "", err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)"); err != nil {
		return "", err
	}
	for i := 0; i < 20; i++ {
		if _, err := db.Exec("INSERT INTO t(b) VALUES(?)", strings.Repeat("text ", n%40+i)); err != nil {
			return "", err
		}
	}
	var out string
	err = db.QueryRow("SELECT initials(b) FROM t ORDER BY length(b) DESC LIMIT 1").Scan(&out)
	return out, err
}

func serve(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.FormValue("n"))
	var out any
	var err error
	switch n % 4 {
	case 0:
		err = insert(n)
	case 1:
		out, err = search(n)
	default:
		out, err = scratch(n)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, out)
}

func load(address string, requests int) {
	var group sync.WaitGroup
	var next int64
	for c := 0; c < clients; c++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := atomic.AddInt64(&next, 1); n <= int64(requests); n = atomic.AddInt64(&next, 1) {
				response, err := http.Get(fmt.Sprintf("http://%s/?n=%d", address, n))
				if err != nil {
					panic(err)
				}
				body, _ := io.ReadAll(response.Body)
				response.Body.Close()
				if response.StatusCode != http.StatusOK {
					panic(string(body))
				}
			}
		}()
	}
	group.Wait()
}

// kept lives on, so that there is something in use at the end.
var kept *sql.DB

// fill makes it some megabytes large, and as many more.
func fill(db *sql.DB, more int) error {
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE kept(a INTEGER PRIMARY KEY, b TEXT)"); err != nil {
		return err
	}
	for i := 0; i < 4000; i++ {
		if _, err := db.Exec("INSERT INTO kept(b) VALUES(?)", strings.Repeat("kept ", 100+i%200)); err != nil {
			return err
		}
	}
	for i := 0; i < more; i++ {
		if _, err := db.Exec("INSERT INTO kept(b) VALUES(?)", strings.Repeat("k", 1<<20)); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	requests, _ := strconv.Atoi(os.Args[1])
	more, _ := strconv.Atoi(os.Getenv("KEPT_MB"))
	wait := len(os.Args) > 2
	if wait {
		bufio.NewReader(os.Stdin).ReadString('\n')
	}
	if C.counted_begin() != 0 {
		panic("SQLite was in use already")
	}
	sql.Register("sqlite3_initials", &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
		return c.RegisterFunc("initials", initials, true)
	}})
	folder, err := os.MkdirTemp("", "sqlite")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	if shared, err = sql.Open("sqlite3", filepath.Join(folder, "db")+"?_journal=WAL&_sync=OFF&_busy_timeout=20000"); err != nil {
		panic(err)
	}
	if _, err = shared.Exec("CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT, note TEXT)"); err != nil {
		panic(err)
	}
	if kept, err = sql.Open("sqlite3", ":memory:"); err != nil {
		panic(err)
	}
	if !wait {
		if err = fill(kept, more); err != nil {
			panic(err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, http.HandlerFunc(serve))
	load(listener.Addr().String(), requests)
	s, m, p, own := C.counted_by_sqlite(), C.counted_by_malloc(), C.counted_in_place(), C.statistics_read()
	fmt.Println("sqlite", s.objects, s.bytes, s.freed, s.freed_bytes)
	fmt.Println("malloc", m.objects, m.bytes, m.freed)
	fmt.Println("in_place", p.objects, p.bytes)
	if C.statistics_are_jemallocs() == 0 {
		fmt.Println("glibc", own.in_use)
	} else {
		fmt.Println("jemalloc", own.all.objects, own.all.bytes, own.all.freed, own.all.freed_bytes, own.in_use)
	}
}
