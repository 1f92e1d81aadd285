/* Sessions on the program's own threads: over a descriptor, over functions, with TLS asked for and not there, and ended by
 * a stop in order and at the deadline.
 */
#include "server.h"

/* A session that a thread serves. */
struct session {
    helo_server server;
    int descriptor, protocol;
    helo_status status;
    uint64_t mails;
};

static void *serve(void *argument)
{
    struct session *session = argument;

    session->status = helo_server_serve(session->server, session->descriptor, session->protocol, &session->mails);
    close(session->descriptor);
    return NULL;
}

static void *stop(void *server)
{
    CHECK_INT("stopped in order", helo_server_stop(*(helo_server *)server, 20000), HELO_OK);
    return NULL;
}

/* The client's end of a new session. */
static int begin(helo_server s, struct session *session, int protocol, pthread_t *thread)
{
    int ends[2];

    CHECK_INT("two ends", socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    session->server = s;
    session->descriptor = ends[0];
    session->protocol = protocol;
    session->mails = 77;
    pthread_create(thread, NULL, serve, session);
    return ends[1];
}

/* A conversation as memory: what the client says, and what it hears. */
struct wire {
    const char *says;
    char hears[4000];
    size_t heard;
    int closed, aborted;
};

static ptrdiff_t wire_read(void *user, void *buffer, size_t size)
{
    struct wire *wire = user;
    size_t length = strlen(wire->says);

    /* Few octets at a time, and nothing after them: as a slow line. */
    if (length > 5)
        length = 5;
    if (length > size)
        length = size;
    memcpy(buffer, wire->says, length);
    wire->says += length;
    return (ptrdiff_t)length;
}

static ptrdiff_t wire_write(void *user, const void *bytes, size_t size)
{
    struct wire *wire = user;

    if (size > sizeof wire->hears - 1 - wire->heard)
        return -2;
    memcpy(wire->hears + wire->heard, bytes, size);
    wire->heard += size;
    return (ptrdiff_t)size;
}

static void wire_close(void *user, int abort)
{
    struct wire *wire = user;

    wire->closed++;
    wire->aborted += abort;
}

static helo_transport transport_of(struct wire *wire)
{
    helo_transport transport;

    memset(&transport, 0, sizeof transport);
    transport.size = sizeof transport;
    transport.user = wire;
    transport.read = wire_read;
    transport.write = wire_write;
    transport.close = wire_close;
    transport.descriptor = -1;
    transport.retry_ms = 1;
    return transport;
}

/* Nothing comes until it is woken. */
static int waiting_reads;
static const char *waiting_says = "";

static ptrdiff_t waiting_read(void *user, void *buffer, size_t size)
{
    ptrdiff_t length;

    pthread_mutex_lock(&kept.lock);
    waiting_reads++;
    pthread_cond_broadcast(&kept.changed);
    length = (ptrdiff_t)strlen(waiting_says);
    CHECK("there is room", (size_t)length <= size);
    memcpy(buffer, waiting_says, (size_t)length);
    waiting_says = "";
    pthread_mutex_unlock(&kept.lock);
    (void)user;
    return length > 0 ? length : HELO_TRY_AGAIN;
}

/* The transport's functions, too, are inside: they must not wait for the session that they are a part of. */
static ptrdiff_t stopping_read(void *user, void *buffer, size_t size)
{
    helo_server server = *(helo_server *)user;

    (void)buffer;
    (void)size;
    CHECK_INT("no waiting from a transport", helo_server_wait(server, HELO_FOREVER), HELO_IN_PROGRESS);
    CHECK_INT("no freeing", helo_server_free(server), HELO_IN_PROGRESS);
    CHECK_INT("a stop only begins", helo_server_stop(server, 60000), HELO_OK);
    return HELO_TRY_AGAIN;
}

static ptrdiff_t any_write(void *user, const void *bytes, size_t size)
{
    (void)user;
    (void)bytes;
    return (ptrdiff_t)size;
}

static void *serve_waiting(void *argument)
{
    static struct wire wire;
    struct session *session = argument;
    helo_transport transport = transport_of(&wire);

    transport.read = waiting_read;
    transport.retry_ms = 0;
    session->status = helo_server_serve_transport(session->server, &transport, HELO_SERVE_SMTP, &session->mails);
    return NULL;
}

int main(void)
{
    helo_server s = helo_server_new();
    struct session session;
    struct wire wire;
    helo_transport transport;
    helo_server_counts counts;
    pthread_t thread;
    int client, pipes[2];

    /* What is set wrong is said, and the transport closed all the same. */
    memset(&wire, 0, sizeof wire);
    wire.says = "";
    transport = transport_of(&wire);
    CHECK_INT("no place for mail", helo_server_serve_transport(s, &transport, HELO_SERVE_SMTP, NULL), HELO_BAD_ARGUMENT);
    CHECK("closed at once", wire.closed == 1 && wire.aborted == 1);
    CHECK_INT("a spool", keep(s), HELO_OK);
    CHECK_INT("a name", helo_server_set(s, "name", "mx.example"), HELO_OK);
    transport = transport_of(&wire);
    CHECK_INT("no certificate", helo_server_serve_transport(s, &transport, HELO_SERVE_SMTPS, NULL), HELO_BAD_ARGUMENT);
    CHECK_INT("closed, too", wire.closed, 2);

    /* Over functions. */
    memset(&wire, 0, sizeof wire);
    wire.says = "EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nhello\r\n.\r\nQUIT\r\n";
    transport = transport_of(&wire);
    session.mails = 0;
    CHECK_INT("served", helo_server_serve_transport(s, &transport, HELO_SERVE_SMTP, &session.mails), HELO_OK);
    CHECK_INT("one mail", session.mails, 1);
    CHECK("greeted", strncmp(wire.hears, "220 mx.example ", 15) == 0);
    CHECK("bidden farewell", strstr(wire.hears, "\r\n221 ") != NULL);
    CHECK_TEXT("from here", kept.peer, "local");
    CHECK("kept", kept.length == 7 && memcmp(kept.body, "hello\r\n", 7) == 0);
    CHECK("closed in order", wire.closed == 1 && wire.aborted == 0);

    /* Over a descriptor, LMTP. */
    client = begin(s, &session, HELO_SERVE_LMTP, &thread);
    CHECK_INT("greeted", ask(client, NULL), 220);
    CHECK_INT("LMTP", ask(client, "LHLO x\r\n"), 250);
    CHECK_INT("a mail", mail_over(client, "x"), 250);
    CHECK_INT("farewell", ask(client, "QUIT\r\n"), 221);
    CHECK_INT("the end", ask(client, NULL), 0);
    pthread_join(thread, NULL);
    close(client);
    CHECK("served", session.status == HELO_OK && session.mails == 1);

    /* A stop in order: the mail under way is answered. */
    client = begin(s, &session, HELO_SERVE_SMTP, &thread);
    ask(client, NULL);
    ask(client, "EHLO x\r\n");
    ask(client, "MAIL FROM:<a@example.org>\r\n");
    ask(client, "RCPT TO:<b@example.com>\r\n");
    CHECK_INT("within a mail", ask(client, "DATA\r\n"), 354);
    counts.size = sizeof counts;
    helo_server_get_counts(s, &counts);
    CHECK_INT("one is open", counts.open, 1);
    CHECK_INT("not to be changed now", helo_server_set(s, "name", "x"), HELO_IN_PROGRESS);
    CHECK_INT("it does not end by itself", helo_server_wait(s, 50), HELO_IN_PROGRESS);
    {
        /* Stopping waits for the session, so it is another thread's business to end it. */
        pthread_t stopper;
        CHECK_INT("a thread", pthread_create(&stopper, NULL, stop, &s), 0);
        CHECK_INT("answered", ask(client, "x\r\n.\r\n"), 250);
        CHECK_INT("and sent away", ask(client, NULL), 421);
        CHECK_INT("the end", ask(client, NULL), 0);
        pthread_join(stopper, NULL);
    }
    pthread_join(thread, NULL);
    close(client);
    CHECK("ended in order", session.status == HELO_OK && session.mails == 1);

    /* At the deadline it is broken off, the mail given up. */
    client = begin(s, &session, HELO_SERVE_SMTP, &thread);
    ask(client, NULL);
    ask(client, "EHLO x\r\n");
    ask(client, "MAIL FROM:<a@example.org>\r\n");
    ask(client, "RCPT TO:<b@example.com>\r\n");
    CHECK_INT("within a mail", ask(client, "DATA\r\n"), 354);
    CHECK_INT("stopped", helo_server_stop(s, 50), HELO_OK);
    pthread_join(thread, NULL);
    CHECK_INT("broken off", session.status, HELO_CANCELLED);
    close(client);
    wait_closed(kept.begun);
    CHECK_INT("given up", kept.aborted, 1);

    /* A transport that is woken. */
    session.server = s;
    pthread_create(&thread, NULL, serve_waiting, &session);
    pthread_mutex_lock(&kept.lock);
    while (waiting_reads == 0)
        pthread_cond_wait(&kept.changed, &kept.lock);
    waiting_says = "QUIT\r\n";
    pthread_mutex_unlock(&kept.lock);
    CHECK_INT("woken", helo_server_wake(s), HELO_OK);
    pthread_join(thread, NULL);
    CHECK_INT("it went on to its end", session.status, HELO_OK);

    /* Stopped from inside a transport. */
    memset(&transport, 0, sizeof transport);
    transport.size = sizeof transport;
    transport.user = &s;
    transport.read = stopping_read;
    transport.write = any_write;
    transport.descriptor = -1;
    transport.retry_ms = 1;
    CHECK_INT("it ends", helo_server_serve_transport(s, &transport, HELO_SERVE_SMTP, NULL), HELO_OK);

    /* What is no socket. */
    CHECK_INT("a pipe", pipe(pipes), 0);
    CHECK_INT("is none", helo_server_serve(s, pipes[0], HELO_SERVE_SMTP, NULL), HELO_BAD_ARGUMENT);
    close(pipes[0]);
    close(pipes[1]);
    CHECK_INT("nor is what was closed", helo_server_serve(s, pipes[0], HELO_SERVE_SMTP, NULL), HELO_BAD_ARGUMENT);
    CHECK_INT("freed", helo_server_free(s), HELO_OK);
    return checks_done();
}
