/* gen FORMAT: an input of the target of that name with its bug, on standard
 * output; the same each time. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static uint32_t seed = 12345;

static unsigned
below(unsigned n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static const char *const word[] = {"alpha", "server", "cache", "width", "color",
    "index", "user", "remote", "buffer", "x", "name", "limit", "value", "data",
    "north", "table", "size", "timeout", "log", "mode"};

static const char *
any(void)
{
	return word[below(20)];
}

static void
be(uint32_t v, int bytes)
{
	while (bytes-- > 0)
		putchar((int)(v >> 8 * bytes & 255));
}

static void
le(uint32_t v, int bytes)
{
	for (; bytes-- > 0; v >>= 8)
		putchar((int)(v & 255));
}

/* --- text --- */

static void
ini(void)
{
	for (int s = 0; s < 300; s++) {
		printf("[%s]\n# %s %s %u\n", s == 211 ? "net.eth0" : any(),
		    any(), any(), below(1000));
		for (unsigned k = below(12); k > 0; k--)
			printf("%s = %s-%u %s\n", any(), any(), below(100000),
			    any());
		if (s == 40)
			printf("user = admin\n");
		if (s == 211)
			printf("listen = 192.168.100.200:8080\n");
	}
}

static void
element(int depth, unsigned *n, unsigned most)
{
	const char *name = any();

	printf("%*s<%s id=\"%u\" %s=\"%s\"", depth * 2, "", name, ++*n, any(),
	    any());
	if (*n == most * 2 / 3)
		printf(" href=\"http://example.org/%s/%s\"", any(), any());
	printf(">\n%*s%s %s %s\n", depth * 2 + 2, "", any(), any(), any());
	if (*n % 50 == 7)
		printf(
		    "<!-- %s %s -->\n<?%s %s?>\n", any(), any(), any(), any());
	for (unsigned k = 1 + below(4); k > 0 && depth < 9 && *n < most; k--)
		element(depth + 1, n, most);
	printf("%*s</%s>\n", depth * 2, "", name);
}

static void
xml(unsigned most)
{
	unsigned n = 0;

	printf("<?xml version=\"1.0\"?>\n<!DOCTYPE all>\n"
	       "<all xmlns:a=\"urn:a\">\n");
	while (n < most)
		element(1, &n, most);
	printf("</all>\n");
}

static void
json(void)
{
	printf("{\"version\": 3, \"features\": [\n");
	for (int i = 0; i < 500; i++) {
		printf("%s  {\"id\": %d, \"%s\": \"%s %s\", \"%s\": {"
		       "\"kind\": %s, \"%s\": [%u, %u, %u.5]},\n"
		       "   \"geometry\": {\"type\": \"%s\", \"%s\": ",
		    i ? ",\n" : "", i, any(), any(), any(), any(),
		    below(2) ? "true" : "null", any(), below(99), below(99),
		    below(9999), any(), i == 333 ? "points" : "line");
		printf("[");
		for (unsigned k = 0; k < 5; k++)
			printf("%s[%u.%u, %u.%u, %u]", k ? ", " : "",
			    below(180), below(9999), below(90), below(9999),
			    below(300));
		printf("]}}");
	}
	printf("\n]}\n");
}

static void
lua(void)
{
	for (int i = 0; i < 120; i++) {
		printf("-- %s of the %s\nlocal function %s_%d(%s, n)\n"
		       "  local t = {%u, \"%s\", %s = %u}\n"
		       "  for i = 1, %u do\n    t[#t + 1] = i * %u + #%s\n  "
		       "end\n",
		    any(), any(), any(), i, "arg", below(99), any(), any(),
		    below(999), below(9) + 1, below(50), "arg");
		printf("  if n > %u then\n    t.%s = string.rep(arg, %u)\n"
		       "  else\n    t.%s = { list = {%u, %u} }\n  end\n",
		    below(100), any(), below(5), any(), below(9), below(9));
		if (i == 77)
			printf("  local sums = { n = 1, 5, 8, 13, 21 }\n"
			       "  if #t > 2 then\n    t.sum = crunch(sums)\n"
			       "  end\n");
		printf("  return t\nend\n");
		printf("do\n  local ok, r = pcall(%s, \"%s\", %u)\nend\n\n",
		    "tostring", any(), below(200));
		if (i == 77)
			printf("local h = { go = _ENV }\n");
	}
	printf("local function last()\n  local v = { 3, 1, 4, 1, 5 }\n"
	       "  table.sort(v)\n  return crunch(v)\nend\n"
	       "for k = 1, 3 do\n  pcall(last)\nend\n");
}

