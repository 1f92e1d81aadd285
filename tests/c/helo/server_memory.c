/* A program that tests with a server: the mails that it keeps, waiting for them, the counts as text, and reading users
 * again.
 */
#include "server.h"

static const char message[] = "Subject: hello\r\n\r\nbody\r\n";

struct shown {
    int calls;
    char sender[100], recipients[200], text[200];
};

static void show(void *user, const helo_facts *facts, const char *octets, size_t length)
{
    struct shown *s = user;
    uint32_t i;

    s->calls++;
    snprintf(s->sender, sizeof s->sender, "%s", facts->sender);
    s->recipients[0] = '\0';
    for (i = 0; i < facts->count; i++) {
        strcat(s->recipients, facts->recipients[i]);
        strcat(s->recipients, " ");
    }
    CHECK_INT("its octets", facts->octets, length);
    snprintf(s->text, sizeof s->text, "%.*s", (int)length, octets);
}

static void *send_mails(void *address)
{
    helo_delivery d = helo_new(address);
    uint32_t mail;
    int i;

    for (i = 0; i < 3; i++) {
        CHECK_INT("a mail", helo_add_mail(d, i == 0 ? "a@example.org" : "", &mail), HELO_OK);
        helo_add_recipient(d, mail, "b@example.com", NULL);
        helo_add_recipient(d, mail, "c@example.com", NULL);
        helo_set_body(d, mail, message, strlen(message));
    }
    CHECK_INT("they are sent", helo_run(d), HELO_OK);
    helo_free(d);
    return NULL;
}

int main(void)
{
    helo_server s = helo_server_new();
    struct shown shown = {0};
    char address[100], text[8000];
    helo_server_counts counts;
    pthread_t thread;
    size_t length;

    CHECK_INT("no memory yet", helo_server_mail_count(s), 0);
    CHECK_INT("nothing to wait for", helo_server_wait_mails(s, 1, 0), HELO_BAD_ARGUMENT);
    CHECK_INT("a key", helo_server_set(s, "port", "0"), HELO_OK);
    CHECK_INT("a size with a unit", helo_server_set(s, "memory", "512K"), HELO_OK);
    CHECK_INT("it starts", helo_server_start(s), HELO_OK);
    helo_server_address(s, 0, address, sizeof address);
    CHECK_INT("none has come", helo_server_wait_mails(s, 1, 10), HELO_IN_PROGRESS);
    CHECK_INT("none are needed", helo_server_wait_mails(s, 0, 0), HELO_OK);
    pthread_create(&thread, NULL, send_mails, address);
    CHECK_INT("all have come", helo_server_wait_mails(s, 3, HELO_FOREVER), HELO_OK);
    pthread_join(thread, NULL);
    CHECK_INT("three", helo_server_mail_count(s), 3);
    CHECK_INT("the first", helo_server_get_mail(s, 0, show, &shown), HELO_OK);
    CHECK_TEXT("its sender", shown.sender, "a@example.org");
    CHECK_TEXT("its recipients", shown.recipients, "b@example.com c@example.com ");
    CHECK_TEXT("its text", shown.text, message);
    CHECK_INT("the last", helo_server_get_mail(s, 2, show, &shown), HELO_OK);
    CHECK_TEXT("a notification", shown.sender, "");
    CHECK_INT("no fourth", helo_server_get_mail(s, 3, show, &shown), HELO_NO_RESULT);
    CHECK_INT("no function", helo_server_get_mail(s, 0, NULL, NULL), HELO_BAD_ARGUMENT);
    CHECK_INT("two were shown", shown.calls, 2);

    length = helo_server_status(s, NULL, 0);
    CHECK("the counts have a length", length > 500 && length < sizeof text);
    helo_server_status(s, text, sizeof text);
    CHECK("they are as Prometheus reads them", strstr(text, "\nhelo_mails_total 3\n") != NULL);
    helo_server_status(s, text, 10);
    CHECK_INT("cut to the room", strlen(text), 9);
    counts.size = sizeof counts;
    helo_server_get_counts(s, &counts);
    CHECK("the same in numbers", counts.mails == 3 && counts.reloads == 0 && counts.tls == 0);
    CHECK_INT("nothing to read again", helo_server_reload(s), HELO_OK);

    CHECK_INT("it stops", helo_server_stop(s, 1000), HELO_OK);
    CHECK_INT("they are still there", helo_server_mail_count(s), 3);
    CHECK_INT("forgotten", helo_server_clear_mails(s), HELO_OK);
    CHECK_INT("none are left", helo_server_mail_count(s), 0);
    CHECK_INT("it starts anew", helo_server_start(s), HELO_OK);
    CHECK_INT("it is freed", helo_server_free(s), HELO_OK);
    return checks_done();
}
