// Seeds `rand` from `getentropy`, draws 100 numbers and sorts them with `qsort`; prints them.
#include <unistd.h>

#include "support/check.h"

static int compare(const void *a, const void *b) {
    int left = *(const int *)a, right = *(const int *)b;
    return (left > right) - (left < right);
}

int main(void) {
    unsigned seed;
    int numbers[100];
    uint64_t before = 0, after = 0;
    CHECK(getentropy(&seed, sizeof seed) == 0);
    srand(seed);
    for (int i = 0; i < 100; i++) before += numbers[i] = rand();

    qsort(numbers, 100, sizeof *numbers, compare);
    for (int i = 0; i < 100; i++) {
        printf("%d\n", numbers[i]);
        CHECK(i == 0 || numbers[i - 1] <= numbers[i]);
        after += numbers[i];
    }
    CHECK(before == after);
    return 0;
}