/* --- binary --- */

static uint32_t
sum(const uint8_t *p, size_t n)
{
	uint32_t s = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		s += (uint32_t)p[i] << 8 | p[i + 1];
	s = (s & 0xffff) + (s >> 16);
	return ~(s + (s >> 16)) & 0xffff;
}

static void
put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
packet(int i)
{
	uint8_t p[1600] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45};
	uint8_t *ip = p + 14, *udp = ip + 20, *dns = udp + 8;
	unsigned n = 12 + below(600), labels = i == 444 ? 6 : 1 + below(3);
	unsigned at = 12;

	for (unsigned k = 0; k < n; k++)
		dns[k] = (uint8_t)below(256);
	put16(dns + 4, 1);
	for (unsigned k = 0; k < labels; k++) {
		const char *w = i == 444 ? "labellabel" : any();

		dns[at++] = (uint8_t)strlen(w);
		memcpy(dns + at, w, strlen(w));
		at += (unsigned)strlen(w);
	}
	dns[at++] = 0;
	n = n > at ? n : at;
	n += 8 + 20;
	put16(ip + 2, n);
	put16(ip + 4, below(65536));
	ip[8] = 64;
	ip[9] = i % 5 == 3 ? 6 : 17;
	for (int k = 12; k < 20; k++)
		ip[k] = (uint8_t)below(256);
	put16(ip + 10, sum(ip, 20));
	put16(udp, 1024 + below(60000));
	put16(udp + 2, i % 3 == 0 ? 53 : 5353);
	put16(udp + 4, n - 20);
	le(1700000000 + (unsigned)i, 4);
	le(below(1000000), 4);
	le(n + 14, 4);
	le(n + 14, 4);
	fwrite(p, 1, n + 14, stdout);
}

static void
pcap(void)
{
	le(0xa1b2c3d4, 4);
	le(0x00040002, 4);
	le(0, 8);
	le(65535, 4);
	le(1, 4);
	for (int i = 0; i < 600; i++)
		packet(i);
}

static void
chunk(const char *type, const void *data, size_t n)
{
	uLong crc = crc32(crc32(0, (const Bytef *)type, 4), data, (uInt)n);

	be((uint32_t)n, 4);
	fwrite(type, 1, 4, stdout);
	fwrite(data, 1, n, stdout);
	be((uint32_t)crc, 4);
}

static void
png(void)
{
	enum { W = 300, H = 300 };
	static uint8_t raw[H * (W + 1)], out[2 * sizeof raw], palette[768];
	uint8_t head[13] = {0, 0, W >> 8, W & 255, 0, 0, H >> 8, H & 255, 8, 3};
	uLongf n = sizeof out;
	char text[300];

	memmove(head + 4, head + 6, 2);
	memset(head + 2, 0, 2);
	memset(head, 0, 8);
	put16(head + 2, W);
	put16(head + 6, H);
	for (size_t i = 0; i < sizeof raw; i++)
		raw[i] = i % (W + 1) == 0 ? 0 : (uint8_t)below(256);
	for (size_t i = 0; i < sizeof palette; i++)
		palette[i] = (uint8_t)below(256);
	compress(out, &n, raw, sizeof raw);
	fwrite("\211PNG\r\n\032\n", 1, 8, stdout);
	chunk("IHDR", head, 13);
	chunk("gAMA", "\0\0\261\217", 4);
	chunk("PLTE", palette, sizeof palette);
	for (int i = 0; i < 12; i++) {
		int len = snprintf(text, sizeof text, "%s%c%s %s %u",
		    i == 7 ? "Comment" : "Title", 0, any(), any(), below(999));

		len = (int)strlen(text) + 1;
		len += snprintf(text + len, sizeof text - (size_t)len,
		    i == 7 ? "made by a program with a long name, %s" : "%s",
		    any());
		chunk("tEXt", text, (size_t)len);
	}
	for (uLongf at = 0; at < n; at += 8192)
		chunk("IDAT", out + at, n - at < 8192 ? n - at : 8192);
	chunk("IEND", "", 0);
}

