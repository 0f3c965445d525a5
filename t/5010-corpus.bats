load lib

@test "corpus: traces, sets of them, libFuzzer's control files" {
	"$TOP/t/unit/corpus-test"
}

@test "corpus: the cover is complete, lean and as small as possible" {
	"$TOP/t/unit/cover-test"
}

@test "corpus: an input is reduced to what a test needs, lengths follow" {
	"$TOP/t/unit/reduce-test"
}
