// A compression run: compresses standard input with zlib, a chunk at a time, decompresses that to standard output, and says on
// standard error how small it was. The host compares what comes out with what went in.
#include <stdio.h>
#include <stdlib.h>

#include "zlib.h"

#define CHUNK 16384

static void check(int ok, const char *what) {
    if (!ok) {
        fprintf(stderr, "%s\n", what);
        exit(1);
    }
}

int main(void) {
    static unsigned char in[CHUNK], out[CHUNK];
    unsigned char *packed = NULL;
    size_t length = 0, room = 0;
    z_stream z = {0};

    check(deflateInit(&z, Z_DEFAULT_COMPRESSION) == Z_OK, "deflateInit");
    int end = 0;
    while (!end) {
        z.next_in = in;
        z.avail_in = fread(in, 1, sizeof in, stdin);
        check(!ferror(stdin), "cannot read standard input");
        end = feof(stdin);
        do {
            if (room - length < CHUNK) {
                room = 2 * room + CHUNK;
                packed = realloc(packed, room);
                check(packed != NULL, "no memory");
            }
            z.next_out = packed + length;
            z.avail_out = CHUNK;
            check(deflate(&z, end ? Z_FINISH : Z_NO_FLUSH) != Z_STREAM_ERROR, "deflate");
            length += CHUNK - z.avail_out;
        } while (z.avail_out == 0);
    }
    unsigned long total = z.total_in;
    check(deflateEnd(&z) == Z_OK, "deflateEnd");

    check(inflateInit(&z) == Z_OK, "inflateInit");
    z.next_in = packed;
    z.avail_in = length;
    int state;
    do {
        z.next_out = out;
        z.avail_out = CHUNK;
        state = inflate(&z, Z_NO_FLUSH);
        check(state == Z_OK || state == Z_STREAM_END, "inflate");
        check(fwrite(out, 1, CHUNK - z.avail_out, stdout) == CHUNK - z.avail_out, "cannot write standard output");
    } while (state != Z_STREAM_END);
    check(inflateEnd(&z) == Z_OK && fflush(stdout) == 0, "the end");
    fprintf(stderr, "%lu bytes became %zu\n", total, length);
    return 0;
}
