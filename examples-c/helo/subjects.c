/*
 * Takes mail and prints from whom it came and what it is about: a server in a program, of which helo.h does the SMTP.
 *
 *     cc -o subjects subjects.c $(pkg-config --cflags --libs helo)
 *     ./subjects 127.0.0.1:2525 example.com
 *
 * takes mail for example.com until standard input ends. In the source folder, after `make build`:
 *
 *     cc -I include/helo -o subjects examples-c/helo/subjects.c -L target/release -lhelo -Wl,-rpath,$PWD/target/release
 */
#include <helo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is kept of a mail: its first bytes, in which the subject stands. */
struct mail {
    char sender[256];
    char head[4096];
    size_t length;
};

/* A mail begins. Nothing of `facts` stays when this returns. */
static int begin(void *user, const helo_facts *facts, void **state, char *text, size_t size)
{
    struct mail *mail = calloc(1, sizeof *mail);

    (void)user;
    if (mail == NULL) {
        snprintf(text, size, "4.3.1 No memory");
        return 451;
    }
    snprintf(mail->sender, sizeof mail->sender, "%s", facts->sender);
    *state = mail;
    return 0;
}

static int data(void *user, void *state, const void *bytes, size_t length, char *text, size_t size)
{
    struct mail *mail = state;
    size_t room = sizeof mail->head - 1 - mail->length; /* the last byte stays 0 */

    (void)user, (void)text, (void)size;
    if (length > room)
        length = room;
    memcpy(mail->head + mail->length, bytes, length);
    mail->length += length;
    return 0;
}

/* The mail is complete. What this answers is the answer to the sender. */
static int end(void *user, void *state, char *text, size_t size)
{
    struct mail *mail = state;
    char *subject = strstr(mail->head, "Subject: ");

    (void)user, (void)text, (void)size;
    if (subject == NULL) {
        snprintf(text, size, "5.6.0 A mail needs a subject");
        return 554;
    }
    printf("%s: %.*s\n", mail->sender, (int)strcspn(subject, "\r\n"), subject);
    fflush(stdout);
    return 0;
}

static void done(void *user, void *state, int abort)
{
    (void)user, (void)abort;
    free(state);
}

int main(int argc, char **argv)
{
    helo_spool spool = {sizeof spool, NULL, begin, data, end, NULL, done};
    helo_server server = helo_server_new();
    char address[200];
    int failed;

    if (argc != 3) {
        fprintf(stderr, "usage: %s ADDRESS:PORT DOMAIN\n", argv[0]);
        return 2;
    }
    failed = helo_server_set(server, "listen", argv[1]) || helo_server_set(server, "domains", argv[2]) ||
             helo_server_set_spool(server, &spool) || helo_server_start(server);
    if (failed) {
        fprintf(stderr, "%s\n", helo_last_error());
        return 1;
    }
    helo_server_address(server, 0, address, sizeof address);
    printf("listening at %s\n", address);
    fflush(stdout);
    while (getchar() != EOF)
        ;
    helo_server_stop(server, 10000); /* mails under way are answered first */
    return helo_server_free(server) != HELO_OK;
}
