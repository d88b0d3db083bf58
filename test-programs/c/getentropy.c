// Two `getentropy` calls of 16 bytes; prints what they gave. The bytes behind the buffer must stay.
#include <string.h>
#include <unistd.h>

#include "support/check.h"

int main(void) {
    unsigned char buffer[40];
    memset(buffer, 0xa5, sizeof buffer);
    for (int call = 0; call < 2; call++) {
        CHECK(getentropy(buffer + 16 * call, 16) == 0);
        for (int i = 0; i < 16; i++) printf("%02x", buffer[16 * call + i]);
        printf("\n");
    }
    for (int i = 32; i < 40; i++) CHECK(buffer[i] == 0xa5);
    return 0;
}
