# shellcheck shell=sh
# JavaScript: node.
need node || return 0

js=js
node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || js=jsold
for bug in undefinedProperty notFunction reference method getter range json \
	custom caused aggregate anonymous construct throwString throwObject \
	evaluated inVm syntax syntaxFile file recursion rejection \
	rejectionValue asyncFn timer emitter assertion abort; do
	[ $js = js ] || case $bug in
	custom | rejection | asyncFn) ;;
	*) continue ;;
	esac
	log "$js-$bug" node bugs.js "$bug"
done
log "$js-heap" node --max-old-space-size=30 bugs.js heap