static void
entry(const char *name, char type, const char *data, size_t n)
{
	char h[513] = "";
	unsigned s = 0;

	snprintf(h, 100, "%s", name);
	strcpy(h + 100, "0000644");
	strcpy(h + 108, "0001750");
	strcpy(h + 116, "0001750");
	sprintf(h + 124, "%011o", (unsigned)n);
	strcpy(h + 136, "14371573201");
	memset(h + 148, ' ', 8);
	h[156] = type;
	memcpy(h + 257, "ustar\00000", 8);
	strcpy(h + 265, "lago");
	strcpy(h + 297, "lago");
	for (int i = 0; i < 512; i++)
		s += (uint8_t)h[i];
	sprintf(h + 148, "%06o", s);
	fwrite(h, 1, 512, stdout);
	fwrite(data, 1, n, stdout);
	for (; n % 512 != 0; n++)
		putchar(0);
}

static void
tar(void)
{
	static char data[8192];
	char name[100], record[300];

	for (int i = 0; i < 80; i++) {
		size_t n = below(sizeof data);

		for (size_t k = 0; k < n; k++)
			data[k] = (char)('a' + below(26));
		snprintf(name, sizeof name, "%s/%s-%d.txt", any(), any(), i);
		if (i % 9 == 5) {
			int len = sprintf(record, "mtime=17000000%02d.5\n", i);

			len = sprintf(
			    record, "%d mtime=17000000%02d.5\n", len + 3, i);
			if (i == 50)
				strcpy(record + len,
				    "52 path=a/rather/long/name/of/a/file/that/"
				    "has/one.c\n");
			entry("PaxHeaders/x", 'x', record, strlen(record));
		}
		entry(name, '0', data, n);
	}
	memset(data, 0, 1024);
	fwrite(data, 1, 1024, stdout);
}

/* The numbers that both parts have, from the version on. */
static void
zip_numbers(int method, const char *data, size_t n, size_t full, size_t name)
{
	le(20, 2);
	le(0, 2);
	le((uint32_t)method, 2);
	le(0x5a2143e5, 4);
	le((uint32_t)crc32(0, (const Bytef *)data, (uInt)full), 4);
	le((uint32_t)n, 4);
	le((uint32_t)full, 4);
	le((uint32_t)name, 2);
}

static void
zip(void)
{
	static char name[70][60], data[70][9000], packed[70][10000];
	size_t full[70], n[70], where[70], at = 0, from;

	for (int i = 0; i < 70; i++) {
		uLongf room = sizeof packed[0];

		snprintf(name[i], sizeof name[0], "%s/%s-%d.%s", any(), any(),
		    i, i % 9 == 4 ? "cfg" : "txt");
		full[i] = i == 49 ? 300 : below(i % 9 == 4 ? 20 : 9000);
		for (size_t k = 0; k < full[i]; k++)
			data[i][k] =
			    k % 30 == 29 ? '\n' : (char)('a' + below(26));
		compress((Bytef *)packed[i], &room, (Bytef *)data[i], full[i]);
		n[i] = i % 3 == 1 ? full[i] : room - 6;
		where[i] = at;
		at += 30 + strlen(name[i]) + n[i];
		printf("PK\3\4");
		zip_numbers(i % 3 == 1 ? 0 : 8, data[i], n[i], full[i],
		    strlen(name[i]));
		le(0, 2);
		printf("%s", name[i]);
		fwrite(i % 3 == 1 ? data[i] : packed[i] + 2, 1, n[i], stdout);
	}
	from = at;
	for (int i = 0; i < 70; i++) {
		at += 46 + strlen(name[i]) + 9;
		printf("PK\1\2");
		le(20, 2);
		zip_numbers(i % 3 == 1 ? 0 : 8, data[i], n[i], full[i],
		    strlen(name[i]));
		le(9, 2);
		for (int k = 0; k < 5; k++)
			le(0, 2);
		le((uint32_t)where[i], 4);
		printf("%sUT\5%c\1%c%c%c%c", name[i], 0, 1, 2, 3, 4);
	}
	printf("PK\5\6");
	le(0, 4);
	le(70, 2);
	le(70, 2);
	le((uint32_t)(at - from), 4);
	le((uint32_t)from, 4);
	le(0, 2);
}

