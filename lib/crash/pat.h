/*
 * Small patterns for lines of reports, matched with backtracking from the first
 * byte of the text; they need not reach its end.  Only used on lines that are
 * known to hold a telling word, never on every line.
 *
 *	%*  any run, as long as possible	%-  as short as possible
 *	%s  blanks, zero or more		%S  one or more
 *	%H  one or more of 0-9 a-f A-F x X	%N  one or more digits
 *	%c  zero or more of ':' and ' '
 *	%w  one or more of A-Z a-z 0-9 _	%a  one or more letters
 *	%A  one or more capitals		%v  one or more, no blank
 *	%.  one byte				%$  the end
 *	%^abc^  one or more bytes, none of a b c
 *	%( %)  a part to capture, in order	%{a%|b%|%}  alternatives
 *	%l  nothing, but the byte before the last one matched is a letter
 *	%i  (first) letter case does not count	%%  a percent sign
 */
#ifndef LAGO_CRASH_PAT_H
#define LAGO_CRASH_PAT_H

#include "crash/str.h"

enum { PAT_CAPTURES = 4 };

/* cap: PAT_CAPTURES slices, untouched when there is no match; may be NULL.
 * Text that would take too many steps does not match. */
bool pat_match(const char *pattern, struct str s, struct str *cap);

#endif
