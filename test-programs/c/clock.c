// Every clock that the C library names, read twenty times, and `clock()`: none goes back, none has a resolution of 0.
// Prints the readings. Stock Wasmtime refuses the clocks of CPU time: to run there, the argument `stock` leaves them out.
#include <string.h>

#include "support/check.h"

static void read_often(const char *name, clockid_t clock) {
    struct timespec resolution;
    CHECK(clock_getres(clock, &resolution) == 0);
    CHECK(to_nanos(resolution) > 0);
    printf("%s, in steps of %lld:", name, (long long)to_nanos(resolution));
    int64_t last = INT64_MIN;
    for (int i = 0; i < 20; i++) {
        int64_t reading = now(clock);
        CHECK(reading >= last || clock == CLOCK_REALTIME);
        last = reading;
        printf(" %lld", (long long)reading);
    }
    printf("\n");
}

int main(int argc, char **argv) {
    read_often("realtime", CLOCK_REALTIME);
    read_often("monotonic", CLOCK_MONOTONIC);
    if (argc < 2 || strcmp(argv[1], "stock") != 0) {
#ifdef CLOCK_PROCESS_CPUTIME_ID
        read_often("process CPU time", CLOCK_PROCESS_CPUTIME_ID);
#endif
#ifdef CLOCK_THREAD_CPUTIME_ID
        read_often("thread CPU time", CLOCK_THREAD_CPUTIME_ID);
#endif
    }
    clock_t last = 0;
    for (int i = 0; i < 20; i++) {
        clock_t ticks = clock();
        CHECK(ticks != (clock_t)-1 && ticks >= last);
        last = ticks;
    }
    printf("clock() %lld\n", (long long)last);
    printf("time() %lld\n", (long long)time(NULL));
    return 0;
}
