/*
 * A reader of chunk files, made for fuzzing: small, but shaped like the
 * readers people fuzz, and wrong in known places.  bugs.tsv lists them.
 *
 *	file	"CHNK" chunk...
 *	chunk	tag (4 bytes) length (2) payload (length bytes)
 *
 * Numbers are big-endian.  A length that is too large is cut to what is
 * there, a chunk that makes no sense is counted and skipped.
 *
 *	HEAD	width (2) height (2) bits (1) colours (1) [gamma (2)]; only as
 *		the first chunk, without it 8 8 2 4
 *	PLTE	red green blue...
 *	PIXL	pixels, bits each, packed
 *	BKGD	index of the background colour (1)
 *	TEXT	text with \n \t \\ \xHH; the first one is the title
 *	DROP	numbers of texts to forget (1 each)
 *	LIST	count (1), where each chunk begins, counted from the T of LIST
 *		(2 each), then these chunks, which may be lists
 *	ANIM	time unit (1), then next frame (1) and delay (1) of each frame;
 *		the last frame is its own next, or leads back after a delay
 *	INDX	offsets (2 each)
 *	CSUM	sum of all bytes before (2)
 *	END.	end
 */
#ifndef CHUNK_H
#define CHUNK_H

#include <stddef.h>
#include <stdint.h>

struct chunk_info {
	unsigned width, height;
	unsigned texts;
	unsigned warnings; /* chunks that made no sense */
	unsigned sum;	   /* something that depends on all content */
};

/* Read a whole file.  0, or -1: not a chunk file. */
int chunk_parse(const uint8_t *data, size_t size, struct chunk_info *info);

#endif
