/* Sends a message with libesmtp: KEY=VALUE... < MESSAGE. The keys are those of README.md in the folder above, and
 * body=binary. Says "refused ADDRESS CODE TEXT" for each recipient that was refused and "accepted" at the end; what
 * goes wrong ends it with 1. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <auth-client.h>
#include <libesmtp.h>

static char message[16 << 20];
static int message_length;

static const char *value_of(char **argv, const char *key)
{
    size_t length = strlen(key);
    for (argv++; *argv; argv++)
        if (strncmp(*argv, key, length) == 0 && (*argv)[length] == '=')
            return *argv + length + 1;
    return NULL;
}

/* All of the message at once; called without `length` it is to begin again. */
static const char *give(void **context, int *length, void *unused)
{
    static int given;
    (void)context, (void)unused;
    if (!length || given) {
        given = 0;
        return NULL;
    }
    given = 1;
    *length = message_length;
    return message;
}

static int answer(auth_client_request_t request, char **result, int fields, void *argument)
{
    char **argv = argument;
    for (int i = 0; i < fields; i++)
        result[i] = (char *)value_of(argv, request[i].flags & AUTH_PASS ? "password" : "user");
    return 1;
}

static int faults;

static void event(smtp_session_t session, int number, void *argument, ...)
{
    (void)session, (void)argument;
    switch (number) {
    case SMTP_EV_EXTNA_DSN: case SMTP_EV_EXTNA_8BITMIME: case SMTP_EV_EXTNA_STARTTLS:
    case SMTP_EV_EXTNA_CHUNKING: case SMTP_EV_EXTNA_BINARYMIME:
    case SMTP_EV_INVALID_PEER_CERTIFICATE: case SMTP_EV_NO_PEER_CERTIFICATE: case SMTP_EV_WRONG_PEER_CERTIFICATE:
        fprintf(stderr, "event %d\n", number);
        faults++;
    }
}

static void tell(smtp_recipient_t recipient, const char *mailbox, void *unused)
{
    const smtp_status_t *status = smtp_recipient_status(recipient);
    (void)unused;
    if (status->code / 100 != 2)
        printf("refused %s %d %s\n", mailbox, status->code, status->text ? status->text : "");
}

int main(int argc, char **argv)
{
    char server[64], why[200];
    const char *tls = value_of(argv, "tls"), *body = value_of(argv, "body"), *dsn = value_of(argv, "dsn");
    message_length = (int)fread(message, 1, sizeof message, stdin);

    auth_client_init();
    smtp_session_t session = smtp_create_session();
    snprintf(server, sizeof server, "localhost:%s", value_of(argv, "port"));
    smtp_set_server(session, server);
    smtp_set_hostname(session, "client.test");
    smtp_set_eventcb(session, event, NULL);
    smtp_starttls_enable(session, strcmp(tls, "start") == 0 ? Starttls_REQUIRED : Starttls_DISABLED);
    auth_context_t context = auth_create_context();
    if (value_of(argv, "user")) {
        auth_set_mechanism_flags(context, AUTH_PLUGIN_PLAIN, 0);
        auth_set_interact_cb(context, answer, argv);
        smtp_auth_set_context(session, context);
    }

    smtp_message_t mail = smtp_add_message(session);
    smtp_set_reverse_path(mail, value_of(argv, "from"));
    smtp_set_messagecb(mail, give, NULL);
    smtp_size_set_estimate(mail, message_length);
    smtp_8bitmime_set_body(mail, body && strcmp(body, "binary") == 0 ? E8bitmime_BINARYMIME : E8bitmime_8BITMIME);
    if (dsn) {
        smtp_dsn_set_ret(mail, Ret_HDRS);
        smtp_dsn_set_envid(mail, dsn);
    }
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "to=", 3) != 0)
            continue;
        smtp_recipient_t recipient = smtp_add_recipient(mail, argv[i] + 3);
        if (dsn)
            smtp_dsn_set_notify(recipient, Notify_SUCCESS | Notify_FAILURE);
    }

    int started = smtp_start_session(session);
    const smtp_status_t *status = smtp_message_transfer_status(mail);
    smtp_enumerate_recipients(mail, tell, NULL);
    int taken = started && !faults && status && status->code == 250;
    if (taken)
        puts("accepted");
    else
        fprintf(stderr, "failed: %s; %d %s\n", started ? "no error" : smtp_strerror(smtp_errno(), why, sizeof why),
                status ? status->code : 0, status && status->text ? status->text : "");
    smtp_destroy_session(session);
    auth_destroy_context(context);
    auth_client_exit();
    return taken ? 0 : 1;
}
