# shellcheck shell=sh
# Rust: panics as they were until 1.72 (rustold-) and are since.
need rustc || return 0

rust=rust
rustc --version | awk '{ split($2, v, "."); exit v[2] < 73 }' || rust=rustold
rustc --edition 2021 -g -A warnings -o rustbugs bugs.rs
for bug in index unwrap_none unwrap_err expect_err overflow divide explicit \
	several_lines not_reached slice_range generic closure missing_key \
	borrowed_twice in_thread panic_in_drop stack_overflow out_of_memory \
	capacity; do
	[ $rust = rust ] || case $bug in
	index | unwrap_err | expect_err | explicit | several_lines | \
		in_thread | stack_overflow) ;;
	*) continue ;;
	esac
	log "$rust-$bug" env RUST_BACKTRACE=1 ./rustbugs "$bug"
done
log "$rust-index_short" ./rustbugs index
log "$rust-index_full" env RUST_BACKTRACE=full ./rustbugs index
rustc --edition 2021 -g -O -A warnings -o rustopt bugs.rs
log "$rust-closure_opt" env RUST_BACKTRACE=1 ./rustopt closure
[ $rust = rust ] || return 0
rustc --edition 2021 -O -C strip=symbols -A warnings -o ruststrip bugs.rs
log rust-index_stripped env RUST_BACKTRACE=1 ./ruststrip index

# Sanitizers and libFuzzer of clang, with a compiler that is told to be a
# nightly one.
need clang || return 0
sanitize() { # OUT FLAG... : of clang
	program=$1
	shift
	RUSTC_BOOTSTRAP=1 rustc --edition 2021 -g -A warnings -Zsanitizer=address \
		-Zexternal-clangrt -C linker=clang "$@" -o "$program" bugs.rs
}
sanitize rustasan -C link-arg=-fsanitize=address || return 0
for bug in use_after_free heap_overflow null_read stack_overflow index; do
	log "rust-asan_$bug" env RUST_BACKTRACE=1 ./rustasan "$bug"
done
sanitize rustfuzz --cfg fuzzing --crate-type bin -C link-dead-code \
	-C passes=sancov-module -C llvm-args=-sanitizer-coverage-level=4 \
	-C llvm-args=-sanitizer-coverage-inline-8bit-counters \
	-C link-arg=-fsanitize=address,fuzzer || return 0
for bug in unwrap_err use_after_free; do
	printf %s "$bug" >"$bug"
	log "rust-fuzz_$bug" ./rustfuzz "$bug"
done
