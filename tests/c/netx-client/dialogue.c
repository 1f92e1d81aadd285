/* The documented dialogue, a connection for each mail: AUTH PLAIN with the response after the 334. Headers, priority, an
 * encoded subject, dots and line ends.
 *
 * headers: rtos
 * server: dialogue
 *     S: 220 mail.example ready
 *     C: EHLO client.example
 *     S: 250-mail.example
 *     S: 250 AUTH PLAIN LOGIN
 *     C: AUTH PLAIN
 *     S: 334\s
 *     C: AG15dXNlcgBteXBhc3M=
 *     S: 235 welcome
 *     C: MAIL FROM:<me@example.com>
 *     S: 250 ok
 *     C: RCPT TO:<you@example.com>
 *     S: 250 ok
 *     C: DATA
 *     S: 354 go on
 *     C: To: you@example.com
 *     C: From: me@example.com
 *     C: Subject: first
 *     C~ Date: ???, ?? ??? 20?? ??:??:?? ?????
 *     C~ Message-ID: <????????????????????????????????@client.example>
 *     C: MIME-Version: 1.0
 *     C: Content-Type: text/plain; charset=utf-8
 *     C: Content-Transfer-Encoding: 8bit
 *     C:
 *     C: body
 *     C: .
 *     S: 250 taken
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 *
 *     CONNECTION 2
 *     S: 220 mail.example ready
 *     C: EHLO client.example
 *     S: 250-mail.example
 *     S: 250-SIZE 100000
 *     S: 250-8BITMIME
 *     S: 250 AUTH PLAIN
 *     C: AUTH PLAIN
 *     S: 334\s
 *     C: AG15dXNlcgBteXBhc3M=
 *     S: 235 welcome
 *     C~ MAIL FROM:<me@example.com> SIZE=??? BODY=8BITMIME
 *     S: 250 ok
 *     C: RCPT TO:<you@example.com>
 *     S: 250 ok
 *     C: DATA
 *     S: 354 go on
 *     C: To: you@example.com
 *     C: From: me@example.com
 *     C: Subject: =?utf-8?B?R3LDvMOfZQ==?=
 *     C~ Date: *
 *     C~ Message-ID: *
 *     C: X-Priority: 1 (Highest)
 *     C: Importance: high
 *     C: Priority: urgent
 *     C: MIME-Version: 1.0
 *     C: Content-Type: text/plain; charset=utf-8
 *     C: Content-Transfer-Encoding: 8bit
 *     C:
 *     C: ..
 *     C: ..MAIL FROM:<x>
 *     C: \xc3\xbc.
 *     C: last
 *     C: .
 *     S: 250 taken
 *     C: QUIT
 *     CLOSE
 */
#include "host.h"

int main(int argc, char **argv)
{
    char body[] = ".\n.MAIL FROM:<x>\r\xc3\xbc.\r\nlast";
    (void)argc;

    set_up();
    make_client(argv, "myuser", "mypass", NX_SMTP_CLIENT_AUTH_PLAIN);
    CHECK_INT("the first mail", send_text("first", "body\r\n"), NX_SUCCESS);
    CHECK_INT("the second mail, though QUIT is not answered",
              nx_smtp_mail_send(&client, "you@example.com", NX_SMTP_MAIL_PRIORITY_HIGH, "Gr\xc3\xbc\xc3\x9f" "e", body,
                                sizeof body - 1),
              NX_SUCCESS);
    tear_down();
    return checks_done();
}
