// Draws 240 random bytes in calls of as many bytes as the first argument says (16 if there is none) and prints them on
// one line. Where randomness is a byte stream, the line is the same whatever the size of the calls.
#include <unistd.h>

#include "support/check.h"

int main(int argc, char **argv) {
    unsigned char bytes[240];
    size_t chunk = argc > 1 ? strtoul(argv[1], NULL, 10) : 16;
    CHECK(chunk > 0 && chunk <= sizeof bytes);
    for (size_t done = 0; done < sizeof bytes; done += chunk) {
        size_t left = sizeof bytes - done;
        CHECK(getentropy(bytes + done, chunk < left ? chunk : left) == 0);
    }
    for (size_t i = 0; i < sizeof bytes; i++) printf("%02x", bytes[i]);
    printf("\n");
    return 0;
}
