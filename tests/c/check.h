/* What the C tests share: a line "ok NAME" or "not ok NAME: why" for each check, and the exit code.
 *
 *     int main(int argc, char **argv) {
 *         CHECK("version is there", helo_version() != NULL);
 *         CHECK_INT("hello", smtp_helo(...), SMTP_SUCCESS);
 *         return checks_done();
 *     }
 *
 * The output is flushed at each line, so that a crash shows how far the program came. */
#ifndef HELO_TESTS_CHECK_H
#define HELO_TESTS_CHECK_H

#include <stdio.h>
#include <string.h>

static int checks_failed;
static int checks_made;

static void check_line(int fine, const char *name, const char *why, const char *file, int line)
{
    checks_made++;
    if (fine) {
        printf("ok %s\n", name);
    } else {
        checks_failed++;
        printf("not ok %s: %s (%s:%d)\n", name, why, file, line);
    }
    fflush(stdout);
}

static inline void check_int(const char *name, long long got, long long wanted, const char *file, int line)
{
    char why[80];
    snprintf(why, sizeof why, "got %lld, wanted %lld", got, wanted);
    check_line(got == wanted, name, why, file, line);
}

static inline void check_text(const char *name, const char *got, const char *wanted, const char *file, int line)
{
    char why[400];
    int fine = got != NULL && strcmp(got, wanted) == 0;
    snprintf(why, sizeof why, "got \"%.150s\", wanted \"%.150s\"", got ? got : "(NULL)", wanted);
    check_line(fine, name, why, file, line);
}

/* The condition holds. */
#define CHECK(name, condition) check_line(!!(condition), name, #condition, __FILE__, __LINE__)
/* Two whole numbers are equal. */
#define CHECK_INT(name, got, wanted) check_int(name, (long long)(got), (long long)(wanted), __FILE__, __LINE__)
/* Two strings are equal. */
#define CHECK_TEXT(name, got, wanted) check_text(name, got, wanted, __FILE__, __LINE__)

/* The exit code: a program that checked nothing has failed too. */
static inline int checks_done(void)
{
    if (checks_made == 0) {
        printf("not ok nothing was checked\n");
    }
    return checks_failed != 0 || checks_made == 0;
}

#endif /* HELO_TESTS_CHECK_H */
