#include "base/out.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/plain.h"

/* Room for the next record, if no record is being made. */
static struct buf spare;

void
out_init(struct out *o, FILE *fp, bool json)
{
	o->fp = fp;
	o->json = json;
	o->terminal = !json && isatty(fileno(fp));
	o->fields = 0;
	o->line = (struct buf)BUF_INIT;
}

/* Before each value: the separator, and in JSON the name. */
static void
begin(struct out *o, const char *name)
{
	if (o->fields == 0) {
		o->line = spare;
		spare = (struct buf)BUF_INIT;
		buf_reset(&o->line);
	}
	if (!o->json) {
		if (o->fields++ > 0)
			buf_addc(&o->line, '\t');
		return;
	}
	buf_add(&o->line, o->fields++ > 0 ? ",\"" : "{\"", 2);
	buf_adds(&o->line, name);
	buf_add(&o->line, "\":", 2);
}

/* True when a value that is absent needs nothing more. */
static bool
absent(struct out *o, const char *name)
{
	if (!o->json)
		begin(o, name);
	return true;
}

static void
put_tsv(struct out *o, const char *p, size_t n)
{
	struct buf escaped = BUF_INIT;

	if (!o->terminal) {
		out_tsv_escape(&o->line, p, n);
		return;
	}
	out_tsv_escape(&escaped, p, n);
	plain_add(&o->line, buf_str(&escaped), escaped.len);
	buf_release(&escaped);
}

void
out_bytes(struct out *o, const char *name, const char *p, size_t n)
{
	begin(o, name);
	if (o->json)
		out_json_string(&o->line, p, n);
	else
		put_tsv(o, p, n);
}

void
out_text(struct out *o, const char *name, const char *s)
{
	if (s == NULL && absent(o, name))
		return;
	out_bytes(o, name, s, strlen(s));
}

void
out_int(struct out *o, const char *name, int64_t v)
{
	begin(o, name);
	if (v < 0)
		buf_addc(&o->line, '-');
	buf_addu(&o->line, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void
out_int_or(struct out *o, const char *name, int64_t v, int64_t none)
{
	if (v == none && absent(o, name))
		return;
	out_int(o, name, v);
}

void
out_real(struct out *o, const char *name, double v, int digits)
{
	if (!isfinite(v) && absent(o, name))
		return;
	begin(o, name);
	buf_addf(&o->line, "%.*f", digits, v);
}

void
out_bool(struct out *o, const char *name, bool v)
{
	begin(o, name);
	buf_adds(&o->line, o->json ? (v ? "true" : "false") : (v ? "1" : "0"));
}

void
out_json(struct out *o, const char *name, const char *json)
{
	if (json == NULL && absent(o, name))
		return;
	begin(o, name);
	if (o->json)
		buf_adds(&o->line, json);
	else
		put_tsv(o, json, strlen(json));
}

struct buf *
out_value(struct out *o, const char *name)
{
	begin(o, name);
	return &o->line;
}

void
out_end(struct out *o)
{
	if (o->json)
		buf_adds(&o->line, o->fields > 0 ? "}" : "{}");
	buf_addc(&o->line, '\n');
	fwrite(o->line.p, 1, o->line.len, o->fp);
	buf_release(&spare);
	spare = o->line;
	o->line = (struct buf)BUF_INIT;
	o->fields = 0;
}

static const char escapes[][2] = {
    {'\t', 't'}, {'\n', 'n'}, {'\r', 'r'}, {'\\', '\\'}, {'\0', '0'}};

/* The letter behind the backslash, 0: the byte stands for itself. */
static char
tsv_letter(char c)
{
	if ((unsigned char)c > '\r' && c != '\\')
		return 0;
	for (size_t k = 0; k < sizeof(escapes) / sizeof(escapes[0]); k++)
		if (c == escapes[k][0])
			return escapes[k][1];
	return 0;
}

void
out_tsv_escape(struct buf *b, const char *p, size_t n)
{
	size_t from = 0;

	buf_reserve(b, n);
	for (size_t i = 0; i < n; i++) {
		char letter = tsv_letter(p[i]);
		if (letter == 0)
			continue;
		buf_add(b, p + from, i - from);
		buf_addc(b, '\\');
		buf_addc(b, letter);
		from = i + 1;
	}
	buf_add(b, p + from, n - from);
}

long
out_tsv_unescape(char *s, size_t n)
{
	size_t i, k, to = 0;

	for (i = 0; i < n; i++) {
		if (s[i] != '\\') {
			s[to++] = s[i];
			continue;
		}
		if (++i == n)
			return -1;
		for (k = 0; k < sizeof(escapes) / sizeof(escapes[0]); k++)
			if (s[i] == escapes[k][1])
				break;
		if (k == sizeof(escapes) / sizeof(escapes[0]))
			return -1;
		s[to++] = escapes[k][0];
	}
	return (long)to;
}

/* Length of the UTF-8 sequence at p (RFC 3629: shortest form, no surrogates, up
 * to U+10FFFF), or 0. */
static size_t
utf8_length(const unsigned char *p, size_t n)
{
	size_t len, i;
	unsigned char low = 0x80, high = 0xbf;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (n < len || p[1] < low || p[1] > high)
		return 0;
	for (i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

bool
out_is_utf8(const char *p, size_t n)
{
	size_t i, len;

	for (i = 0; i < n; i += len)
		if ((len = utf8_length((const unsigned char *)p + i, n - i)) ==
		    0)
			return false;
	return true;
}

/* A bit in each byte of v that is below 0x20, above 0x7e, a quote or a backslash;
 * above the first one there may be more bits. */
static uint64_t
json_special(uint64_t v)
{
	const uint64_t ones = UINT64_MAX / 255, tops = ones << 7;
	const uint64_t quote = v ^ ones * '"', backslash = v ^ ones * '\\';

	return (v | (v + ones) | ((v - ones * 0x20) & ~v) |
		   ((quote - ones) & ~quote) |
		   ((backslash - ones) & ~backslash)) &
	       tops;
}

/* How many bytes stand for themselves in a JSON string. */
static size_t
json_run(const unsigned char *p, size_t n)
{
	size_t i = 0;
	uint64_t v;

	for (; i + 8 <= n; i += 8) {
		memcpy(&v, p + i, 8);
		if (json_special(v) != 0)
			break;
	}
	while (
	    i < n && p[i] >= 0x20 && p[i] < 0x7f && p[i] != '"' && p[i] != '\\')
		i++;
	return i;
}

void
out_json_string(struct buf *b, const char *s, size_t n)
{
	static const char special[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
	const unsigned char *p = (const unsigned char *)s;
	const char *at;
	size_t i, len;

	buf_reserve(b, n + 2);
	buf_addc(b, '"');
	for (i = 0; i < n; i += len) {
		if ((len = json_run(p + i, n - i)) > 0) {
			buf_add(b, s + i, len);
			continue;
		}
		len = 1;
		if (p[i] != 0 && (at = strchr(special, p[i])) != NULL) {
			buf_addc(b, '\\');
			buf_addc(b, letter[at - special]);
		} else if (p[i] < 0x20 || p[i] == 0x7f) {
			buf_addf(b, "\\u%04x", p[i]);
		} else if ((len = utf8_length(p + i, n - i)) > 0) {
			plain_add_json(b, s + i, len);
		} else {
			buf_adds(b, "\xef\xbf\xbd");
			len = 1;
		}
	}
	buf_addc(b, '"');
}
