#include "crash/symtext.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "crash/frame.h"
#include "symbols/symbols.h"

/* The functions at the frame, numbered from *number on. */
static bool
add_names(
    struct buf *b, const struct frame *f, int *number, struct symbols *symbols)
{
	const struct symbols_place *place;
	char *path = mem_strndup(f->mod.p, f->mod.n);

	place = symbols_find(symbols, path, f->off, NULL);
	free(path);
	if (place->n == 0 || place->v[0].function == NULL)
		return false;
	for (size_t i = 0; i < place->n; i++) {
		const struct symbols_frame *s = &place->v[i];
		buf_addf(b, "    #%d 0x%llx in %s", (*number)++,
		    (unsigned long long)f->pc,
		    s->function != NULL ? s->function : "??");
		if (s->file != NULL)
			buf_addf(b, " %s:%u:%u", s->file, s->line, s->column);
		else
			buf_addf(b, " (%.*s+0x%llx)", (int)f->mod.n, f->mod.p,
			    (unsigned long long)f->off);
		buf_addc(b, '\n');
	}
	return true;
}

static void
add_line(struct buf *b, struct str line, int *number, struct symbols *symbols)
{
	struct str s = frame_blanks(line);
	struct frame f;

	if (s.n < 2 || *s.p != '#' || !frame_numbered(line, false, &f)) {
		buf_add(b, line.p, line.n);
		buf_addc(b, '\n');
		return;
	}
	if (f.number == 0)
		*number = 0;
	if (f.raw.n == 0 && f.has_off && add_names(b, &f, number, symbols))
		return;
	s = str_from(s, 1);
	while (s.n > 0 && *s.p >= '0' && *s.p <= '9')
		s = str_from(s, 1);
	buf_addf(b, "    #%d", (*number)++);
	buf_add(b, s.p, s.n);
	buf_addc(b, '\n');
}

void
symtext_add(struct buf *b, struct str text, struct symbols *symbols)
{
	int number = 0;

	while (text.n > 0) {
		const char *end = memchr(text.p, '\n', text.n);
		struct str line = str_of(
		    text.p, end != NULL ? (size_t)(end - text.p) : text.n);
		add_line(b, line, &number, symbols);
		text = str_from(text, line.n + 1);
	}
}
