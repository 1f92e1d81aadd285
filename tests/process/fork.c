/* Children of fork, made at any moment under the load of many threads: each opens a connection of its own, sends a mail
 * and ends. None may hang, and none may come to a failure.
 *
 *     fork IP PORT CHILDREN */
#include "check.h"
#include "load.h"
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

/* So many live at the same time. */
#define AT_ONCE 6
/* A child that has not ended by then hangs, in seconds. The alarm ends it. */
#define PATIENCE 40

static int hung, failed, fine;

static void child(unsigned number)
{
    int code;

    alarm(PATIENCE);
    switch (number % 4) {
    case 0: code = load_distinct(load_named); break;
    case 1: code = load_native(load_address); break;
    case 2: code = load_background(load_address); break;
    default: code = load_distinct(load_address); break;
    }
    if (code != 0)
        fprintf(stderr, "child %u: %d, %s\n", number, code, helo_last_error());
    if (number % 3)
        _exit(code != 0);
    exit(code != 0);
}

static void reap(void)
{
    int status;
    pid_t pid = wait(&status);

    if (pid < 0)
        return;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        hung++;
    else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        failed++;
    else
        fine++;
}

int main(int argc, char **argv)
{
    unsigned children = argc > 3 ? (unsigned)atoi(argv[3]) : 100, alive = 0;
    pthread_t threads[LOAD_THREADS];

    if (argc < 3)
        return 2;
    load_server(argv[1], argv[2]);
    load_start(threads);
    for (unsigned i = 0; i < children; i++) {
        pid_t pid;

        if (alive == AT_ONCE) {
            reap();
            alive--;
        }
        pid = fork();
        if (pid == 0)
            child(i);
        if (pid < 0)
            return 3;
        alive++;
    }
    while (alive-- > 0)
        reap();
    load_stop(threads);
    printf("%u children, %d fine, %d hung, %d failed\n", children, fine, hung, failed);
    CHECK_INT("children that hang", hung, 0);
    CHECK_INT("children that fail", failed, 0);
    CHECK_INT("children that are fine", fine, children);
    return checks_done();
}
