/* The library is loaded for each mail and unloaded again, as plugins and old programs do, while a status callback is still
 * returning, a name is still being looked up for a call that has timed out, and a command still says a password.
 *
 *     unload IP PORT LIBRARY CYCLES KIND
 *
 * KIND: "busy", with all of that; "quiet", mails to an address only, which need no thread of the library, on threads that have
 * ended when it is unloaded: then it really goes. */
#define _GNU_SOURCE
#include "check.h"
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <windows.h>
#include <d32-smtp.h>
#include <helo.h>

static atomic_int told, returned, asked, answered;

/* Comes before the system's: for names that there are not it is a resolver whose name server is silent, and returns into the
 * library long after that was told to go. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    static int (*system_s)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

    if (name != NULL && strstr(name, ".invalid") != NULL) {
        atomic_fetch_add(&asked, 1);
        usleep(60000);
        atomic_fetch_add(&answered, 1);
        return EAI_AGAIN;
    }
    system_s = (__typeof__(system_s))dlsym(RTLD_NEXT, "getaddrinfo");
    return system_s(name, service, hints, found);
}

static void *symbol(void *library, const char *name)
{
    void *found = dlsym(library, name);

    if (found == NULL) {
        printf("not ok %s: %s\n", name, dlerror());
        exit(1);
    }
    return found;
}

#define CALL(name) (*(__typeof__(&name))symbol(library, #name))

/* Returns some time after the library was told to go. */
static int WINAPI status(GLOBALHANDLE conn, int result, DWORD_PTR param)
{
    (void)conn;
    (void)result;
    (void)param;
    atomic_fetch_add(&told, 1);
    usleep(2000);
    atomic_fetch_add(&returned, 1);
    return 0;
}

static int mail(void *library, const char *host)
{
    GLOBALHANDLE conn = NULL;
    int code = CALL(smtp_helo)(host, "pc.example", &conn, NULL, 0);

    if (code != SMTP_SUCCESS)
        return code;
    code = CALL(smtp_mail)(conn, "ann@pc.example");
    if (code == SMTP_SUCCESS)
        code = CALL(smtp_rcpt)(conn, "bob@mail.example");
    if (code == SMTP_SUCCESS)
        code = CALL(smtp_data_buf)(conn, "hello\r\n", 7);
    if (code == SMTP_SUCCESS)
        code = CALL(smtp_data_buf)(conn, NULL, 0);
    CALL(smtp_quit)(conn);
    return code;
}

/* What goes on by itself: an attempt in the background, or two, of which one looks its name up for a while; a lookup, and a
 * command, that nobody waits for any more. So many callbacks are to come. */
static int leave_behind(void *library, const char *host, const char *port, int cycle)
{
    GLOBALHANDLE conn = NULL;
    char text[200];
    int begun = CALL(smtp_xhelo)(host, "pc.example", &conn, NULL, (FARPROC)status, 0) == SMTP_SUCCESS;

    if (cycle % 3 == 0) {
        begun += CALL(smtp_xhelo)("no-such-host.invalid", "pc.example", &conn, NULL, (FARPROC)status, 0) == SMTP_SUCCESS;
        if (cycle % 2 == 0)
            CALL(smtp_xquit)(conn);
    }
    if (cycle % 50 == 0) {
        CALL(helo_policy_text)("connect_timeout = 10ms\n");
        mail(library, "no-such-host.invalid");
        CALL(helo_policy_text)(NULL);
    }
    if (cycle % 100 == 1) {
        snprintf(text, sizeof text, "user = ann\npassword_command = sleep 0.2; echo secret\nconnect_timeout = 20ms\n"
                                    "reply_timeout = 20ms\ntls = never\n");
        CALL(helo_policy_text)(text);
        snprintf(text, sizeof text, "localhost:%s", port);
        mail(library, text);
        CALL(helo_policy_text)(NULL);
    }
    return begun;
}

struct errand {
    void *library;
    const char *host;
    int code;
};

static void *on_a_thread(void *given)
{
    struct errand *errand = given;

    errand->code = mail(errand->library, errand->host);
    return NULL;
}

static int quiet_mail(void *library, const char *host)
{
    struct errand errand = {library, host, -1};
    pthread_t thread;

    pthread_create(&thread, NULL, on_a_thread, &errand);
    pthread_join(thread, NULL);
    return errand.code;
}

static int is_loaded(const char *path)
{
    void *there = dlopen(path, RTLD_NOW | RTLD_NOLOAD);

    if (there != NULL)
        dlclose(there);
    return there != NULL;
}

int main(int argc, char **argv)
{
    char host[80], named[80];
    int cycles, busy, bad = 0, expected = 0;

    if (argc < 6)
        return 2;
    snprintf(host, sizeof host, "%s:%s", argv[1], argv[2]);
    snprintf(named, sizeof named, "localhost:%s", argv[2]);
    cycles = atoi(argv[4]);
    busy = strcmp(argv[5], "busy") == 0;
    for (int cycle = 0; cycle < cycles; cycle++) {
        void *library = dlopen(argv[3], RTLD_NOW);
        int code;

        if (library == NULL) {
            printf("not ok dlopen: %s\n", dlerror());
            return 1;
        }
        if (busy) {
            code = mail(library, cycle % 2 ? named : host);
            expected += leave_behind(library, host, argv[2], cycle);
        } else {
            code = quiet_mail(library, host);
        }
        if (code != SMTP_SUCCESS && bad++ < 5)
            printf("# cycle %d: %d\n", cycle, code);
        if (dlclose(library) != 0)
            printf("not ok dlclose: %s\n", dlerror());
        if (cycle == 0)
            CHECK_INT("stays loaded once a thread of it has run", is_loaded(argv[3]), busy);
    }
    CHECK_INT("mails that were not taken", bad, 0);
    if (busy) {
        /* All that was told has returned: into code that is there. */
        for (int wait = 0; wait < 2000 && (atomic_load(&told) < expected || atomic_load(&returned) < atomic_load(&told) ||
                                           atomic_load(&answered) < atomic_load(&asked)); wait++)
            usleep(10000);
        printf("# %d loads and unloads, %d callbacks, %d lookups that hung\n", cycles, atomic_load(&told), atomic_load(&asked));
        CHECK("every attempt was begun", expected >= cycles);
        CHECK_INT("callbacks came", atomic_load(&told), expected);
        /* Those that were taken back at once may not have come so far. */
        CHECK("lookups hung", atomic_load(&asked) >= cycles / 6);
        CHECK_INT("lookups came back", atomic_load(&answered), atomic_load(&asked));
        CHECK_INT("callbacks returned", atomic_load(&returned), atomic_load(&told));
    }
    return checks_done();
}
