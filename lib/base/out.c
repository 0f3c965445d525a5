#include "base/out.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/plain.h"

void
out_init(struct out *o, FILE *fp, bool json)
{
	o->fp = fp;
	o->json = json;
	o->terminal = !json && isatty(fileno(fp));
	o->fields = 0;
}

/* Before each value: the separator, and in JSON the name. */
static void
begin(struct out *o, const char *name)
{
	if (!o->json) {
		if (o->fields++ > 0)
			putc('\t', o->fp);
		return;
	}
	fputs(o->fields++ > 0 ? ",\"" : "{\"", o->fp);
	fputs(name, o->fp);
	fputs("\":", o->fp);
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
put(struct out *o, const struct buf *b)
{
	struct buf plain = BUF_INIT;

	if (o->terminal) {
		plain_add(&plain, buf_str(b), b->len);
		b = &plain;
	}
	fwrite(buf_str(b), 1, b->len, o->fp);
	buf_release(&plain);
}

void
out_bytes(struct out *o, const char *name, const char *p, size_t n)
{
	static struct buf b; /* used again, for many small values */

	begin(o, name);
	buf_reset(&b);
	if (o->json)
		out_json_string(&b, p, n);
	else
		out_tsv_escape(&b, p, n);
	put(o, &b);
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
	static struct buf b;

	begin(o, name);
	buf_reset(&b);
	if (v < 0)
		buf_addc(&b, '-');
	buf_addu(&b, v < 0 ? -(uint64_t)v : (uint64_t)v);
	fwrite(b.p, 1, b.len, o->fp);
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
	fprintf(o->fp, "%.*f", digits, v);
}

void
out_bool(struct out *o, const char *name, bool v)
{
	begin(o, name);
	fputs(o->json ? (v ? "true" : "false") : (v ? "1" : "0"), o->fp);
}

void
out_json(struct out *o, const char *name, const char *json)
{
	struct buf b = BUF_INIT;

	if (json == NULL && absent(o, name))
		return;
	begin(o, name);
	if (o->json) {
		fputs(json, o->fp);
		return;
	}
	out_tsv_escape(&b, json, strlen(json));
	put(o, &b);
	buf_release(&b);
}

void
out_end(struct out *o)
{
	if (o->json)
		fputs(o->fields > 0 ? "}" : "{}", o->fp);
	putc('\n', o->fp);
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

/* How many bytes stand for themselves in a JSON string. */
static size_t
json_run(const unsigned char *p, size_t n)
{
	size_t i = 0;

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
