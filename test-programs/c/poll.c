// `poll` and `pselect` on stdin with a timeout (the first argument, in nanoseconds, or 3 ms), and on nothing but the
// timeout: what is ready is among what was asked for, or the timeout has passed, or time stands still.
#include <poll.h>
#include <string.h>
#include <sys/select.h>

#include "support/check.h"

int main(int argc, char **argv) {
    int64_t timeout = nanos_from_args(argc, argv);

    for (int round = 0; round < 3; round++) {
        struct pollfd fds[2] = {{.fd = 0, .events = POLLRDNORM}, {.fd = 1, .events = POLLWRNORM}};
        int64_t start = now(CLOCK_MONOTONIC);
        int count = poll(fds, round == 2 ? 2 : 1, (int)(timeout / 1000000));
        int64_t elapsed = now(CLOCK_MONOTONIC) - start;
        printf("poll: %d of them ready, %x %x, after %lld ns\n", count, fds[0].revents, fds[1].revents, (long long)elapsed);
        CHECK(count == (fds[0].revents != 0) + (fds[1].revents != 0));
        CHECK((fds[0].revents & ~(POLLRDNORM | POLLHUP)) == 0);
        CHECK((fds[1].revents & ~(POLLWRNORM | POLLHUP)) == 0);
        CHECK(count > 0 || elapsed == 0 || elapsed >= timeout / 1000000 * 1000000);
    }

    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(0, &readable);
    struct timespec limit = from_nanos(timeout);
    int64_t start = now(CLOCK_MONOTONIC);
    int count = pselect(1, &readable, NULL, NULL, &limit, NULL);
    int64_t elapsed = now(CLOCK_MONOTONIC) - start;
    printf("pselect: %d, %d, after %lld ns\n", count, FD_ISSET(0, &readable) != 0, (long long)elapsed);
    CHECK(count == (FD_ISSET(0, &readable) != 0));
    CHECK(count > 0 || elapsed == 0 || elapsed >= timeout);

    start = now(CLOCK_MONOTONIC);
    count = pselect(0, NULL, NULL, NULL, &limit, NULL);
    elapsed = now(CLOCK_MONOTONIC) - start;
    printf("timeout: %d, after %lld ns\n", count, (long long)elapsed);
    CHECK(count == 0 && (elapsed == 0 || elapsed >= timeout));
    return 0;
}
