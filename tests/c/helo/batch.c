/* A batch from C: results by callback and afterwards, bodies from memory, a file and a function, cancelling from
 * inside a callback, and what a running delivery refuses.
 *
 * server: sink
 */
#include "check.h"
#include <helo.h>
#include <stdio.h>

static const char body[] = "Subject: hello\n\n.a line with a dot\nend\n";

struct told {
    helo_delivery delivery;
    int results, delivered;
    uint64_t done;
    size_t sent, received;
    int refused_in_callback, read_in_callback;
    int cancel_at;
};

static void on_result(void *user, const helo_result *result)
{
    struct told *told = user;
    helo_result again;

    told->results++;
    told->delivered += result->delivered;
    again.size = sizeof again;
    told->read_in_callback +=
        helo_get_result(told->delivery, result->mail, result->recipient, &again) == HELO_OK && again.code == result->code;
    told->refused_in_callback += helo_run(told->delivery) == HELO_IN_PROGRESS &&
                                 helo_add_mail(told->delivery, "", NULL) == HELO_IN_PROGRESS &&
                                 helo_clear(told->delivery) == HELO_IN_PROGRESS &&
                                 helo_free(told->delivery) == HELO_IN_PROGRESS;
    if (told->results == told->cancel_at)
        helo_cancel(told->delivery);
}

static void on_progress(void *user, const helo_progress *progress)
{
    ((struct told *)user)->done = progress->mails_done;
}

static void on_trace(void *user, uint32_t connection, helo_trace what, const char *bytes, size_t length)
{
    struct told *told = user;

    (void)bytes;
    if (connection == 1 && what == HELO_TRACE_SENT)
        told->sent += length;
    if (connection == 1 && what == HELO_TRACE_RECEIVED)
        told->received += length;
}

/* Three lines, one a call. */
static ptrdiff_t give_line(void *user, void *buffer, size_t size)
{
    int *lines = user;

    if (*lines == 0)
        return 0;
    return snprintf(buffer, size, "line %d\n", (*lines)--);
}

static ptrdiff_t fail(void *user, void *buffer, size_t size)
{
    (void)user;
    (void)buffer;
    (void)size;
    return -7;
}

static uint32_t mail_to(helo_delivery d, const char *recipient)
{
    uint32_t mail = UINT32_MAX;

    CHECK_INT("a mail", helo_add_mail(d, "alice@example.com", &mail), HELO_OK);
    CHECK_INT("a recipient", helo_add_recipient(d, mail, recipient, NULL), HELO_OK);
    return mail;
}

int main(int argc, char **argv)
{
    char server[64];
    helo_delivery d;
    struct told told = {0};
    helo_result result;
    uint32_t mail;
    int lines = 3, i;

    if (argc != 3)
        return 2;
    snprintf(server, sizeof server, "smtp://%s:%s", argv[1], argv[2]);
    d = helo_new(server);
    CHECK("a delivery", d != 0);
    told.delivery = d;
    helo_set_level(d, HELO_LEVEL_FULL);
    helo_on_result(d, on_result, &told);
    helo_on_progress(d, on_progress, &told);
    helo_on_trace(d, on_trace, &told);

    mail = mail_to(d, "bob@example.com");
    CHECK_INT("a body in memory", helo_set_body(d, mail, body, strlen(body)), HELO_OK);
    mail = mail_to(d, "carol@example.com");
    CHECK_INT("a body in a file", helo_set_body_file(d, mail, argv[0]), HELO_OK);
    mail = mail_to(d, "dave@example.com");
    CHECK_INT("a body from a function", helo_set_body_callback(d, mail, give_line, &lines), HELO_OK);
    CHECK_INT("all taken", helo_run(d), HELO_OK);
    CHECK_INT("three results", told.results, 3);
    CHECK_INT("three delivered", told.delivered, 3);
    CHECK_INT("three done", told.done, 3);
    CHECK_INT("callbacks may read results", told.read_in_callback, 3);
    CHECK_INT("callbacks may not change a running delivery", told.refused_in_callback, 3);
    CHECK_INT("the function was asked to its end", lines, 0);
    CHECK("the trace saw both directions", told.sent > 0 && told.received > 0);

    /* The same delivery again: what was sent stays as it is. */
    mail = mail_to(d, "erin@example.com");
    CHECK_INT("a body that fails", helo_set_body_callback(d, mail, fail, NULL), HELO_OK);
    CHECK_INT("a failed run", helo_run(d), HELO_FAILED);
    CHECK("it is said why", strstr(helo_last_error(), "could not be read") != NULL);
    result.size = sizeof result;
    CHECK_INT("the new result", helo_get_result(d, mail, 0, &result), HELO_OK);
    CHECK_INT("its cause", result.cause, HELO_CAUSE_SOURCE);
    CHECK_INT("an old result", helo_get_result(d, 0, 0, &result), HELO_OK);
    CHECK_INT("has not changed", result.delivered, 1);
    CHECK_INT("a sent mail cannot be changed", helo_set_body(d, 0, body, 1), HELO_BAD_ARGUMENT);

    /* Cancelled from inside the callback: every recipient has a result all the same. */
    CHECK_INT("cleared", helo_clear(d), HELO_OK);
    helo_set_level(d, HELO_LEVEL_NONE);
    memset(&told, 0, sizeof told);
    told.delivery = d;
    told.cancel_at = 2;
    for (i = 0; i < 5; i++)
        helo_set_body(d, mail_to(d, "bob@example.com"), body, strlen(body));
    CHECK_INT("cancelled", helo_run(d), HELO_CANCELLED);
    CHECK_INT("two delivered before", told.delivered, 2);
    CHECK_INT("all have a result", told.results, 5);
    CHECK_INT("the last one", helo_get_result(d, 4, 0, &result), HELO_OK);
    CHECK_INT("its cause", result.cause, HELO_CAUSE_CANCELLED);

    /* A cancel that comes before the run is not lost, and is used up by it. */
    told.cancel_at = 0;
    helo_cancel(d);
    helo_set_body(d, mail_to(d, "bob@example.com"), body, strlen(body));
    CHECK_INT("cancelled before it began", helo_run(d), HELO_CANCELLED);
    helo_set_body(d, mail_to(d, "bob@example.com"), body, strlen(body));
    CHECK_INT("and not again", helo_run(d), HELO_OK);

    CHECK_INT("freed", helo_free(d), HELO_OK);
    return checks_done();
}
