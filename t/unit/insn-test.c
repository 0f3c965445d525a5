/* What instructions do, as their assemblers (GNU, 2.40) made them.  TAP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash/insn.h"

#include "tap.h"

struct row {
	const char *text;
	enum report_access access;
	const char *what, *hex;
};

#define R REPORT_READ
#define W REPORT_WRITE
#define N REPORT_UNKNOWN

/* clang-format off */
static const struct row x86[] = {
	{"movl (%rax),%ecx", R, "move",
	    "8b 08"},
	{"movl %ecx,(%rax)", W, "move",
	    "89 08"},
	{"movb $1,(%rax)", W, "move",
	    "c6 00 01"},
	{"movq $5,8(%rax,%rbx,4)", W, "move",
	    "48 c7 44 98 08 05 00 00 00"},
	{"movq %fs:40,%rax", R, "move",
	    "64 48 8b 04 25 28 00 00 00"},
	{"movabsb 0x4141414141414141,%al", R, "move",
	    "a0 41 41 41 41 41 41 41 41"},
	{"movabsl %eax,0x4141414141414141", W, "move",
	    "a3 41 41 41 41 41 41 41 41"},
	{"movslq (%rdi),%rax", R, "move",
	    "48 63 07"},
	{"movzbl (%r9),%eax", R, "move",
	    "41 0f b6 01"},
	{"movswq 3(%r12),%rax", R, "move",
	    "49 0f bf 44 24 03"},
	{"imull (%rax),%ecx", R, "move",
	    "0f af 08"},
	{"cmpl $3,(%rax)", R, "move",
	    "83 38 03"},
	{"cmpb %al,(%rdx)", R, "move",
	    "38 02"},
	{"testb $1,(%rax)", R, "move",
	    "f6 00 01"},
	{"testl %eax,(%r8)", R, "move",
	    "41 85 00"},
	{"addl %eax,(%rcx)", W, "move",
	    "01 01"},
	{"addl (%rcx),%eax", R, "move",
	    "03 01"},
	{"incl (%rax)", W, "move",
	    "ff 00"},
	{"lock xaddl %eax,(%rcx)", W, "move",
	    "f0 0f c1 01"},
	{"lock cmpxchgq %rdx,(%rcx)", W, "move",
	    "f0 48 0f b1 11"},
	{"xchgl %eax,(%rcx)", W, "move",
	    "87 01"},
	{"shll $2,(%rax)", W, "move",
	    "c1 20 02"},
	{"notl (%rax)", W, "move",
	    "f7 10"},
	{"divl (%rax)", R, "move",
	    "f7 30"},
	{"mull (%rax)", R, "move",
	    "f7 20"},
	{"sete (%rax)", W, "move",
	    "0f 94 00"},
	{"bts $3,(%rax)", W, "move",
	    "0f ba 28 03"},
	{"bt $3,(%rax)", R, "move",
	    "0f ba 20 03"},
	{"cmovel (%rax),%ecx", R, "move",
	    "0f 44 08"},
	{"movups %xmm0,(%rdi)", W, "move",
	    "0f 11 07"},
	{"movups (%rsi),%xmm0", R, "move",
	    "0f 10 06"},
	{"movq (%rax),%xmm1", R, "move",
	    "f3 0f 7e 08"},
	{"movq %xmm1,(%rax)", W, "move",
	    "66 0f d6 08"},
	{"movd %xmm1,(%rax)", W, "move",
	    "66 0f 7e 08"},
	{"movd (%rax),%xmm1", R, "move",
	    "66 0f 6e 08"},
	{"movnti %eax,(%rdi)", W, "move",
	    "0f c3 07"},
	{"pcmpeqb (%rdi),%xmm0", R, "move",
	    "66 0f 74 07"},
	{"addsd (%rdi),%xmm0", R, "move",
	    "f2 0f 58 07"},
	{"ucomisd 8(%rdi),%xmm0", R, "move",
	    "66 0f 2e 47 08"},
	{"vmovdqu (%rsi),%ymm0", R, "move",
	    "c5 fe 6f 06"},
	{"vmovdqu %ymm0,(%rdi)", W, "move",
	    "c5 fe 7f 07"},
	{"vmovdqu %ymm9,-32(%rdi,%rdx)", W, "move",
	    "c5 7e 7f 4c 17 e0"},
	{"vpcmpeqb (%rdi),%ymm0,%ymm1", R, "move",
	    "c5 fd 74 0f"},
	{"vmovq %xmm0,(%rdi)", W, "move",
	    "c5 f9 d6 07"},
	{"vmovq (%rdi),%xmm0", R, "move",
	    "c5 fa 7e 07"},
	{"vpbroadcastb (%rax),%ymm0", R, "move",
	    "c4 e2 7d 78 00"},
	{"vextracti128 $1,%ymm0,(%rax)", W, "move",
	    "c4 e3 7d 39 00 01"},
	{"vinserti128 $1,(%rax),%ymm0,%ymm1", R, "move",
	    "c4 e3 7d 38 08 01"},
	{"vpmaskmovd %ymm0,%ymm1,(%rax)", W, "move",
	    "c4 e2 75 8e 00"},
	{"vpmaskmovd (%rax),%ymm1,%ymm0", R, "move",
	    "c4 e2 75 8c 00"},
	{"vmovdqu64 %zmm16,(%rdi)", W, "move",
	    "62 e1 fe 48 7f 07"},
	{"vmovdqu64 (%rsi),%zmm16", R, "move",
	    "62 e1 fe 48 6f 06"},
	{"vpcmpneqb (%rdi),%zmm17,%k1", R, "move",
	    "62 f3 75 40 3f 0f 04"},
	{"vpmovqd %zmm0,(%rax)", W, "move",
	    "62 f2 7e 48 35 00"},
	{"vpscatterdd %zmm0,(%rax,%zmm1){%k1}", W, "move",
	    "62 f2 7d 49 a0 04 08"},
	{"vpgatherdd (%rax,%ymm1),%ymm0{%k1}", R, "move",
	    "62 f2 7d 29 90 04 08"},
	{"pextrb $1,%xmm0,(%rax)", W, "move",
	    "66 0f 3a 14 00 01"},
	{"pinsrb $1,(%rax),%xmm0", R, "move",
	    "66 0f 3a 20 00 01"},
	{"pshufb (%rax),%xmm0", R, "move",
	    "66 0f 38 00 00"},
	{"movbe %eax,(%rdi)", W, "move",
	    "0f 38 f1 07"},
	{"movbe (%rdi),%eax", R, "move",
	    "0f 38 f0 07"},
	{"crc32b (%rdi),%eax", R, "move",
	    "f2 0f 38 f0 07"},
	{"fldl (%rax)", R, "move",
	    "dd 00"},
	{"fstpl (%rax)", W, "move",
	    "dd 18"},
	{"fistpll (%rax)", W, "move",
	    "df 38"},
	{"fxsave (%rax)", W, "move",
	    "0f ae 00"},
	{"fxrstor (%rax)", R, "move",
	    "0f ae 08"},
	{"ldmxcsr (%rax)", R, "move",
	    "0f ae 10"},
	{"stmxcsr (%rax)", W, "move",
	    "0f ae 18"},
	{"cmpxchg16b (%rax)", W, "move",
	    "48 0f c7 08"},
	{"rep stosq", W, "move",
	    "f3 48 ab"},
	{"repne scasb", R, "move",
	    "f2 ae"},
	{"repe cmpsb", R, "move",
	    "f3 a6"},
	{"lodsb", R, "move",
	    "ac"},
	{"rep movsb", N, "other",
	    "f3 a4"},
	{"ud2", N, "other",
	    "0f 0b"},
	{"leaq (%rax),%rcx", N, "other",
	    "48 8d 08"},
	{"prefetcht0 (%rax)", N, "other",
	    "0f 18 08"},
	{"idivl %ecx", N, "other",
	    "f7 f9"},
	{"pushq %rbp", N, "other",
	    "55"},
	{"syscall", N, "other",
	    "0f 05"},
	{"ret", N, "return",
	    "c3"},
	{"ret $8", N, "return",
	    "c2 08 00"},
	{"call .+5", N, "call",
	    "e8 00 00 00 00"},
	{"call *(%rax)", R, "call",
	    "ff 10"},
	{"call *%rdx", N, "call",
	    "ff d2"},
	{"call *%r11", N, "call",
	    "41 ff d3"},
	{"jmp *8(%rax,%rdx,8)", R, "jump",
	    "ff 64 d0 08"},
	{"jmp *%rax", N, "jump",
	    "ff e0"},
	{"jmp .+2", N, "jump",
	    "eb 00"},
	{"je .+2", N, "jump",
	    "74 00"},
	{"jne .+2000", N, "jump",
	    "0f 85 ca 07 00 00"},
};
static const struct row arm[] = {
	{"ldr x0, [x1]", R, "move", "f9400020"},
	{"ldr w0, [x1, #4]!", R, "move", "b8404c20"},
	{"ldr x3, [x2], #8", R, "move", "f8408443"},
	{"ldr w0, [x1, x2, lsl #2]", R, "move", "b8627820"},
	{"ldr x0, .+8", R, "move", "58000040"},
	{"ldrb w0, [x1]", R, "move", "39400020"},
	{"ldrsb x0, [x1]", R, "move", "39800020"},
	{"ldrsh w2, [x3, w4, sxtw #1]", R, "move", "78e4d862"},
	{"ldrsw x0, [x1, #8]", R, "move", "b9800820"},
	{"ldur x0, [x1, #-3]", R, "move", "f85fd020"},
	{"ldtr x0, [x1]", R, "move", "f8400820"},
	{"str x0, [x1]", W, "move", "f9000020"},
	{"str wzr, [x1, #12]", W, "move", "b9000c3f"},
	{"strb w0, [x1, x2]", W, "move", "38226820"},
	{"strh w0, [x1], #2", W, "move", "78002420"},
	{"stur w0, [x1, #-4]", W, "move", "b81fc020"},
	{"sttr x0, [x1]", W, "move", "f8000820"},
	{"ldp x29, x30, [sp], #32", R, "move", "a8c27bfd"},
	{"ldp w0, w1, [x2]", R, "move", "29400440"},
	{"ldpsw x0, x1, [x2]", R, "move", "69400440"},
	{"ldnp x0, x1, [x2]", R, "move", "a8400440"},
	{"stp x29, x30, [sp, #-16]!", W, "move", "a9bf7bfd"},
	{"stp xzr, xzr, [x0, #16]", W, "move", "a9017c1f"},
	{"stnp q0, q1, [x0]", W, "move", "ac000400"},
	{"ldp q0, q1, [x1]", R, "move", "ad400420"},
	{"stp q0, q1, [x0, #32]", W, "move", "ad010400"},
	{"ldr q0, [x1]", R, "move", "3dc00020"},
	{"str q0, [x1]", W, "move", "3d800020"},
	{"ldr d0, [x1, x2]", R, "move", "fc626820"},
	{"str s0, [x1, #4]", W, "move", "bd000420"},
	{"str b3, [x1]", W, "move", "3d000023"},
	{"ld1 {v0.16b}, [x0]", R, "move", "4c407000"},
	{"st1 {v0.16b, v1.16b}, [x0]", W, "move", "4c00a000"},
	{"ld1r {v0.4s}, [x0]", R, "move", "4d40c800"},
	{"st1 {v0.b}[3], [x0], #1", W, "move", "0d9f0c00"},
	{"ldxr w0, [x1]", R, "move", "885f7c20"},
	{"stxr w2, w0, [x1]", W, "move", "88027c20"},
	{"ldaxr x0, [x1]", R, "move", "c85ffc20"},
	{"stlxp w2, x0, x1, [x3]", W, "move", "c8228460"},
	{"ldar w0, [x1]", R, "move", "88dffc20"},
	{"stlr w0, [x1]", W, "move", "889ffc20"},
	{"ldapr w0, [x1]", R, "move", "b8bfc020"},
	{"ldapur w0, [x1, #4]", R, "move", "99404020"},
	{"stlur w0, [x1, #4]", W, "move", "99004020"},
	{"cas w0, w1, [x2]", R, "move", "88a07c41"},
	{"casal x0, x1, [x2]", R, "move", "c8e0fc41"},
	{"casp x0, x1, x2, x3, [x4]", R, "move", "48207c82"},
	{"ldadd w0, w1, [x2]", R, "move", "b8200041"},
	{"swpal x0, x1, [x2]", R, "move", "f8e08041"},
	{"ldraa x0, [x1]", R, "move", "f8200420"},
	{"stg x0, [x1]", W, "move", "d9200820"},
	{"ldg x0, [x1]", R, "move", "d9600020"},
	{"dc zva, x0", W, "move", "d50b7420"},
	{"ld1b {z0.b}, p0/z, [x0]", R, "move", "a400a000"},
	{"st1w {z0.s}, p0, [x0]", W, "move", "e540e000"},
	{"prfm pldl1keep, [x0]", N, "other", "f9800000"},
	{"add x0, x1, x2", N, "other", "8b020020"},
	{"adrp x0, .", N, "other", "90000000"},
	{"brk #1", N, "other", "d4200020"},
	{"udf #0", N, "other", "00000000"},
	{"sdiv x0, x1, x2", N, "other", "9ac20c20"},
	{"fmov d0, x1", N, "other", "9e670020"},
	{"svc #0", N, "other", "d4000001"},
	{"cpyfp [x0]!, [x1]!, x2!", N, "other", "19010440"},
	{"ret", N, "return", "d65f03c0"},
	{"ret x3", N, "return", "d65f0060"},
	{"retaa", N, "return", "d65f0bff"},
	{"blr x8", N, "call", "d63f0100"},
	{"blraa x8, x9", N, "call", "d73f0909"},
	{"bl .+4", N, "call", "94000001"},
	{"br x16", N, "jump", "d61f0200"},
	{"braaz x16", N, "jump", "d61f0a1f"},
	{"b .+4", N, "jump", "14000001"},
	{"b.eq .+8", N, "jump", "54000040"},
	{"cbz x0, .+8", N, "jump", "b4000040"},
	{"tbnz w0, #3, .+8", N, "jump", "37180040"},
};
/* clang-format on */

