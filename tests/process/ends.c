/* A callback that does not return: it ends the process, its thread, or jumps out. And threads that are cancelled in a call.
 *
 *     ends IP PORT WHAT WHERE
 *
 * WHAT: exit, pthread_exit, longjmp, fork, cancel. WHERE: debug, data, status, result, trace, yield. */
#include "check.h"
#include "load.h"
#include <netinet/in.h>
#include <setjmp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

static const char *what, *where;
static GLOBALHANDLE busy;
static helo_delivery running;
static jmp_buf out;
static int jumped, in_child;

static void at_exit(void)
{
    /* A program's last words: what is busy is so still, and nothing waits for ever. */
    if (busy != NULL)
        smtp_quit(busy);
    if (running != 0)
        helo_free(running);
    load_distinct(load_address);
}

static void go(const char *here)
{
    if (jumped || strcmp(here, where) != 0)
        return;
    jumped = 1;
    if (strcmp(what, "exit") == 0)
        exit(7);
    if (strcmp(what, "pthread_exit") == 0)
        pthread_exit(NULL);
    if (strcmp(what, "longjmp") == 0)
        longjmp(out, 1);
    if (strcmp(what, "fork") == 0) {
        pid_t pid = fork();
        int status = -1;

        if (pid == 0) {
            in_child = 1;
            alarm(20);
            return; /* into a call of the parent's */
        }
        waitpid(pid, &status, 0);
        CHECK("the child has ended by itself", WIFEXITED(status));
        CHECK_INT("and was told", WEXITSTATUS(status), 0);
    }
}

static int WINAPI debug(GLOBALHANDLE conn, char *text, int length, DWORD_PTR param)
{
    (void)conn, (void)text, (void)length, (void)param;
    go("debug");
    return 0;
}

static int WINAPI data(GLOBALHANDLE conn, char *buffer, int length, DWORD_PTR param)
{
    static int calls;

    (void)conn, (void)param, (void)length;
    go("data");
    if (calls++ > 0)
        return 0;
    memcpy(buffer, "hello\r\n", 7);
    return 7;
}

static int WINAPI status(GLOBALHANDLE conn, int result, DWORD_PTR param)
{
    (void)conn, (void)result, (void)param;
    go("status");
    return 0;
}

static int WINAPI yield(void)
{
    go("yield");
    return 0;
}

static void result(void *user, const helo_result *result)
{
    (void)user, (void)result;
    go("result");
}

static void trace(void *user, uint32_t connection, helo_trace what, const char *bytes, size_t length)
{
    (void)user, (void)connection, (void)what, (void)bytes, (void)length;
    go("trace");
}

/* A server that takes its time, so that there is something to yield in. */
static void *slow_server(void *listener)
{
    int client = accept((int)(size_t)listener, NULL, NULL);
    char line[512];

    dprintf(client, "220 slow\r\n");
    while (read(client, line, sizeof line) > 0) {
        usleep(300000);
        dprintf(client, "250 in time\r\n");
    }
    return NULL;
}

static void be_slow(char *host, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    pthread_t thread;

    bind(listener, (struct sockaddr *)&address, sizeof address);
    listen(listener, 5);
    getsockname(listener, (struct sockaddr *)&address, &length);
    snprintf(host, size, "127.0.0.1:%u", ntohs(address.sin_port));
    pthread_create(&thread, NULL, slow_server, (void *)(size_t)listener);
}

static int by_distinct(void)
{
    char slow[40];
    const char *host = load_address;
    int code;

    if (strcmp(where, "yield") == 0) {
        be_slow(slow, sizeof slow);
        host = slow;
    }
    code = smtp_helo(host, "pc.example", &busy, strcmp(where, "debug") == 0 ? (FARPROC)debug : NULL, 0);

    if (code != SMTP_SUCCESS)
        return code;
    if (strcmp(where, "yield") == 0)
        smtp_opts(busy, OPT_YIELD_ON, (DWORD_PTR)yield);
    code = smtp_mail(busy, "ann@pc.example");
    if (strcmp(where, "yield") == 0)
        return code;
    if (code == SMTP_SUCCESS)
        code = smtp_rcpt(busy, "bob@mail.example");
    if (code == SMTP_SUCCESS)
        code = smtp_data(busy, (FARPROC)data);
    return code;
}

