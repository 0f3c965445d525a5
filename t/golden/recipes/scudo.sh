# shellcheck shell=sh
# Scudo, and GWP-ASan in it.
need clang || return 0

clang -g -O0 -fsanitize=scudo -w -o scudo "$work/crash.c" || return 0
for bug in double_free bad_free header_write; do
	log "scudo-$bug" env SCUDO_OPTIONS=GWP_ASAN_Enabled=false \
		./scudo "$bug"
done
clang++ -g -O0 -fsanitize=scudo -w -o scudo-cxx "$work/cxx.cc"
for bug in mismatch mismatch_array sized; do
	log "scudo-cxx-$bug" env SCUDO_OPTIONS=dealloc_type_mismatch=1:delete_size_mismatch=1:GWP_ASAN_Enabled=false \
		./scudo-cxx "$bug"
done
gwp=GWP_ASAN_Enabled=true:GWP_ASAN_SampleRate=1:GWP_ASAN_MaxSimultaneousAllocations=100
for bug in heap_write use_after_free double_free bad_free; do
	log "gwp-$bug" env SCUDO_OPTIONS=$gwp:GWP_ASAN_InstallSignalHandlers=true \
		./scudo "$bug"
done
