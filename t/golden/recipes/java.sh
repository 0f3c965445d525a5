# shellcheck shell=sh
# Java.
need javac java || return 0

javac -g -nowarn Bugs.java
for bug in arrayIndex nullPointer number inner lambda cast changed caused \
	causedTwice suppressed assertion initializer reflected thread \
	recursion mutual memory tooLarge; do
	log "java-$bug" java -ea -Xmx64m -Xss512k Bugs "$bug"
done
log java-hs_err java -Xmx64m Bugs crash