static int by_native(void)
{
    uint32_t mail = 0;

    running = helo_new(load_address);
    helo_add_mail(running, "ann@pc.example", &mail);
    helo_add_recipient(running, mail, "bob@mail.example", NULL);
    helo_set_body(running, mail, "hello\r\n", 7);
    helo_on_result(running, result, NULL);
    helo_on_trace(running, trace, NULL);
    return helo_run(running);
}

static int is_native(void)
{
    return strcmp(where, "result") == 0 || strcmp(where, "trace") == 0;
}

static void *by_thread(void *code)
{
    *(int *)code = is_native() ? by_native() : by_distinct();
    return NULL;
}

/* A thread that is cancelled goes on to the end of its call, and then goes. */
static void *cancelled(void *seen)
{
    GLOBALHANDLE conn = NULL;

    pthread_cancel(pthread_self());
    *(int *)seen = smtp_helo(load_named, "pc.example", &conn, NULL, 0);
    smtp_quit(conn);
    pthread_testcancel();
    *(int *)seen = -1;
    return NULL;
}

static int after_the_jump(void)
{
    if (is_native()) {
        CHECK_INT("the delivery is busy for good", helo_free(running), HELO_IN_PROGRESS);
    } else {
        CHECK_INT("the connection is busy for good", smtp_noop(busy), SMTP_IN_PROGRESS);
    }
    CHECK_INT("others go on", load_distinct(load_address), 0);
    CHECK_INT("others go on", load_native(load_named), HELO_OK);
    if (fork() == 0) {
        alarm(20);
        _exit(load_distinct(load_named) != 0);
    }
    int status = -1;
    wait(&status);
    CHECK_INT("and so do children", status, 0);
    return checks_done();
}

int main(int argc, char **argv)
{
    int code = 0;

    if (argc < 5)
        return 2;
    load_server(argv[1], argv[2]);
    what = argv[3];
    where = argv[4];
    if (strcmp(what, "exit") == 0)
        atexit(at_exit);
    if (strcmp(what, "cancel") == 0) {
        pthread_t thread;
        void *ended = NULL;

        pthread_create(&thread, NULL, cancelled, &code);
        pthread_join(thread, &ended);
        CHECK_INT("the call was carried out", code, SMTP_SUCCESS);
        CHECK("then the thread was cancelled", ended == PTHREAD_CANCELED);
        CHECK_INT("others go on", load_distinct(load_address), 0);
        return checks_done();
    }
    if (strcmp(where, "status") == 0) {
        code = smtp_xhelo(load_address, "pc.example", &busy, NULL, (FARPROC)status, 0);
        CHECK_INT("begun", code, SMTP_SUCCESS);
        sleep(20); /* the callback ends the process */
        return 3;
    }
    if (strcmp(what, "pthread_exit") == 0) {
        pthread_t thread;

        pthread_create(&thread, NULL, by_thread, &code);
        pthread_join(thread, NULL);
        return 4;
    }
    if (setjmp(out) != 0)
        return after_the_jump();
    by_thread(&code);
    if (in_child) {
        /* The parent's call has not gone on in the child: it says whose the connection is. */
        const char *words = helo_last_error();
        /* Of a result it is told when the call has nothing more to do on the connection. */
        int fine = (code != 0 && strstr(words, "parent process") != NULL) || (code == 0 && strcmp(where, "result") == 0);
        if (!fine)
            printf("# in the child: %d, %s\n", code, words);
        if (fine && load_distinct(load_address) != 0)
            fine = 0;
        fflush(stdout);
        _exit(!fine);
    }
    CHECK("the callback was called", jumped);
    CHECK_INT("the call", code, 0);
    return checks_done();
}
