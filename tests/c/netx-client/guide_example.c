/* The guide's example program as it stands in examples-c, sent to the test's port by the site's policy.
 *
 * headers: rtos
 * server: dialogue
 *     S: 220 ready
 *     C: EHLO mycompany.com
 *     S: 250-mail.example
 *     S: 250 AUTH PLAIN
 *     C: AUTH PLAIN
 *     S: 334\s
 *     C: AG15dXNlcm5hbWUAbXlwYXNzd29yZA==
 *     S: 235 welcome
 *     C: MAIL FROM:<my@mycompany.com>
 *     S: 250 ok
 *     C: RCPT TO:<recipient@mycompany.com>
 *     S: 250 ok
 *     C: DATA
 *     S: 354 go on
 *     C: To: recipient@mycompany.com
 *     C: From: my@mycompany.com
 *     C: Subject: NetX SMTP Client Demo
 *     C~ Date: *
 *     C~ Message-ID: <*@mycompany.com>
 *     C: MIME-Version: 1.0
 *     C: Content-Type: text/plain; charset=utf-8
 *     C: Content-Transfer-Encoding: 8bit
 *     C:
 *     C: NetX SMTP client is an SMTP client\s
 *     C: implementation for embedded devices to send\s
 *     C: email to SMTP servers. This feature is\s
 *     C: intended to allow a device to send simple\s
 *     C: status reports using the most universal\s
 *     C: Internet application, email.
 *     C: .
 *     S: 250 taken
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 */
#define _GNU_SOURCE
/* The program is the guide's: it names a parameter that it does not use. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#define main guide_main
#include "../../../examples-c/netx-client/demo_netx_smtp_client.c"
#undef main
#include "check.h"
#include <unistd.h>

int main(int argc, char **argv)
{
    char path[] = "/tmp/helo-guide-XXXXXX";
    int file = mkstemp(path);
    FILE *policy = file >= 0 ? fdopen(file, "w") : NULL;

    (void)argc;
    if (policy == NULL) {
        CHECK("a file for the policy", 0);
        return checks_done();
    }
    fprintf(policy, "[host 127.0.0.1]\nport = %s\n", argv[2]);
    fclose(policy);
    setenv("HELO_CONFIG", path, 1);
    CHECK_INT("the program says that the mail was taken", guide_main(), 0);
    unlink(path);
    return checks_done();
}