static void
sub(const char *type, const char *data, size_t n)
{
	printf("%s", type);
	le((uint32_t)n, 4);
	fwrite(data, 1, n, stdout);
	if (n % 2)
		putchar(0);
}

/* The inside of a file, at first to count its bytes. */
static void
riff_body(void)
{
	static char data[20000];

	printf("WAVE");
	sub("fmt ", "\1\0\2\0\104\254\0\0\20\261\2\0\4\0\20\0", 16);
	for (int i = 0; i < 40; i++) {
		unsigned n = i == 33 ? 38 : 14, size = 0;

		if (i % 4 == 1) {
			for (int k = 0; k < 3; k++)
				size += 8 + n;
			printf("LIST");
			le(size + 4, 4);
			printf("INFO");
			sub("IART", "somebody who plays the piano all day.", n);
			sub(i == 33 ? "INAM" : "ICMT",
			    "the name of the piece, which is long.", n);
			sub("ISFT", "a program that recorded all of that..", n);
			continue;
		}
		n = below(5000);
		for (unsigned k = 0; k < n; k++)
			data[k] = (char)below(256);
		sub(i % 3 ? "data" : "junk", data, n);
	}
}

static void
riff(void)
{
	char *body;
	size_t n;
	FILE *all = open_memstream(&body, &n), *real = stdout;

	stdout = all;
	riff_body();
	fflush(all);
	stdout = real;
	printf("RIFF");
	le((uint32_t)n, 4);
	fwrite(body, 1, n, stdout);
}

static size_t
varint(uint8_t *to, uint64_t v)
{
	size_t n = 0;

	for (; v > 127; v >>= 7)
		to[n++] = (uint8_t)(v | 128);
	to[n++] = (uint8_t)v;
	return n;
}

/* A message of that depth; its length. */
static size_t
proto_message(uint8_t *to, int depth, int number)
{
	static uint8_t inner[4][1 << 20];
	size_t n = 0, len;

	if (depth == 3) {
		n += varint(to + n, 1 << 3);
		n += varint(to + n, number == 1777 ? 7 : below(1 << 20) + 8);
		len = number == 1777 ? 40 : below(28);
		n += varint(to + n, 5 << 3 | 2);
		n += varint(to + n, len);
		for (size_t k = 0; k < len; k++)
			to[n++] = (uint8_t)(' ' + below(90));
		n += varint(to + n, 2 << 3 | 5);
		for (int k = 0; k < 4; k++)
			to[n++] = (uint8_t)below(256);
		return n;
	}
	for (int i = 0; i < 14; i++) {
		len = proto_message(inner[depth], depth + 1, number * 14 + i);
		n += varint(to + n, (uint64_t)(10 + below(20)) << 3 | 2);
		n += varint(to + n, len);
		memcpy(to + n, inner[depth], len);
		n += len;
		n += varint(to + n, 3 << 3);
		n += varint(to + n, below(1 << 30));
	}
	return n;
}

static void
proto(void)
{
	static uint8_t all[1 << 20];

	fwrite(all, 1, proto_message(all, 0, 0), stdout);
}

static void
css_rule(int media, int number)
{
	printf("%*s.%s-%u > %s, #%s {\n", media * 2, "", any(), below(99),
	    any(), any());
	for (unsigned k = 1 + below(6); k > 0; k--)
		printf("%*s%s-%s: %upx %s \"%s;%s\";\n", media * 2 + 2, "",
		    any(), any(), below(40), any(), any(), any());
	if (number == 250)
		printf("    grid: auto 1fr 2fr %upx;\n", below(100));
	printf("%*s}\n", media * 2, "");
}

static void
css(void)
{
	for (int i = 0; i < 400; i++) {
		int media = i == 250 || i % 5 == 2;

		if (i % 7 == 0)
			printf("/* %s: %s {} */\n", any(), any());
		if (media)
			printf("@media (min-width: %upx) {\n", below(2000));
		css_rule(media, i);
		if (media && i % 2)
			css_rule(media, -1);
		if (media)
			printf("}\n");
	}
}

