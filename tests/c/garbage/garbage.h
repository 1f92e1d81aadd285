/* Every exported function, called with what a program must not pass: NULL for each pointer, negative and huge lengths,
 * stale, foreign and random handles. Nothing may crash, hang or write where it should not; where the face's manual names
 * the error, it must come.
 *
 *     CALL(smtp_quit, RANDOM_HANDLE);                               only survive it
 *     REFUSED(SMTP_INVALID_HANDLE, smtp_rply, 0, NULL, -1);         this result, exactly
 *
 * tests/c.rs looks for each name of exports.txt in these two. The name is printed before the call, so that a crash shows
 * whose it was. */
#ifndef HELO_TESTS_GARBAGE_H
#define HELO_TESTS_GARBAGE_H

#include "check.h"
#include <stdint.h>

/* The call returns at all; what it returns does not matter. */
#define CALL(function, ...)                                                 \
    do {                                                                    \
        printf("# " #function "(" #__VA_ARGS__ ")\n");                      \
        fflush(stdout);                                                     \
        (void)function(__VA_ARGS__);                                        \
        check_line(1, #function " survives", "", __FILE__, __LINE__);       \
    } while (0)

/* The call returns this number. */
#define REFUSED(wanted, function, ...)                                                                       \
    do {                                                                                                     \
        printf("# " #function "(" #__VA_ARGS__ ")\n");                                                       \
        fflush(stdout);                                                                                      \
        check_int(#function " refuses", (long long)function(__VA_ARGS__), wanted, __FILE__, __LINE__);       \
    } while (0)

/* Numbers that were never handles: nothing, descriptors, small and large ones, signs. */
static const uintptr_t garbage_handles[] = {
    0, 1, 2, 3, 0x10000, 0x7fff, 0x8000, 0x7fffffff, 0x80000000u, 0xffffffffu, 0xdeadbeefu, UINTPTR_MAX, UINTPTR_MAX / 2,
};

#define GARBAGE_HANDLES (sizeof garbage_handles / sizeof *garbage_handles)

#endif /* HELO_TESTS_GARBAGE_H */
