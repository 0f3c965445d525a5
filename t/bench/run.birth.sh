# shellcheck shell=bash
# Seconds from the moment a crash file is written to its record, of all crashes
# of a run with AFL++ on one CPU, which the fuzzer keeps busy.
command -v afl-fuzz >/dev/null || without "afl-fuzz is not installed"
seconds=${BENCH_SECONDS:-20}
cpu=$(awk '/^Cpus_allowed_list/ { gsub(/.*[-,]/, "", $2); print $2 }' \
	/proc/self/status)
chunk=$TOP/share/examples/chunk
mkdir bundle
AFL_QUIET=1 AFL_USE_ASAN=1 afl-clang-fast -g -O1 -o bundle/target \
	"$chunk/chunk.c" "$chunk/main.c"
cp -R "$chunk/seeds" bundle/corpus
cp "$chunk/target.dict" bundle
printf '%s\n' driver=afl args=@@ cpus=1 "deadline=$seconds" >bundle/job
(cd bundle && zip -qr ../birth.zip .)

# Records as they come: the age of each artefact at its first one.
first_ages() {
	local line file born now
	while read -r line; do
		now=$(now)
		file=$(jq -r .artefact <<<"$line")
		born=$(stat -c %.Y run/*/out/*/crashes/"$file" 2>/dev/null) &&
			echo "$file $born $now"
	done | awk '!seen[$1]++ { print $3 - $2 }'
}

ours() {
	rm -rf run
	lago-run -q -c "$cpu" -o run birth.zip >run.log 2>&1 &
	tail --pid=$! -n +1 -F run/crashes.jsonl 2>/dev/null | first_ages >ages
	wait $!
	cat ages >>all
	median <ages
}

measure less s "crash file to record, median; afl-fuzz for $seconds s on one CPU"
sort -g all | awk -v name="$name" '{ v[NR] = $1 } END { printf \
	"# %s: %d crashes, 90%% within %.2f s, all within %.2f s\n", name, NR,
	v[int((NR * 9 + 9) / 10)], v[NR] }'
