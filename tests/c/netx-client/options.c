/* The options of an application that defines its own, without error checking, with the header's newer name.
 *
 * headers: rtos
 * server: dialogue
 *     S: 220 ready
 *     C: EHLO client.example
 *     S: 250 ok
 *     HANG
 *
 *     CONNECTION 2
 *     S: 220 ready
 *     C: EHLO client.example
 *     S: 250 ok
 *     C~ MAIL FROM:*
 *     S: 250 ok
 *     C~ RCPT TO:*
 *     S: 250 ok
 *     C: DATA
 *     S: 354 go on
 *     C.
 *     HANG
 *
 *     CONNECTION 3
 *     S: 220 ready
 *     C: EHLO client.example
 *     S: 250 ok
 *     C~ MAIL FROM:*
 *     S: 250 ok
 *     C~ RCPT TO:*
 *     S: 250 ok
 *     C: DATA
 *     S: 354 go on
 *     C.
 *     S: 250 taken
 *     C: QUIT
 *     HANG
 */
#define NX_DISABLE_ERROR_CHECKING
#define NX_SMTP_ENVELOPE_TIMEOUT 30
#define NX_SMTP_MESSAGE_TIMEOUT 30
#define NX_SMTP_CLIENT_DISCONNECT_TIMEOUT 30
#define NX_SMTP_CLIENT_MAX_USERNAME 100
#define NX_SMTP_CLIENT_MAX_PASSWORD 3
#include <nxd_smtp_client.h>
#include "host.h"

int main(int argc, char **argv)
{
    char long_name[] = "123456789012345678901234567890123456789012345678901234567890";
    ULONG before;
    (void)argc;

    set_up();
    CHECK_INT("the struct has room for it", sizeof client.nx_smtp_username, 101);
    CHECK_INT("a password longer than the option says",
              nx_smtp_client_create(&client, &ip, &pool, "u", "four", "me@example.com", "d", NX_SMTP_CLIENT_AUTH_PLAIN,
                                    IP_ADDRESS(127, 0, 0, 1), 25),
              NX_SMTP_INVALID_PARAM);
    CHECK_INT("a name as long as the option says",
              nx_smtp_client_create(&client, &ip, &pool, long_name, "pwd", "me@example.com", "d",
                                    NX_SMTP_CLIENT_AUTH_PLAIN, IP_ADDRESS(127, 0, 0, 1), 25),
              NX_SUCCESS);
    nx_smtp_client_delete(&client);

    before = tx_time_get();
    make_client(argv, NULL, NULL, NX_SMTP_CLIENT_AUTH_NONE);
    CHECK_INT("no answer to a command", send_text("s", "b"), NX_SMTP_MAIL_REPLY_ERROR);
    CHECK_INT("no answer to the message", send_text("s", "b"), NX_SMTP_MESSAGE_REPLY_ERROR);
    CHECK_INT("no answer to QUIT, and an empty body",
              nx_smtp_mail_send(&client, "you@example.com", 0, "s", "b", 0), NX_SUCCESS);
    CHECK("all in about a second", tx_time_get() - before >= 3 * 29 && tx_time_get() - before < 900);
    CHECK_INT("NULL is caught all the same", nx_smtp_mail_send(&client, NULL, 0, "s", "b", 1), NX_PTR_ERROR);
    tear_down();
    return checks_done();
}
