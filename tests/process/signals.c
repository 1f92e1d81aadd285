/* A signal every millisecond, handled with SA_RESTART and without, while mails are sent in every way: no call fails, and
 * none takes longer than it must.
 *
 *     signals IP PORT */
#include "check.h"
#include "load.h"
#include <signal.h>
#include <sys/time.h>

static volatile sig_atomic_t caught;

static void handler(int number)
{
    (void)number;
    caught++;
}

static void storm(int flags, const char *name)
{
    struct sigaction action;
    struct itimerval every = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    int bad = 0;

    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigaction(SIGALRM, &action, NULL);
    caught = 0;
    setitimer(ITIMER_REAL, &every, NULL);
    for (int i = 0; i < 40; i++) {
        bad += load_distinct(load_named) != 0;
        bad += load_native(load_address) != 0;
        bad += load_background(load_address) != 0;
    }
    setitimer(ITIMER_REAL, &never, NULL);
    CHECK_INT(name, bad, 0);
    CHECK("signals came", caught > 0);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    load_server(argv[1], argv[2]);
    storm(0, "calls that a signal interrupts");
    storm(SA_RESTART, "calls that go on after a signal");
    return checks_done();
}
