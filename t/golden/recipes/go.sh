# shellcheck shell=sh
# Go: panics, fatal errors, signals.
need go gcc || return 0

go=go
go version | awk '{ split($3, v, "."); exit v[2] < 21 }' || go=goold
export GOFLAGS=-mod=mod GOPROXY=off GOTOOLCHAIN=local GOCACHE="$PWD/gocache"
mkdir -p gobugs && mv bugs.go bugs_c.go bugs_noc.go fuzz_test.go gobugs
printf 'module example.org/gobugs\n\ngo 1.19\n' >gobugs/go.mod
(cd gobugs && CGO_ENABLED=0 go build -o ../gobug .)
for bug in index sliceBounds nilMap nilPointer divide assertion closedChannel \
	makeSlice customError wrappedError stringPanic valuePanic method \
	closure generic nested again inGoroutine mapWrites deadlock lockTwice \
	unlockTwice stackOverflow wildWrite; do
	[ $go = go ] || case $bug in
	index | customError | nilPointer | nested | again | deadlock | \
		closure | generic) ;;
	*) continue ;;
	esac
	log "$go-$bug" ./gobug "$bug"
done
[ $go = go ] || return 0
(cd gobugs && go build -o ../cgobug .)
for bug in cgoSegv cgoAbort; do
	log "go-$bug" ./cgobug "$bug"
done
log go-outOfMemory prlimit --as=3000000000 ./gobug outOfMemory
log go-index_none env GOTRACEBACK=none ./gobug index
log go-index_all env GOTRACEBACK=system ./gobug index
log go-nilPointer_crash env GOTRACEBACK=crash ./gobug nilPointer

(cd gobugs && CGO_ENABLED=0 go test -c -fuzz Row -o ../gofuzz .)
log go-test ./gofuzz -test.run TestRow
log go-fuzz ./gofuzz -test.run none -test.fuzz Row -test.parallel 1 \
	-test.fuzzcachedir "$PWD/gofuzzcache"
(cd gobugs && go build -race -o ../gorace .) &&
	log go-race ./gorace race