static size_t
bytes_of(const char *hex, unsigned char *p)
{
	size_t n = 0;
	char *end;

	for (; *hex != '\0'; hex = end)
		p[n++] = (unsigned char)strtoul(hex, &end, 16);
	return n;
}

static size_t
word_of(const char *hex, unsigned char *p)
{
	unsigned long w = strtoul(hex, NULL, 16);

	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(w >> 8 * i);
	return 4;
}

static void
check(enum insn_machine machine, const struct row *row)
{
	unsigned char p[16];
	size_t n = machine == INSN_X86_64 ? bytes_of(row->hex, p)
					  : word_of(row->hex, p);

	tap_ok(insn_access(machine, p, n) == row->access, row->text);
	tap_ok(strcmp(insn_what(machine, p, n), row->what) == 0, row->what);
	for (size_t i = 0; i < n; i++) {
		insn_access(machine, p, i);
		insn_what(machine, p, i);
	}
	if (machine == INSN_X86_64)
		tap_ok(insn_call_before(p, n) == !strcmp(row->what, "call"),
		    "a call in front");
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(x86) / sizeof(x86[0]); i++)
		check(INSN_X86_64, &x86[i]);
	for (size_t i = 0; i < sizeof(arm) / sizeof(arm[0]); i++)
		check(INSN_AARCH64, &arm[i]);
	tap_ok(insn_what(INSN_OTHER, (const unsigned char *)"\xc3", 1) == NULL,
	    "nothing is known of other machines");
	return tap_end();
}