/* A value around n bytes at `from`, which are moved; its length. */
static size_t
der_wrap(uint8_t *from, int tag, size_t n)
{
	uint8_t head[5] = {(uint8_t)tag};
	size_t len = 1;

	if (n > 127)
		head[len++] = n > 65535 ? 0x83 : n > 255 ? 0x82 : 0x81;
	for (int shift = 16; shift >= 0; shift -= 8)
		if (n >> shift || shift == 0)
			head[len++] = (uint8_t)(n >> shift);
	memmove(from + len, from, n);
	memcpy(from, head, len);
	return len + n;
}

static size_t
der_text(uint8_t *to, int tag, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		to[i] = (uint8_t)('a' + below(26));
	return der_wrap(to, tag, n);
}

/* An identifier and a string, which holds names for 17. */
static size_t
der_extension(uint8_t *to, int last, int names, unsigned longest)
{
	const uint8_t id[] = {0x55, 0x1d, (uint8_t)last};
	size_t n, from;

	memcpy(to, id, sizeof id);
	n = der_wrap(to, 6, sizeof id);
	for (from = n; names > 0; names--)
		n += der_text(
		    to + n, 0x82, names == 2 ? longest : 1 + below(30));
	n = from + der_wrap(to + from, 0x30, n - from);
	n = from + der_wrap(to + from, 4, n - from);
	return der_wrap(to, 0x30, n);
}

static size_t
der_certificate(uint8_t *to, int number)
{
	size_t n = 0, from;

	to[0] = (uint8_t)(1 + below(120));
	n = der_wrap(to, 2, 1);
	for (int i = 0; i < 4; i++) {
		from = n;
		n += der_text(to + n, 0x13, 2 + below(20));
		n += der_text(to + n, 0x0c, 2 + below(60));
		n = from + der_wrap(to + from, 0x30, n - from);
	}
	n += der_text(to + n, 3, 100 + below(200));
	from = n;
	for (int i = 0; i < 6; i++)
		n += der_extension(to + n, i == 3 ? 17 : 10 + i,
		    2 + (int)below(4), number == 131 && i == 3 ? 60 : 9);
	n = from + der_wrap(to + from, 0x30, n - from);
	return der_wrap(to, 0x30, n);
}

static void
der(void)
{
	static uint8_t all[1 << 20];
	size_t n = 0;

	for (int i = 0; i < 200; i++)
		n += der_certificate(all + n, i);
	fwrite(all, 1, der_wrap(all, 0x30, n), stdout);
}

static void
gif_blocks(const char *p, size_t n)
{
	while (n > 0) {
		size_t len = n < 255 ? n : 255;

		putchar((int)len);
		fwrite(p, 1, len, stdout);
		p += len;
		n -= len;
	}
	putchar(0);
}

static void
gif(void)
{
	static char data[4000], text[400];

	printf("GIF89a%c%c%c%c%c%c%c", 44, 1, 44, 1, 0xf7, 0, 0);
	for (int i = 0; i < 768; i++)
		putchar((int)below(256));
	printf("!%c", 0xff);
	gif_blocks("NETSCAPE2.0\1\0\0", 14);
	for (int i = 0; i < 60; i++) {
		size_t n = 200 + below(3800);
		uint8_t flags = (uint8_t)(i == 37 || i % 4 == 1);

		printf("!%c%c%c%c%c%c%c", 0xf9, 4, flags, 5, 0, 9, 0);
		if (i % 3 == 1) {
			n = (size_t)snprintf(text, sizeof text, "%s of %s %u",
			    any(), any(), below(99));
			if (i == 37)
				while (n < 320)
					n += (size_t)sprintf(
					    text + n, " %s", any());
			printf("!%c", 0xfe);
			gif_blocks(text, n);
			n = 200 + below(3800);
		}
		for (size_t k = 0; k < n; k++)
			data[k] = (char)below(256);
		printf(",%c%c%c%c%c%c%c%c%c", 0, 0, 0, 0, 44, 1, 44, 1,
		    i % 5 == 2 ? 0x81 : 0);
		if (i % 5 == 2)
			fwrite(data, 1, 12, stdout);
		putchar(8);
		gif_blocks(data, n);
	}
	putchar(';');
}

