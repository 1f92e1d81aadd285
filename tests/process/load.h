/* What a busy program does with the library, on as many threads as it takes: mails over all ways to send them, names
 * looked up, connections made in the background, policies read again, keys set. Each round is a call of one of these. */
#ifndef HELO_TESTS_LOAD_H
#define HELO_TESTS_LOAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <windows.h>
#include <d32-smtp.h>
#include <helo.h>

static char load_address[80]; /* "127.0.0.1:2525" */
static char load_named[80];   /* the same by a name that is looked up */
static atomic_int load_over;

static inline void load_server(const char *ip, const char *port)
{
    snprintf(load_address, sizeof load_address, "%s:%s", ip, port);
    snprintf(load_named, sizeof load_named, "localhost:%s", port);
}

/* A mail by the Distinct API; 0 when it was taken, else the code of the call that failed. */
static inline int load_distinct(const char *host)
{
    GLOBALHANDLE conn = NULL;
    int code = smtp_helo(host, "pc.example", &conn, NULL, 0);

    if (code == SMTP_SUCCESS) {
        code = smtp_mail(conn, "ann@pc.example");
        if (code == SMTP_SUCCESS)
            code = smtp_rcpt(conn, "bob@mail.example");
        if (code == SMTP_SUCCESS)
            code = smtp_data_buf(conn, "hello\r\n", 7);
        if (code == SMTP_SUCCESS)
            code = smtp_data_buf(conn, NULL, 0);
        smtp_quit(conn);
    } else if (code == SMTP_FAILURE) {
        smtp_quit(conn);
    }
    return code;
}

/* A mail by helo.h; HELO_OK when it was taken. */
static inline int load_native(const char *server)
{
    helo_delivery delivery = helo_new(server);
    uint32_t mail = 0;
    int status = HELO_BAD_HANDLE;

    if (delivery == 0)
        return status;
    helo_add_mail(delivery, "ann@pc.example", &mail);
    helo_add_recipient(delivery, mail, "bob@mail.example", NULL);
    helo_set_body(delivery, mail, "Subject: x\r\n\r\nhello\r\n", 21);
    status = helo_run(delivery);
    helo_free(delivery);
    return status;
}

struct load_telling {
    pthread_mutex_t lock;
    pthread_cond_t told;
    int times, result;
};

static inline int WINAPI load_status(GLOBALHANDLE conn, int result, DWORD_PTR param)
{
    struct load_telling *telling = (struct load_telling *)param;

    (void)conn;
    pthread_mutex_lock(&telling->lock);
    telling->times++;
    telling->result = result;
    pthread_cond_signal(&telling->told);
    pthread_mutex_unlock(&telling->lock);
    return 0;
}

/* A connection made in the background; 0 when it was told of as open. */
static inline int load_background(const char *host)
{
    struct load_telling telling = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
    GLOBALHANDLE conn = NULL;
    int code = smtp_xhelo(host, "pc.example", &conn, NULL, (FARPROC)load_status, (DWORD_PTR)&telling);

    if (code != SMTP_SUCCESS)
        return code;
    pthread_mutex_lock(&telling.lock);
    while (telling.times == 0)
        pthread_cond_wait(&telling.told, &telling.lock);
    pthread_mutex_unlock(&telling.lock);
    smtp_quit(conn);
    return telling.result;
}

/* What a process decides for all its connections, over and over. */
static inline void load_decide(unsigned round)
{
    char text[80];

    snprintf(text, sizeof text, "reply_timeout = %u\n", 20 + round % 10);
    helo_policy_text(round % 3 ? text : NULL);
    helo_set_key(HELO_FACE_ALL, NULL, "data_timeout", round % 2 ? "30" : NULL);
}

static inline void *load_thread(void *kind)
{
    unsigned round = 0;

    while (!atomic_load(&load_over)) {
        switch ((int)(size_t)kind) {
        case 0: load_distinct(load_address); break;
        case 1: load_distinct(load_named); break;
        case 2: load_native(load_address); break;
        case 3: load_background(load_named); break;
        case 4: load_native(load_named); break;
        default:
            load_decide(round);
            usleep(200);
            break;
        }
        round++;
    }
    return NULL;
}

#define LOAD_THREADS 8

static inline void load_start(pthread_t *threads)
{
    for (size_t i = 0; i < LOAD_THREADS; i++)
        pthread_create(&threads[i], NULL, load_thread, (void *)(i % 6));
}

static inline void load_stop(pthread_t *threads)
{
    atomic_store(&load_over, 1);
    for (size_t i = 0; i < LOAD_THREADS; i++)
        pthread_join(threads[i], NULL);
}

#endif /* HELO_TESTS_LOAD_H */
