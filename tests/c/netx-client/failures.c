/* Each way in which a session fails has its code, QUIT is said where a command can be, and the client can be used again.
 *
 * headers: rtos helo
 * server: dialogue
 *     S: 554 go away
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 *
 *     CONNECTION 2
 *     S: 220 ready
 *     C~ EHLO *
 *     S: 502 no
 *     C~ HELO *
 *     S: 550 nor that
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 *
 *     CONNECTION 3
 *     S: 220 ready
 *     C~ EHLO *
 *     S: 250-mail.example
 *     S: 250 SIZE 100
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 *
 *     CONNECTION 4
 *     S: 220 ready
 *     C~ EHLO *
 *     S: 250 ok
 *     C~ MAIL FROM:*
 *     S: 250 ok
 *     C~ RCPT TO:*
 *     S: 550 5.1.1 unknown
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 *
 *     CONNECTION 5
 *     S: 220 ready
 *     C~ EHLO *
 *     S: 250 ok
 *     C~ MAIL FROM:*
 *     S: 250 ok
 *     C~ RCPT TO:*
 *     S: 250 ok
 *     C: DATA
 *     S: 451 later
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 *
 *     CONNECTION 6
 *     S: 220 ready
 *     C~ EHLO *
 *     S: 250 ok
 *     C~ MAIL FROM:*
 *     S: 250 ok
 *     C~ RCPT TO:*
 *     S: 250 ok
 *     C: DATA
 *     S: 354 go on
 *     C.
 *     S: 554 5.7.1 spam
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 *
 *     CONNECTION 7
 *     S: 220 ready
 *     C~ EHLO *
 *     S: 250 ok
 *     C~ MAIL FROM:*
 *     S: 250 ok
 *     C~ RCPT TO:*
 *     S: 250 ok
 *     C: DATA
 *     S: 354 go on
 *     C.
 *     S: 552 too big
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 *
 *     CONNECTION 8
 *     S: 220 ready
 *     C~ EHLO *
 *     S: 250 ok
 *     C~ MAIL FROM:*
 *     S: 250 ok
 *     C~ RCPT TO:*
 *     S: 250 ok
 *     C: DATA
 *     S: 354 go on
 *     C.
 *     RESET
 *
 *     CONNECTION 9
 *     S: hello?
 *     WAIT close
 *
 *     CONNECTION 10
 *     S: 220 ready
 *     C~ EHLO *
 *     RESET
 *
 *     CONNECTION 11
 *     HANG
 *
 *     CONNECTION 12
 *     S: 220 ready
 *     C~ EHLO *
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
 *     S: 221 bye
 *     WAIT close
 */
#define NX_SMTP_GREETING_TIMEOUT 30
#include "host.h"
#include <helo.h>

int main(int argc, char **argv)
{
    char body[] = "a body\r\n";
    ULONG before;
    (void)argc;

    set_up();
    make_client(argv, NULL, NULL, NX_SMTP_CLIENT_AUTH_NONE);
    CHECK_INT("greeting refused", send_text("s", body), NX_SMTP_GREET_REPLY_ERROR);
    CHECK_INT("EHLO and HELO refused", send_text("s", body), NX_SMTP_HELLO_REPLY_ERROR);
    CHECK_INT("larger than the server takes", send_text("s", body), NX_SMTP_OVERSIZE_MAIL_DATA);
    CHECK_INT("recipient refused", send_text("s", body), NX_SMTP_RCPT_REPLY_ERROR);
    CHECK("the words hold the server's", strstr(helo_last_error(), "550 5.1.1 unknown") != NULL);
    CHECK_INT("DATA refused", send_text("s", body), NX_SMTP_DATA_REPLY_ERROR);
    CHECK_INT("message refused", send_text("s", body), NX_SMTP_MESSAGE_REPLY_ERROR);
    CHECK_INT("message too big", send_text("s", body), NX_SMTP_OVERSIZE_MAIL_DATA);
    CHECK_INT("the outcome is unknown", send_text("s", body), NX_SMTP_MESSAGE_REPLY_ERROR);
    CHECK_INT("not SMTP", send_text("s", body), NX_SMTP_INVALID_SERVER_REPLY);
    CHECK_INT("the connection breaks", send_text("s", body), NX_SMTP_HELLO_REPLY_ERROR);
    before = tx_time_get();
    CHECK_INT("no greeting in the time that the option says", send_text("s", body), NX_SMTP_GREET_REPLY_ERROR);
    CHECK("and not much later", tx_time_get() - before >= 29 && tx_time_get() - before < 500);

    /* What is refused here never reaches the server. */
    CHECK_INT("no recipient", nx_smtp_mail_send(&client, "", 0, "s", body, 3), NX_SMTP_INVALID_PARAM);
    CHECK_INT("two recipients", nx_smtp_mail_send(&client, "a@b, c@d", 0, "s", body, 3), NX_SMTP_INVALID_PARAM);
    CHECK_INT("a command in the recipient", nx_smtp_mail_send(&client, "a@b>\r\nRCPT TO:<x@y", 0, "s", body, 3),
              NX_SMTP_INVALID_PARAM);
    CHECK_INT("a header in the subject", nx_smtp_mail_send(&client, "a@b", 0, "s\r\nBcc: x@y", body, 3),
              NX_SMTP_INVALID_PARAM);

    CHECK("the words say what is wrong with it", strstr(helo_last_error(), "line end") != NULL);

    CHECK_INT("and the client still works", send_text("s", body), NX_SUCCESS);
    CHECK("and the words of the last failure stand", strstr(helo_last_error(), "line end") != NULL);
    tear_down();
    return checks_done();
}
