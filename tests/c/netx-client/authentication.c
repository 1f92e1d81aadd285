/* LOGIN, CRAM-MD5, an unknown type (which is PLAIN), none at all, and a server that does not know EHLO.
 *
 * headers: rtos
 * server: dialogue
 *     S: 220 ready
 *     C: EHLO client.example
 *     S: 250 mail.example
 *     C: AUTH LOGIN
 *     S: 334 VXNlcm5hbWU6
 *     C: dGlt
 *     S: 334 UGFzc3dvcmQ6
 *     C: dGFuc3RhYWZ0YW5zdGFhZg==
 *     S: 535 5.7.8 no
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 *
 *     CONNECTION 2
 *     S: 220 ready
 *     C: EHLO client.example
 *     S: 250-mail.example
 *     S: 250 AUTH CRAM-MD5
 *     C: AUTH CRAM-MD5
 *     S: 334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+
 *     C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw
 *     S: 235 ok
 *     C: MAIL FROM:<me@example.com>
 *     S: 550 5.7.1 not you
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 *
 *     CONNECTION 3
 *     S: 220 ready
 *     C: EHLO client.example
 *     S: 250 ok
 *     C: AUTH PLAIN
 *     S: 503 authentication is not for this port
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 *
 *     CONNECTION 4
 *     S: 220 ready
 *     C: EHLO client.example
 *     S: 250-mail.example
 *     S: 250 AUTH CRAM-MD5
 *     C: AUTH CRAM-MD5
 *     S: 334 ***
 *     C: *
 *     S: 501 cancelled
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 *
 *     CONNECTION 5
 *     S: 220 ready
 *     C: EHLO client.example
 *     S: 250-mail.example
 *     S: 250 AUTH PLAIN
 *     C: MAIL FROM:<me@example.com>
 *     S: 421 busy
 *     WAIT reset
 *
 *     CONNECTION 6
 *     S: 220 ready
 *     C: EHLO client.example
 *     S: 250-mail.example
 *     S: 250 AUTH PLAIN
 *     C: MAIL FROM:<me@example.com>
 *     S: 421 busy
 *     WAIT reset
 *
 *     CONNECTION 7
 *     S: 220 ready
 *     C: EHLO client.example
 *     S: 500 what
 *     C: HELO client.example
 *     S: 250 hello
 *     C: MAIL FROM:<me@example.com>
 *     S: 250 ok
 *     C: RCPT TO:<you@example.com>
 *     S: 250 ok
 *     C: DATA
 *     S: 354 go on
 *     C.
 *     S: 250 taken
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 */
#include "host.h"

static UINT send_with(char **argv, char *user, char *password, UINT type)
{
    UINT status;

    make_client(argv, user, password, type);
    status = send_text("subject", "body");
    CHECK_INT("deleting the client", nx_smtp_client_delete(&client), NX_SUCCESS);
    return status;
}

int main(int argc, char **argv)
{
    (void)argc;
    set_up();
    CHECK_INT("LOGIN, refused", send_with(argv, "tim", "tanstaaftanstaaf", NX_SMTP_CLIENT_AUTH_LOGIN),
              NX_SMTP_AUTHENTICATION_ERROR);
    CHECK_INT("CRAM-MD5, then a refused sender", send_with(argv, "tim", "tanstaaftanstaaf", NX_SMTP_CLIENT_AUTH_CRAM_MD5),
              NX_SMTP_MAIL_REPLY_ERROR);
    CHECK_INT("an unknown type is PLAIN", send_with(argv, "tim", "tanstaaftanstaaf", 77), NX_SMTP_AUTHENTICATION_ERROR);
    CHECK_INT("a challenge that is no base64", send_with(argv, "tim", "tanstaaftanstaaf", NX_SMTP_CLIENT_AUTH_CRAM_MD5),
              NX_SMTP_INVALID_SERVER_CHALLENGE);
    CHECK_INT("no authentication, no names", send_with(argv, NULL, NULL, NX_SMTP_CLIENT_AUTH_NONE),
              NX_SMTP_MAIL_REPLY_ERROR);
    CHECK_INT("empty names are no authentication", send_with(argv, "", "", NX_SMTP_CLIENT_AUTH_PLAIN),
              NX_SMTP_MAIL_REPLY_ERROR);
    CHECK_INT("a server that knows HELO only is not asked to authenticate",
              send_with(argv, "tim", "tanstaaftanstaaf", NX_SMTP_CLIENT_AUTH_PLAIN), NX_SUCCESS);
    nx_ip_delete(&ip);
    nx_packet_pool_delete(&pool);
    return checks_done();
}
