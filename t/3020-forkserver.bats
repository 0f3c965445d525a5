load lib

@test "forkserver: both dialects, dead and lying servers, nothing left behind" {
	"$TOP/t/unit/forkserver-test"
}
