// An event loop straight on `poll_oneoff`: 16 timers with absolute deadlines, waited for together, those that were
// delivered are not waited for again. Each comes once, none before its time. Prints the order.
#include <stdbool.h>
#include <wasi/api.h>

#include "support/check.h"

#define TIMERS 16

int main(void) {
    __wasi_timestamp_t deadlines[TIMERS], start;
    bool done[TIMERS] = {false};
    CHECK(__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &start) == 0);
    // Three at a time are due at once; neither the first nor the last to be asked for is due first.
    for (int i = 0; i < TIMERS; i++) deadlines[i] = start + (unsigned)(i * 5 % TIMERS) / 3 * 500000 + 1;

    for (int left = TIMERS; left > 0;) {
        __wasi_subscription_t wanted[TIMERS] = {0};
        __wasi_event_t events[TIMERS];
        __wasi_size_t count = 0;
        int asked = 0;
        for (int i = 0; i < TIMERS; i++) {
            if (done[i]) continue;
            __wasi_subscription_t *timer = &wanted[asked++];
            timer->userdata = 1000 + i;
            timer->u.tag = __WASI_EVENTTYPE_CLOCK;
            timer->u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
            timer->u.u.clock.timeout = deadlines[i];
            timer->u.u.clock.flags = __WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME;
        }
        CHECK(asked == left);
        CHECK(__wasi_poll_oneoff(wanted, events, asked, &count) == 0);
        CHECK(count >= 1 && count <= (__wasi_size_t)asked);
        __wasi_timestamp_t time;
        CHECK(__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &time) == 0);
        printf("at %llu:", (unsigned long long)(time - start));
        for (__wasi_size_t e = 0; e < count; e++) {
            CHECK(events[e].type == __WASI_EVENTTYPE_CLOCK && events[e].error == 0);
            __wasi_userdata_t timer = events[e].userdata - 1000;
            CHECK(timer < TIMERS && !done[timer]);
            CHECK(time == start || time >= deadlines[timer]);
            done[timer] = true;
            left--;
            printf(" %d", (int)timer);
        }
        printf("\n");
    }
    return 0;
}
