# shellcheck shell=sh
# Swift.
need swiftc || return 0

swiftc -g -Onone -module-name bugs bugs.swift -o swiftbugs
for bug in index unwrapNil overflow divide explicit precondition assertion \
	tryBang castBang generic closure range conversion duplicateKeys \
	recursion wildRead thrown; do
	log "swift-$bug" env SWIFT_BACKTRACE=enable=yes,color=no,interactive=no \
		./swiftbugs $bug
done
log swift-index_short env SWIFT_BACKTRACE=enable=no ./swiftbugs index
log swift-thrown_short env SWIFT_BACKTRACE=enable=no ./swiftbugs thrown
swiftc -O -g -module-name bugs bugs.swift -o swiftopt
log swift-generic_opt env SWIFT_BACKTRACE=enable=yes,color=no,interactive=no \
	./swiftopt generic
