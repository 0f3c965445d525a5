/*
 * libpng, which checks every sum.  Bug: a text chunk whose keyword is Comment
 * or Software and whose text is longer than 32 bytes, in an image with a
 * palette.  Another: a gamma of more than 5.
 */
#include <png.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct {
	const uint8_t *p;
	size_t n;
} in;

static void
take(png_structp png, png_bytep to, size_t n)
{
	if (n > in.n)
		png_error(png, "end");
	memcpy(to, in.p, n);
	in.p += n;
	in.n -= n;
}

static void
quiet(png_structp png, png_const_charp text)
{
	(void)png;
	(void)text;
}

__attribute__((noinline)) static void
show(const char *text)
{
	if (strlen(text) > 32)
		abort();
}

static void
look(png_structp png, png_infop info)
{
	png_textp text;
	double gamma = 0;
	int n = png_get_text(png, info, &text, NULL);

	if (png_get_gAMA(png, info, &gamma) && gamma > 5)
		abort();
	if (!png_get_valid(png, info, PNG_INFO_PLTE))
		return;
	for (int i = 0; i < n; i++)
		if (!strcmp(text[i].key, "Comment") ||
		    !strcmp(text[i].key, "Software"))
			show(text[i].text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	png_structp png =
	    png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, quiet);
	png_infop info = png_create_info_struct(png);

	in.p = p;
	in.n = n;
	png_set_error_fn(png, NULL, NULL, quiet);
	if (!setjmp(png_jmpbuf(png))) {
		png_set_read_fn(png, NULL, take);
		png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
		png_read_info(png, info);
		look(png, info);
		if (png_get_image_width(png, info) < 2000 &&
		    png_get_image_height(png, info) < 2000) {
			png_set_interlace_handling(png);
			png_read_update_info(png, info);
			png_bytep row = malloc(png_get_rowbytes(png, info) + 1);
			for (png_uint_32 i = 0;
			     i < png_get_image_height(png, info); i++)
				png_read_row(png, row, NULL);
			free(row);
			png_read_end(png, info);
			look(png, info);
		}
	}
	png_destroy_read_struct(&png, &info, NULL);
	return 0;
}
