#include "crash/insn.h"

#if defined(__x86_64__)

/* Behind the prefixes: opcode (0x0f00 is added for two-byte ones) and ModRM. */
struct insn {
	unsigned op;
	int modrm; /* -1 none */
};

static struct insn
decode(const unsigned char *p, size_t n)
{
	struct insn in = {.modrm = -1};
	size_t i = 0;

	while (
	    i < n && (p[i] == 0x66 || p[i] == 0xf2 || p[i] == 0xf3 ||
			 p[i] == 0x2e || p[i] == 0x3e || p[i] == 0x64 ||
			 p[i] == 0x65 || (p[i] & 0xf0) == 0x40 || p[i] == 0xf0))
		i++;
	if (i < n && p[i] == 0x0f) {
		in.op = 0x0f00;
		i++;
	}
	if (i < n)
		in.op |= p[i++];
	if (i < n)
		in.modrm = p[i];
	return in;
}

static bool
memory_operand(struct insn in)
{
	return in.modrm >= 0 && in.modrm >> 6 != 3;
}

static int
group(struct insn in)
{
	return in.modrm >> 3 & 7;
}

const char *
insn_what(const unsigned char *p, size_t n)
{
	struct insn in;

	if (n == 0)
		return NULL;
	in = decode(p, n);
	if (in.op == 0xc3 || in.op == 0xc2 || in.op == 0xcb || in.op == 0xca)
		return "return";
	if (in.op == 0xe8 || (in.op == 0xff && (group(in) | 1) == 3))
		return "call";
	if (in.op == 0xe9 || in.op == 0xeb ||
	    (in.op == 0xff && (group(in) | 1) == 5))
		return "jump";
	return insn_access(p, n) != REPORT_UNKNOWN ? "move" : "other";
}

/* Opcodes whose memory operand is only written. */
static bool
stores(struct insn in)
{
	static const unsigned ops[] = {0x88, 0x89, 0xc6, 0xc7, 0x0f11, 0x0f13,
	    0x0f17, 0x0f29, 0x0f2b, 0x0f7e, 0x0f7f, 0x0fd6, 0x0fe7, 0x0fc3};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (in.op == ops[i])
			return true;
	return in.op >= 0x0f90 && in.op <= 0x0f9f; /* setcc */
}

/* Loads, and what reads before it writes: the read faults first. */
static bool
loads(struct insn in)
{
	static const unsigned ops[] = {0x8a, 0x8b, 0x63, 0x69, 0x6b, 0x84, 0x85,
	    0x80, 0x81, 0x83, 0xf6, 0xf7, 0xfe, 0x0f10, 0x0f12, 0x0f16, 0x0f28,
	    0x0f6e, 0x0f6f, 0x0fb6, 0x0fb7, 0x0fbe, 0x0fbf, 0x0faf, 0x0f2e,
	    0x0f2f, 0x0fb0, 0x0fb1, 0x0fc0, 0x0fc1};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (in.op == ops[i])
			return true;
	if (in.op < 0x40) /* add or adc sbb and sub xor cmp */
		return (in.op & 7) < 4;
	return (in.op >= 0x0f40 && in.op <= 0x0f4f) || /* cmov */
	       (in.op == 0xff && group(in) < 2);       /* inc dec */
}

enum report_access
insn_access(const unsigned char *p, size_t n)
{
	struct insn in;

	if (n == 0)
		return REPORT_UNKNOWN;
	in = decode(p, n);
	if (in.op == 0xa4 || in.op == 0xa5) /* movs: either side */
		return REPORT_UNKNOWN;
	if (in.op == 0xaa || in.op == 0xab)
		return REPORT_WRITE;
	if (in.op == 0xac || in.op == 0xad || in.op == 0xae || in.op == 0xaf)
		return REPORT_READ;
	if (!memory_operand(in))
		return REPORT_UNKNOWN;
	if (stores(in))
		return REPORT_WRITE;
	return loads(in) ? REPORT_READ : REPORT_UNKNOWN;
}

#else

const char *
insn_what(const unsigned char *p, size_t n)
{
	(void)p, (void)n;
	return NULL;
}

enum report_access
insn_access(const unsigned char *p, size_t n)
{
	(void)p, (void)n;
	return REPORT_UNKNOWN;
}

#endif
