// A JavaScript interpreter, QuickJS: runs the script on standard input, with `print` and nothing else of a host.
#include <stdio.h>
#include <stdlib.h>

#include "quickjs.h"

static JSValue print(JSContext *context, JSValueConst this, int count, JSValueConst *values) {
    (void)this;
    for (int i = 0; i < count; i++) {
        const char *text = JS_ToCString(context, values[i]);
        if (!text) {
            return JS_EXCEPTION;
        }
        printf("%s%s", i ? " " : "", text);
        JS_FreeCString(context, text);
    }
    printf("\n");
    fflush(stdout); // a write for each line, as on a terminal
    return JS_UNDEFINED;
}

static int failed(JSContext *context) {
    JSValue exception = JS_GetException(context);
    const char *text = JS_ToCString(context, exception);
    fprintf(stderr, "%s\n", text ? text : "an exception");
    JS_FreeCString(context, text);
    JS_FreeValue(context, exception);
    return 1;
}

int main(void) {
    static char script[1 << 16];
    size_t length = fread(script, 1, sizeof script - 1, stdin);
    if (ferror(stdin) || !feof(stdin)) {
        fprintf(stderr, "the script on standard input is too long or cannot be read\n");
        return 1;
    }

    JSRuntime *runtime = JS_NewRuntime();
    JSContext *context = runtime ? JS_NewContext(runtime) : NULL;
    if (!context) {
        fprintf(stderr, "no memory\n");
        return 1;
    }
    JSValue global = JS_GetGlobalObject(context);
    JS_SetPropertyStr(context, global, "print", JS_NewCFunction(context, print, "print", 1));
    JS_FreeValue(context, global);

    JSValue result = JS_Eval(context, script, length, "script.js", JS_EVAL_TYPE_GLOBAL);
    int code = JS_IsException(result) ? failed(context) : 0;
    JS_FreeValue(context, result);
    // What promises and async functions left to do.
    JSContext *job;
    int done;
    while (code == 0 && (done = JS_ExecutePendingJob(runtime, &job)) != 0) {
        code = done < 0 ? failed(job) : 0;
    }
    JS_FreeContext(context);
    JS_FreeRuntime(runtime);
    return code;
}
