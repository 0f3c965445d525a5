# gdb's output: up to what stopped the program, then the last backtrace without
# the frames that tailcalls.py names.
{ line[NR] = $0 }
/ received signal / && !stop { stop = NR }
$1 == "#0" { last = NR }
$1 == "tailcall" { drop["#" $2] = 1 }
END {
	if (!last)
		stop = last = NR
	for (i = 1; i <= NR; i++) {
		split(line[i], word, " ")
		if (!(word[1] in drop) && word[1] != "tailcall" &&
		    (i <= stop || i >= last))
			print line[i]
	}
}
