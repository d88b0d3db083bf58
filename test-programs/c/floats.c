// Prints floats, and the bits of NaNs that are computed at run time: an engine that does not make them canonical shows
// those of the processor (0.0 / 0.0 is negative on x86-64 and positive on AArch64).
#include <math.h>
#include <string.h>

#include "support/check.h"

static volatile double zero = 0.0, one = 1.0, tenth = 0.1;
static volatile double stored;
static volatile float zero_f = 0.0f, third_f = 1.0f / 3.0f;

static void show(const char *name, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    printf("%-16s %016llx %.17g %f %a\n", name, (unsigned long long)bits, isnan(value) ? NAN : value, isnan(value) ? 0 : value,
           isnan(value) ? 0 : value);
}

static void show_f(const char *name, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    printf("%-16s %08x %.9g\n", name, bits, isnan(value) ? (double)NAN : (double)value);
}

int main(void) {
    double infinity = one / zero, nan = zero / zero;
    CHECK(isinf(infinity) && isnan(nan));
    show("0/0", nan);
    show("inf-inf", infinity - infinity);
    show("0*inf", zero * infinity);
    show("sqrt(-1)", sqrt(-one));
    stored = nan;
    show("-(0/0)", -stored);
    show("|0/0|", fabs(stored));
    show("nan+1", nan + one);
    show("fmin(nan,nan)", __builtin_wasm_min_f64(nan, nan));
    show("floor(nan)", floor(nan));
    show("(float)nan", (double)(float)nan);
    show("inf", infinity);
    show("-0", -zero);
    show("0.1+0.2", tenth + 2 * tenth);
    show("sqrt(0.1)", sqrt(tenth));
    show("sin(0.1)", sin(tenth));
    show("exp(0.1)", exp(tenth));
    show("pow(0.1,0.1)", pow(tenth, tenth));
    show("1e-310", 1e-310 * one);
    show_f("0f/0f", zero_f / zero_f);
    show_f("sqrtf(-1)", sqrtf(-third_f));
    show_f("1f/3f", third_f);
    show_f("(float)(0/0)", (float)nan);
    CHECK(tenth + 2 * tenth != 3 * one / 10);
    return 0;
}
