#include "crash/insn.h"

/* The opcode maps of x86-64; 0F38 and 0F3A come with and without VEX. */
enum { ONE, TWO, MAP_38, MAP_3A };

struct x86 {
	unsigned char op;
	int map;
	int prefix;   /* the last of 66 F2 F3; 0 none */
	bool evex;    /* EVEX */
	int modrm;    /* -1 none */
	size_t modat; /* where ModRM is */
};

static bool
is_prefix(unsigned char c)
{
	return c == 0x66 || c == 0xf2 || c == 0xf3 || c == 0x2e || c == 0x36 ||
	       c == 0x3e || c == 0x26 || c == 0x64 || c == 0x65 || c == 0x67 ||
	       c == 0xf0;
}

/* VEX C5 or C4, EVEX 62: behind them the opcode; bytes they take, 0: none. */
static size_t
vector_prefix(struct x86 *in, const unsigned char *p, size_t n)
{
	static const int prefixes[] = {0, 0x66, 0xf3, 0xf2};

	if (n >= 3 && p[0] == 0xc5) {
		in->map = TWO;
		in->prefix = prefixes[p[1] & 3];
		return 2;
	}
	if (n >= 4 && p[0] == 0xc4) {
		in->map = p[1] & 0x1f;
		in->prefix = prefixes[p[2] & 3];
		return 3;
	}
	if (n >= 5 && p[0] == 0x62) {
		in->map = p[1] & 7;
		in->prefix = prefixes[p[2] & 3];
		in->evex = true;
		return 4;
	}
	return 0;
}

static struct x86
decode(const unsigned char *p, size_t n)
{
	struct x86 in = {.modrm = -1};
	size_t i = 0, skip;

	for (; i < n && is_prefix(p[i]); i++)
		if (p[i] == 0x66 || p[i] == 0xf2 || p[i] == 0xf3)
			in.prefix = p[i];
	if (i < n && (p[i] & 0xf0) == 0x40) /* REX */
		i++;
	skip = vector_prefix(&in, p + i, n - i);
	i += skip;
	if (skip == 0 && i < n && p[i] == 0x0f) {
		in.map = TWO;
		i++;
		if (i < n && (p[i] == 0x38 || p[i] == 0x3a))
			in.map = p[i++] == 0x38 ? MAP_38 : MAP_3A;
	}
	if (i < n)
		in.op = p[i++];
	in.modat = i;
	if (i < n)
		in.modrm = p[i];
	return in;
}

static int
group(struct x86 in)
{
	return in.modrm >> 3 & 7;
}

static const char *
x86_what(const unsigned char *p, size_t n)
{
	struct x86 in = decode(p, n);

	if (in.map == ONE) {
		if ((in.op & 0xf6) == 0xc2) /* C2 C3 CA CB */
			return "return";
		if (in.op == 0xe8 || (in.op == 0xff && (group(in) | 1) == 3))
			return "call";
		if (in.op == 0xe9 || in.op == 0xeb || (in.op & 0xf0) == 0x70 ||
		    (in.op == 0xff && (group(in) | 1) == 5))
			return "jump";
	}
	if (in.map == TWO && (in.op & 0xf0) == 0x80 && in.modrm >= 0)
		return "jump";
	return insn_access(INSN_X86_64, p, n) != REPORT_UNKNOWN ? "move"
								: "other";
}

/* Bit g: group g of the opcode writes to memory, or does both. */
static enum report_access
by_group(struct x86 in, unsigned writes)
{
	return writes >> group(in) & 1 ? REPORT_WRITE : REPORT_READ;
}

static enum report_access
x86_one(struct x86 in)
{
	/* Of the x87 opcodes D8 to DF. */
	static const unsigned char x87[] = {0, 0xcc, 0, 0x8e, 0, 0xce, 0, 0xce};

	if (in.op < 0x40) /* add or adc sbb and sub xor cmp */
		return (in.op & 7) < 2 && in.op < 0x38 ? REPORT_WRITE
						       : REPORT_READ;
	if (in.op >= 0xd8 && in.op <= 0xdf)
		return by_group(in, x87[in.op - 0xd8]);
	switch (in.op) {
	case 0x86:
	case 0x87:
	case 0x88:
	case 0x89:
	case 0x8c:
	case 0x8f:
	case 0xc0:
	case 0xc1:
	case 0xc6:
	case 0xc7:
	case 0xd0:
	case 0xd1:
	case 0xd2:
	case 0xd3:
	case 0xfe:
		return REPORT_WRITE;
	case 0x80:
	case 0x81:
	case 0x83:
		return by_group(in, 0x7f);
	case 0xf6:
	case 0xf7:
		return by_group(in, 0x0c);
	case 0xff:
		return by_group(in, 0x03);
	case 0x63:
	case 0x69:
	case 0x6b:
	case 0x84:
	case 0x85:
	case 0x8a:
	case 0x8b:
	case 0x8e:
		return REPORT_READ;
	default:
		return REPORT_UNKNOWN;
	}
}

