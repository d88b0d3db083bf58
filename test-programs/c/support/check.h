// What the C guests share: a check that ends the program with exit code 1, and times in nanoseconds.
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CHECK(holds)                                                            \
    do {                                                                        \
        if (!(holds)) {                                                         \
            fflush(stdout);                                                     \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #holds); \
            exit(1);                                                            \
        }                                                                       \
    } while (0)

#define SECOND INT64_C(1000000000)

static inline int64_t to_nanos(struct timespec time) { return (int64_t)time.tv_sec * SECOND + time.tv_nsec; }

static inline struct timespec from_nanos(int64_t nanos) {
    return (struct timespec){.tv_sec = nanos / SECOND, .tv_nsec = nanos % SECOND};
}

static inline int64_t now(clockid_t clock) {
    struct timespec time;
    CHECK(clock_gettime(clock, &time) == 0);
    CHECK(time.tv_nsec >= 0 && time.tv_nsec < SECOND);
    return to_nanos(time);
}

// The nanoseconds to sleep: the first argument, or a few ms.
static inline int64_t nanos_from_args(int argc, char **argv) { return argc > 1 ? atoll(argv[1]) : 3000000; }