static void
mail_part(int depth, int *number)
{
	int many = depth < 3 && (depth < 2 || below(3) == 0), me = ++*number;

	if (depth == 0)
		printf("From: %s@%s.example\nTo: %s@%s.example\n"
		       "Received: from %s by %s\n\twith %s id %u;\n"
		       "Subject: %s of the %s\n",
		    any(), any(), any(), any(), any(), any(), any(),
		    below(9999), any(), any());
	printf("Content-Type: %s;\n  %s=\"%s-%d\"\n",
	    many ? "multipart/mixed" : "text/plain",
	    many ? "boundary" : "charset", many ? "part" : any(), me);
	if (!many)
		printf("Content-Disposition: %s; filename=\"%s %s%s.txt\"\n"
		       "Content-Transfer-Encoding: base64\nX-%s: %u\n",
		    me == 67 || me % 3 ? "attachment" : "inline", any(), any(),
		    me == 67 ? " and another long one" : "", any(), below(99));
	printf("\n");
	if (!many)
		for (unsigned k = 2 + below(14); k > 0; k--) {
			for (int i = 0; i < 60; i++)
				putchar((int)('a' + below(26)));
			printf("\n");
		}
	else
		printf("This is a message in %s parts.\n", any());
	for (int k = 0; many && k < 6; k++) {
		printf("--part-%d\n", me);
		mail_part(depth + 1, number);
	}
	if (many)
		printf("--part-%d--\n", me);
}

static void
mail(void)
{
	int number = 0;

	mail_part(0, &number);
}

static void
sql_query(const char *table, int deep, int bug)
{
	printf("select %s_%u, %s_%u + %u", table, below(3), table, below(3),
	    below(99));
	if (deep < 3 && below(2) == 0) {
		printf(", (");
		sql_query(table, deep + 1, 0);
		printf(") as %s", any());
	}
	printf(" from %s\n  where (%s_0 > %u and %s_1 like '%s %s')", table,
	    table, below(1000), table, any(), any());
	if (bug)
		printf(" or %s_2 in (select * from %s where %s_1 = '%s' "
		       "order by %s limit %u)",
		    table, table, table, any(), any(), below(20));
	printf(" order by %s_%u", table, below(3));
}

static void
sql(void)
{
	char name[40] = "";

	for (int i = 0; i < 400; i++) {
		if (i % 10 == 0) {
			snprintf(name, sizeof name, "%s%d", any(), i);
			printf("-- %s of %s\ncreate table %s (\n", any(), any(),
			    name);
			for (int k = 0; k < 3; k++)
				printf("  %s_%d %s%s\n", name, k,
				    k ? "text not null" : "int primary key",
				    k < 2 ? "," : "");
			printf(");\n");
		} else if (i % 3 == 1) {
			sql_query(name, 0, i == 277);
			printf(";\n");
		} else {
			printf("insert into %s values", name);
			for (unsigned k = 0; k < 4; k++)
				printf("%s\n  (%u, '%s', '%s; %s')",
				    k ? "," : "", below(9999), any(), any(),
				    any());
			printf(";\n");
		}
	}
}

int
main(int argc, char **argv)
{
	const char *f = argc == 2 ? argv[1] : "";

	if (!strcmp(f, "ini"))
		ini();
	else if (!strcmp(f, "xml"))
		xml(300);
	else if (!strcmp(f, "xml1m"))
		xml(9000);
	else if (!strcmp(f, "json"))
		json();
	else if (!strcmp(f, "lua"))
		lua();
	else if (!strcmp(f, "pcap"))
		pcap();
	else if (!strcmp(f, "png"))
		png();
	else if (!strcmp(f, "tar"))
		tar();
	else if (!strcmp(f, "der"))
		der();
	else if (!strcmp(f, "sql"))
		sql();
	else if (!strcmp(f, "gif"))
		gif();
	else if (!strcmp(f, "mail"))
		mail();
	else if (!strcmp(f, "zip"))
		zip();
	else if (!strcmp(f, "riff"))
		riff();
	else if (!strcmp(f, "proto"))
		proto();
	else if (!strcmp(f, "css"))
		css();
	else
		return 64;
	return fflush(stdout) != 0;
}