static enum report_access
x86_two(struct x86 in)
{
	static const unsigned char writes[] = {0x11, 0x13, 0x17, 0x29, 0x2b,
	    0x7f, 0xa4, 0xa5, 0xab, 0xac, 0xad, 0xb0, 0xb1, 0xb3, 0xbb, 0xc0,
	    0xc1, 0xc3, 0xc7, 0xd6, 0xe7};

	for (size_t i = 0; i < sizeof(writes); i++)
		if (in.op == writes[i])
			return REPORT_WRITE;
	if (in.op >= 0x90 && in.op <= 0x9f) /* setcc */
		return REPORT_WRITE;
	switch (in.op) {
	case 0x0d: /* prefetch and nop do not fault */
	case 0x18:
	case 0x1e:
	case 0x1f:
	case 0x01:
		return REPORT_UNKNOWN;
	case 0x7e:
		return in.prefix == 0xf3 ? REPORT_READ : REPORT_WRITE;
	case 0xae: /* fxsave fxrstor ldmxcsr stmxcsr xsave xrstor */
		return by_group(in, 0x19 | 0x40);
	case 0xba: /* bt bts btr btc */
		return by_group(in, 0xe0);
	default:
		return REPORT_READ;
	}
}

/* The maps of vector instructions: nearly all of them read. */
static enum report_access
x86_more(struct x86 in)
{
	unsigned op = in.op;

	if (in.map == MAP_3A)
		return (op >= 0x14 && op <= 0x17) || op == 0x19 || op == 0x1b ||
			       op == 0x1d || op == 0x39 || op == 0x3b
			   ? REPORT_WRITE
			   : REPORT_READ;
	if (op == 0xf1 && in.prefix != 0xf2) /* movbe; crc32 reads */
		return REPORT_WRITE;
	if (op == 0x2e || op == 0x2f || op == 0x8e || op == 0xf9)
		return REPORT_WRITE; /* masked moves, movdiri */
	if (in.evex && (op == 0x63 || op == 0x8a || op == 0x8b ||
			   (op >= 0xa0 && op <= 0xa3) ||
			   (in.prefix == 0xf3 && op >= 0x10 && op < 0x36 &&
			       (op & 15) < 6)))
		return REPORT_WRITE; /* compress, scatter, vpmov to less */
	return REPORT_READ;
}

static enum report_access
x86_access(const unsigned char *p, size_t n)
{
	struct x86 in = decode(p, n);

	if (in.map == ONE)
		switch (in.op) {
		case 0xaa: /* stos */
		case 0xab:
		case 0xa2:
		case 0xa3:
			return REPORT_WRITE;
		case 0xac: /* lods scas cmps */
		case 0xad:
		case 0xae:
		case 0xaf:
		case 0xa6:
		case 0xa7:
		case 0xa0:
		case 0xa1:
			return REPORT_READ;
		}
	if (in.modrm < 0 || in.modrm >> 6 == 3) /* no operand in memory */
		return REPORT_UNKNOWN;
	if (in.map == ONE)
		return x86_one(in);
	return in.map == TWO ? x86_two(in) : x86_more(in);
}

bool
insn_copies(const unsigned char *p, size_t n)
{
	struct x86 in = decode(p, n);

	return in.map == ONE && (in.op & 0xfe) == 0xa4;
}

/* Bytes of ModRM, SIB and displacement. */
static size_t
operand_length(const unsigned char *p, size_t n)
{
	int mod = p[0] >> 6, rm = p[0] & 7;
	size_t len = 1;

	if (mod == 3)
		return 1;
	if (rm == 4) {
		if (n < 2)
			return 0;
		len = 2;
		if (mod == 0 && (p[1] & 7) == 5)
			return 6;
	}
	if (mod == 0)
		return rm == 5 ? 5 : len;
	return len + (mod == 1 ? 1 : 4);
}

bool
insn_call_before(const unsigned char *p, size_t n)
{
	if (n >= 5 && p[n - 5] == 0xe8)
		return true;
	for (size_t len = 2; len <= 7 && len <= n; len++) {
		const unsigned char *at = p + n - len;
		if (at[0] == 0xff && (at[1] >> 3 & 7) == 2 &&
		    operand_length(at + 1, len - 1) == len - 1)
			return true;
	}
	return false;
}

