// What goes wrong in Go programs: bugs NAME.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
)

type node struct {
	name string
	next *node
}

type table struct{ rows [][]byte }

func (t *table) row(n int) []byte { return t.rows[n] }

type parseError struct {
	line int
	what string
}

func (e *parseError) Error() string {
	return fmt.Sprintf("line %d: %s", e.line, e.what)
}

var sink any

//go:noinline
func index(n int) int {
	v := []int{1, 2, 3}
	return v[n]
}

//go:noinline
func sliceBounds(n int) int {
	v := []byte("abc")
	return len(v[n:2])
}

//go:noinline
func nilMap(n int) int {
	var m map[string]int
	m["a"] = n
	return m["a"]
}

//go:noinline
func nilPointer(n int) int {
	var p *node
	return len(p.next.name) + n
}

//go:noinline
func divide(n int) int { return 10 / (n - 7) }

//go:noinline
func assertion(n int) int {
	var v any = "text"
	return v.(int) + n
}

//go:noinline
func closedChannel(n int) int {
	c := make(chan int, 1)
	close(c)
	c <- n
	return 0
}

//go:noinline
func makeSlice(n int) int { return len(make([]int, n-8)) }

//go:noinline
func customError(n int) int {
	panic(&parseError{n, "bad magic"})
}

//go:noinline
func wrappedError(n int) int {
	panic(fmt.Errorf("reading header: %w", errors.New("unexpected EOF")))
}

//go:noinline
func stringPanic(n int) int {
	panic("something bad\nin two lines")
}

type code int

//go:noinline
func valuePanic(n int) int { panic(code(n)) }

//go:noinline
func method(n int) int {
	t := &table{rows: make([][]byte, 2)}
	return len(t.row(n))
}

//go:noinline
func closure(n int) int {
	v := []int{1}
	return func(i int) int { return func() int { return v[i] }() }(n)
}

func first[T any](v []T, n int) T { return v[n] }

//go:noinline
func generic(n int) int { return first([]int{1}, n) }

//go:noinline
func nested(n int) int {
	defer func() { panic(fmt.Sprint("while cleaning up: ", n)) }()
	return index(n)
}

//go:noinline
func again(n int) int {
	defer func() { panic(recover()) }()
	return index(n)
}

//go:noinline
func inGoroutine(n int) int {
	var wait sync.WaitGroup
	wait.Add(1)
	go func() {
		defer wait.Done()
		index(n)
	}()
	wait.Wait()
	return 0
}

//go:noinline
func mapWrites(n int) int {
	runtime.GOMAXPROCS(4)
	m := map[int]int{}
	for i := 0; i < 4; i++ {
		go func() {
			for {
				m[n]++
			}
		}()
	}
	time.Sleep(time.Minute)
	return 0
}

//go:noinline
func race(n int) int {
	shared, done := n, make(chan bool)
	go func() {
		shared++
		done <- true
	}()
	shared--
	<-done
	return shared
}

//go:noinline
func deadlock(n int) int {
	c := make(chan int)
	return <-c
}

//go:noinline
func lockTwice(n int) int {
	var m sync.Mutex
	m.Lock()
	m.Lock()
	return n
}

//go:noinline
func unlockTwice(n int) int {
	var m sync.Mutex
	m.Unlock()
	return n
}

//go:noinline
func recurse(n int) int { return recurse(n+1) + 1 }

//go:noinline
func stackOverflow(n int) int { return recurse(n) }

//go:noinline
func outOfMemory(n int) int {
	var all [][]byte
	for {
		b := make([]byte, 1<<30)
		for i := range b {
			b[i] = byte(n)
		}
		all = append(all, b)
		sink = all
	}
}

//go:noinline
func wildWrite(n int) int {
	*(*int)(unsafeAt(0xdead0000)) = n
	return n
}

var bugs = map[string]func(int) int{
	"index":         index,
	"sliceBounds":   sliceBounds,
	"nilMap":        nilMap,
	"nilPointer":    nilPointer,
	"divide":        divide,
	"assertion":     assertion,
	"closedChannel": closedChannel,
	"makeSlice":     makeSlice,
	"customError":   customError,
	"wrappedError":  wrappedError,
	"stringPanic":   stringPanic,
	"valuePanic":    valuePanic,
	"method":        method,
	"closure":       closure,
	"generic":       generic,
	"nested":        nested,
	"again":         again,
	"inGoroutine":   inGoroutine,
	"mapWrites":     mapWrites,
	"race":          race,
	"deadlock":      deadlock,
	"lockTwice":     lockTwice,
	"unlockTwice":   unlockTwice,
	"stackOverflow": stackOverflow,
	"outOfMemory":   outOfMemory,
	"wildWrite":     wildWrite,
	"cgoSegv":       cgoSegv,
	"cgoAbort":      cgoAbort,
}

//go:noinline
func middleFn(bug func(int) int, n int) int { return bug(n) + 1 }

//go:noinline
func outerFn(name string, n int) int { return middleFn(bugs[name], n) + 1 }

func main() {
	fmt.Println(outerFn(os.Args[1], 7))
}
