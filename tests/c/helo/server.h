/* What the programs around a server share: a spool that keeps what it is given, and a client of bare sockets. */
#ifndef HELO_TESTS_SERVER_H
#define HELO_TESTS_SERVER_H

#include "../check.h"
#include <arpa/inet.h>
#include <helo.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* The mails that came, the last one in full. What several threads see is behind the lock. */
struct kept {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int begun, ended, aborted, closed;
    char sender[200], recipients[400], parameters[200], peer[100], hello[100], user[100];
    char body[4000];
    size_t length;
    /* What the functions answer. */
    int begin_code, data_code, end_code;
    const char *words;
    /* The recipient that end() has no mail for; -1 for none. */
    int without;
};

static struct kept kept = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .without = -1};

/* One mail on its way. */
struct mail {
    char body[4000];
    size_t length;
};

static inline int say(int code, const char *words, char *text, size_t size)
{
    if (words != NULL)
        snprintf(text, size, "%s", words);
    return code;
}

static int keep_begin(void *user, const helo_facts *facts, void **mail, char *text, size_t size)
{
    struct kept *k = user;
    uint32_t i;
    int code;

    pthread_mutex_lock(&k->lock);
    k->begun++;
    snprintf(k->sender, sizeof k->sender, "%s", facts->sender);
    snprintf(k->parameters, sizeof k->parameters, "%s", facts->parameters);
    snprintf(k->peer, sizeof k->peer, "%s", facts->peer);
    snprintf(k->hello, sizeof k->hello, "%s", facts->hello);
    snprintf(k->user, sizeof k->user, "%s", facts->user);
    k->recipients[0] = '\0';
    for (i = 0; i < facts->count; i++) {
        strcat(k->recipients, facts->recipients[i]);
        strcat(k->recipients, "(");
        strcat(k->recipients, facts->recipient_parameters[i]);
        strcat(k->recipients, ")");
    }
    code = k->begin_code;
    pthread_mutex_unlock(&k->lock);
    if (code == 0)
        *mail = calloc(1, sizeof(struct mail));
    return say(code, code ? k->words : NULL, text, size);
}

static int keep_data(void *user, void *mail, const void *bytes, size_t length, char *text, size_t size)
{
    struct kept *k = user;
    struct mail *m = mail;

    if (length > sizeof m->body - m->length)
        length = sizeof m->body - m->length;
    memcpy(m->body + m->length, bytes, length);
    m->length += length;
    return say(k->data_code, k->data_code ? k->words : NULL, text, size);
}

static int keep_end(void *user, void *mail, char *text, size_t size)
{
    struct kept *k = user;
    struct mail *m = mail;

    pthread_mutex_lock(&k->lock);
    if (k->end_code == 0) {
        memcpy(k->body, m->body, m->length);
        k->length = m->length;
        k->ended++;
    }
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
    return say(k->end_code, k->words, text, size);
}

static int keep_recipient(void *user, void *mail, uint32_t recipient, char *text, size_t size)
{
    struct kept *k = user;

    (void)mail;
    if ((int)recipient == k->without)
        return say(552, "5.2.2 no room for you", text, size);
    return 0;
}

static void keep_close(void *user, void *mail, int abort)
{
    struct kept *k = user;

    free(mail);
    pthread_mutex_lock(&k->lock);
    k->closed++;
    k->aborted += abort;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
}

/* Waits until so many mails were closed. */
static inline void wait_closed(int count)
{
    pthread_mutex_lock(&kept.lock);
    while (kept.closed < count)
        pthread_cond_wait(&kept.changed, &kept.lock);
    pthread_mutex_unlock(&kept.lock);
}

static inline helo_status keep(helo_server s)
{
    helo_spool spool;

    memset(&spool, 0, sizeof spool);
    spool.size = sizeof spool;
    spool.user = &kept;
    spool.begin = keep_begin;
    spool.data = keep_data;
    spool.end = keep_end;
    spool.recipient = keep_recipient;
    spool.close = keep_close;
    return helo_server_set_spool(s, &spool);
}

/* A connection to the place that the server listens at. */
static inline int connected(helo_server s, uint32_t index)
{
    struct sockaddr_in to;
    struct timeval patience = {30, 0};
    int client = socket(AF_INET, SOCK_STREAM, 0);

    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons((uint16_t)helo_server_port(s, index));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(client, (struct sockaddr *)&to, sizeof to) != 0) {
        close(client);
        return -1;
    }
    return client;
}

/* Says something and reads one reply, up to its last line; the last one stays in `reply`. Its code, or 0 when the
 * connection has ended. */
static char reply[4000];

static inline int ask(int client, const char *words)
{
    size_t length = 0, line = 0;

    if (words != NULL && send(client, words, strlen(words), MSG_NOSIGNAL) < 0)
        return 0;
    reply[0] = '\0';
    while (length < sizeof reply - 1) {
        if (recv(client, reply + length, 1, 0) != 1)
            return 0;
        reply[++length] = '\0';
        if (reply[length - 1] != '\n')
            continue;
        if (length - line > 3 && reply[line + 3] == ' ')
            return atoi(reply + line);
        line = length;
    }
    return -1;
}

/* A whole mail over a connection that has said hello; the code of the answer to its end. */
static inline int mail_over(int client, const char *body)
{
    if (ask(client, "MAIL FROM:<a@example.org>\r\n") != 250 || ask(client, "RCPT TO:<b@example.com>\r\n") != 250 ||
        ask(client, "DATA\r\n") != 354)
        return -1;
    send(client, body, strlen(body), MSG_NOSIGNAL);
    return ask(client, "\r\n.\r\n");
}

#endif /* HELO_TESTS_SERVER_H */
