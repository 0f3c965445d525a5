# shellcheck shell=sh
# Lua, C# (mono).
if need lua5.4; then
	for bug in index arithmetic call explicit object no_place method \
		assertion library anonymous recursion memory syntax; do
		log "lua-$bug" lua5.4 bugs.lua "$bug"
	done
fi
if need mcs mono; then
	mcs -debug -out:bugs.exe Bugs.cs
	for bug in Index Null Key Generic Indexer Divide Cast Number Lambda \
		Inner InThread Static Recursion; do
		log "csharp-$bug" mono --debug bugs.exe "$bug"
	done
fi
