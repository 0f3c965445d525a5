# A home with a job that found crashes, without running anything: for tests and
# for the examples of the man pages.  Source it behind lib.bash.

# fake_job ID [KEY=VALUE...]: jobs/ID/job.
fake_job() {
	local id=$1 dir=$LAGO_HOME/jobs/$1 next=1
	shift
	mkdir -p "$dir/runs"
	{
		printf '%s\n' name=png target=png project=png driver=libfuzzer \
			cpus=2 memory=2048 deadline=3600 priority=50 shards=1 \
			retries=3 submitted=1763700000
		printf '%s\n' "$@"
	} | awk -F= '{ if (!($1 in at)) at[$1] = ++n; line[at[$1]] = $0 }
		END { for (i = 1; i <= n; i++) print line[i] }' >"$dir/job"
	[ ! -f "$LAGO_HOME/jobs/.next" ] || next=$(cat "$LAGO_HOME/jobs/.next")
	[ "$next" -gt "$id" ] || echo $((id + 1)) >"$LAGO_HOME/jobs/.next"
}

# fake_run JOB RUN [KEY=VALUE...]: the file run (state done unless given),
# progress, a stats line, and a log.
fake_run() {
	local job=$1 run=$2 dir=$LAGO_HOME/jobs/$1/runs/$2 uuid
	shift 2
	mkdir -p "$dir/crashes" "$dir/reports"
	uuid=$(printf '%s' "$LAGO_HOME $job.$run" | md5sum | cut -c1-32)
	{
		printf '%s\n' "uuid=$uuid" by=lago-run node=local shard=1 \
			attempt=1 created=1763700010 state=done \
			reason=deadline start=1763700011 end=1763703700 version=0.1
		printf '%s\n' "$@"
	} | awk -F= '{ if (!($1 in at)) at[$1] = ++n; line[at[$1]] = $0 }
		END { for (i = 1; i <= n; i++) print line[i] }' >"$dir/run"
	printf '%s\n' phase=done fuzzed=3600 state=done reason=deadline \
		start=1763700011 end=1763703700 version=0.1 dropped=0 \
		untriaged=0 >"$dir/progress"
	fake_stat "$job" "$run" 10
	echo 'the log' >"$dir/log"
}

# fake_stat JOB RUN SECONDS: one more line of stats.tsv.
fake_stat() {
	printf '%d\t2\t2\t0\t%d\t500\t%d\t1000\t%d\t3\t1\t\t%d\t%d\t1\t0\t1\t90\t12\n' \
		"$3" $(($3 * 500)) $((100 + $3)) $((10 + $3)) "$3" "$3" \
		>>"$LAGO_HOME/jobs/$1/runs/$2/stats.tsv"
}

# fake_crash JOB RUN INPUT FUNCTION [KEY JSON]...: a crash input with the given
# text, what its target printed, and its record; prints its SHA-256.  The bucket
# follows from FUNCTION; KEY JSON pairs replace or add keys of the record.
fake_crash() {
	local dir=$LAGO_HOME/jobs/$1/runs/$2 input=$3 fn=$4 sha
	shift 4
	sha=$(printf '%s' "$input" | sha256sum | cut -d' ' -f1)
	mkdir -p "$dir/crashes" "$dir/reports"
	printf '%s' "$input" >"$dir/crashes/$sha"
	printf '==1==ERROR: AddressSanitizer: heap-buffer-overflow\n' \
		>"$dir/reports/$sha"
	fake_record "$sha" "$fn" "$@" >>"$dir/crashes.jsonl"
	echo "$sha"
}

# fake_record SHA FUNCTION [KEY JSON]...: the record alone.
fake_record() {
	local sha=$1 fn=$2 text bucket exact
	shift 2
	bucket=$(printf 'memory %s' "$fn" | sha256sum | cut -c1-12)
	exact=$(printf '%s png.c:42:7' "$fn" | sha256sum | cut -c1-12)
	text=$(printf '%s' '{"v":1,"log":null,"input":"crashes/'"$sha"'",' \
		'"input_sha256":"'"$sha"'",' \
		'"crash_type":"Heap-buffer-overflow\nREAD 4",' \
		'"crash_address":"0x602000000014","crash_state":"'"$fn"'\n' \
		'png_decode\nLLVMFuzzerTestOneInput\n","security":true,' \
		'"cf_severity":"medium","crash":true,' \
		'"kind":"heap-buffer-overflow","tool":"asan","access":"READ",' \
		'"access_size":4,"address":"0x602000000014","near_null":false,' \
		'"region":{"kind":"heap","size":4,"offset":0,"where":"after"},' \
		'"signal":null,"signal_name":null,"pc":"0x4f1234",' \
		'"sp":"0x7ffd0","bp":null,"thread":"T0","message":null,' \
		'"exception":null,"top":["'"$fn"'","png_decode"],"frames":[' \
		'{"i":0,"fn":"'"$fn"'","raw":"'"$fn"'","file":"png.c",' \
		'"line":42,"col":7,"mod":null,"off":null,"pc":"0x4f1234",' \
		'"inl":false,"ign":false},' \
		'{"i":1,"fn":"png_decode","raw":"png_decode","file":"png.c",' \
		'"line":99,"col":3,"mod":null,"off":null,"pc":"0x4f1300",' \
		'"inl":false,"ign":false},' \
		'{"i":2,"fn":"LLVMFuzzerTestOneInput",' \
		'"raw":"LLVMFuzzerTestOneInput","file":"fuzz.c","line":12,' \
		'"col":1,"mod":null,"off":null,"pc":"0x4f1400","inl":false,' \
		'"ign":true}],"stacks":[],"severity":"medium",' \
		'"severity_reason":"reads behind a heap block",' \
		'"exploitability":"probably","class":"heap-buffer-overflow(read)",' \
		'"crash_line":"png.c:42:7","bucket":"'"$bucket"'",' \
		'"bucket_top":"'"$bucket"'","bucket_exact":"'"$exact"'",' \
		'"reports":1,"truncated":false,"exit_status":1,' \
		'"wall_us":12345,"replays":3,"reproduced":3,"target":"png",' \
		'"found":17,"instance":1,"origin":"fuzz","finder":"target",' \
		'"artefact":"crash-1"}')
	while [ $# -gt 0 ]; do
		text=$(jq -cn --argjson r "$text" --arg k "$1" --argjson v "$2" \
			'$r | .[$k] = $v')
		shift 2
	done
	printf '%s\n' "$text"
}

# fake_home: job 1 with a done run, three bugs and four crashes; job 2 queued.
# Imported.
fake_home() {
	fake_job 1
	fake_run 1 1
	{
		fake_crash 1 1 'crash a' png_read
		fake_crash 1 1 'a longer crash of a' png_read \
			access '"WRITE"' severity '"high"'
		fake_crash 1 1 'crash b' png_palette \
			kind '"heap-use-after-free"'
		fake_crash 1 1 'crash c' png_name severity '"low"' \
			reproduced 0 exit_status 101
		fake_job 2 name=zip target=zip project=zip
		lago-import
	} >/dev/null
}