/* aarch64: names as in the encoding tables of its manual. */
static bool
bits(uint32_t w, uint32_t mask, uint32_t value)
{
	return (w & mask) == value;
}

static const char *
arm_what(uint32_t w, enum report_access access)
{
	if (bits(w, 0xfe000000, 0xd6000000))
		switch (w >> 21 & 7) {
		case 0:
			return "jump";
		case 1:
			return "call";
		case 2:
			return "return";
		}
	if (bits(w, 0xfc000000, 0x94000000)) /* bl */
		return "call";
	if (bits(w, 0xfc000000, 0x14000000) || /* b */
	    bits(w, 0xff000000, 0x54000000) || /* b.cond */
	    bits(w, 0x7c000000, 0x34000000))   /* cbz cbnz tbz tbnz */
		return "jump";
	return access != REPORT_UNKNOWN ? "move" : "other";
}

/* Single registers: immediate, register offset, atomic. */
static enum report_access
arm_register(uint32_t w)
{
	unsigned size = w >> 30, opc = w >> 22 & 3;

	if (bits(w, 0x05200c00, 0x00200000)) /* atomic */
		return REPORT_READ;
	if (bits(w, 0x05200400, 0x00200400)) /* ldraa ldrab */
		return REPORT_READ;
	if (bits(w, 0x04000000, 0x04000000)) /* a vector register */
		return opc & 1 ? REPORT_READ : REPORT_WRITE;
	if (opc == 0)
		return REPORT_WRITE;
	return opc == 2 && size == 3 ? REPORT_UNKNOWN /* prfm */
				     : REPORT_READ;
}

static const struct {
	uint32_t mask, value;
	enum report_access access;
} arm_rows[] = {{0xffffffe0, 0xd50b7420, REPORT_WRITE}, /* dc zva */
    {0xfe000000, 0xe4000000, REPORT_WRITE},		/* SVE stores */
    {0x9e000000, 0x84000000, REPORT_READ}, /* SVE loads and prefetches */
    {0x0a000000, 0x00000000, REPORT_UNKNOWN},
    {0x0a000000, 0x02000000, REPORT_UNKNOWN},
    {0x0a000000, 0x0a000000, REPORT_UNKNOWN}, /* no load, no store */
    {0x3b200c00, 0x19000400, REPORT_UNKNOWN}, /* copy: either side */
    {0xbfa07c00, 0x08207c00, REPORT_READ},    /* casp */
    {0x3fa00000, 0x08a00000, REPORT_READ},    /* cas */
    {0x3f400000, 0x08000000, REPORT_WRITE},   /* exclusive, ordered */
    {0x3f400000, 0x08400000, REPORT_READ},
    {0xff000000, 0xd8000000, REPORT_UNKNOWN}, /* prfm */
    {0x3b000000, 0x18000000, REPORT_READ},    /* literal */
    {0xff600c00, 0xd9600000, REPORT_READ},    /* ldg ldgm */
    {0xff200000, 0xd9200000, REPORT_WRITE},   /* stg */
    {0x3fe00c00, 0x19000000, REPORT_WRITE},   /* stlur */
    {0x3f200c00, 0x19000000, REPORT_READ},    /* ldapur */
    {0x3a400000, 0x28000000, REPORT_WRITE},   /* pairs */
    {0x3a400000, 0x28400000, REPORT_READ},
    {0xbe400000, 0x0c000000, REPORT_WRITE}, /* several vectors */
    {0xbe400000, 0x0c400000, REPORT_READ}};

static enum report_access
arm_access(uint32_t w)
{
	for (size_t i = 0; i < sizeof(arm_rows) / sizeof(arm_rows[0]); i++)
		if (bits(w, arm_rows[i].mask, arm_rows[i].value))
			return arm_rows[i].access;
	return bits(w, 0x3a000000, 0x38000000) ? arm_register(w)
					       : REPORT_UNKNOWN;
}

static uint32_t
arm_word(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

enum report_access
insn_access(enum insn_machine machine, const unsigned char *p, size_t n)
{
	if (machine == INSN_X86_64 && n > 0)
		return x86_access(p, n);
	if (machine == INSN_AARCH64 && n >= 4)
		return arm_access(arm_word(p));
	return REPORT_UNKNOWN;
}

const char *
insn_what(enum insn_machine machine, const unsigned char *p, size_t n)
{
	if (machine == INSN_X86_64 && n > 0)
		return x86_what(p, n);
	if (machine == INSN_AARCH64 && n >= 4)
		return arm_what(arm_word(p), insn_access(machine, p, n));
	return NULL;
}
