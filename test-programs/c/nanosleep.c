// `nanosleep` and `clock_nanosleep`, relative and absolute, on both clocks, for the nanoseconds in the first argument or
// for 3 ms; a deadline that has passed; a time that is none. Prints how long each took.
#include <errno.h>

#include "support/check.h"

static void report(const char *what, int64_t start, int64_t asked, clockid_t clock) {
    int64_t slept = now(clock) - start;
    printf("%s: asked %lld slept %lld\n", what, (long long)asked, (long long)slept);
    CHECK(slept == 0 || slept >= asked);
}

int main(int argc, char **argv) {
    int64_t asked = nanos_from_args(argc, argv);
    struct timespec duration = from_nanos(asked);
    const clockid_t clocks[] = {CLOCK_MONOTONIC, CLOCK_REALTIME};
    const char *names[] = {"monotonic", "realtime"};

    int64_t start = now(CLOCK_MONOTONIC);
    struct timespec left = {.tv_sec = 7, .tv_nsec = 7};
    CHECK(nanosleep(&duration, &left) == 0);
    report("nanosleep", start, asked, CLOCK_MONOTONIC);

    for (int i = 0; i < 2; i++) {
        printf("%s\n", names[i]);
        start = now(clocks[i]);
        CHECK(clock_nanosleep(clocks[i], 0, &duration, NULL) == 0);
        report(" relative", start, asked, clocks[i]);

        start = now(clocks[i]);
        struct timespec deadline = from_nanos(start + asked);
        CHECK(clock_nanosleep(clocks[i], TIMER_ABSTIME, &deadline, NULL) == 0);
        report(" absolute", start, asked, clocks[i]);

        start = now(clocks[i]);
        deadline = from_nanos(start > 0 ? start - 1 : 0);
        CHECK(clock_nanosleep(clocks[i], TIMER_ABSTIME, &deadline, NULL) == 0);
        report(" passed", start, 0, clocks[i]);
    }

    struct timespec none = {.tv_sec = 0, .tv_nsec = SECOND};
    CHECK(nanosleep(&none, NULL) == -1 && errno == EINVAL);
    return 0;
}
