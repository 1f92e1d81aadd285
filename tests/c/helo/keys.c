/* What helo.h says to the other APIs from inside a program: another policy, keys and a watcher for a connection of
 * Distinct SMTP-32, and why its last call failed.
 *
 * headers: distinct
 * server: sink
 */
#include "check.h"
#include <helo.h>
#include <windows.h>
#include <d32-smtp.h>
#include <stdlib.h>

static GLOBALHANDLE connection;

struct seen {
    int sent, received, strange;
};

static void watch(void *user, const helo_traffic *traffic)
{
    struct seen *seen = user;

    seen->sent += traffic->what == HELO_TRACE_SENT;
    seen->received += traffic->what == HELO_TRACE_RECEIVED;
    seen->strange += traffic->size != sizeof *traffic || traffic->face != HELO_FACE_DISTINCT || traffic->handle != connection ||
                     traffic->connection == 0;
}

int main(int argc, char **argv)
{
    char policy[200];
    helo_failure failure;
    struct seen seen = {0, 0, 0};

    CHECK_INT("a server is given", argc, 3);
    snprintf(policy, sizeof policy, "# where the mail goes now\n[host mailhost]\nserver = %s\nport = 9\n", argv[1]);
    CHECK_INT("a policy in memory", helo_policy_text(policy), HELO_OK);
    CHECK_INT("the port of this program's own", helo_set_key(HELO_FACE_DISTINCT, NULL, "port", argv[2]), HELO_OK);
    CHECK_INT("smtp_helo", smtp_helo("mailhost", "me.example", &connection, NULL, 0), SMTP_SUCCESS);

    CHECK_INT("a watcher", helo_watch(HELO_FACE_DISTINCT, connection, watch, &seen), HELO_OK);
    CHECK_INT("a limit of time", helo_set_key(HELO_FACE_DISTINCT, connection, "reply_timeout", "30 s"), HELO_OK);
    CHECK_INT("it is too late for the rest", helo_set_key(HELO_FACE_DISTINCT, connection, "tls", "always"), HELO_BAD_ARGUMENT);
    CHECK("it is said why", strstr(helo_last_error(), "before smtp_helo") != NULL);
    CHECK_INT("a command", smtp_noop(connection), SMTP_SUCCESS);
    CHECK_INT("out of order", smtp_rcpt(connection, "bob@example.com"), SMTP_FAILURE);
    memset(&failure, 0, sizeof failure);
    failure.size = sizeof failure;
    CHECK_INT("where it failed", helo_last_failure(&failure), HELO_OK);
    CHECK_INT("with a recipient", failure.phase, HELO_PHASE_RCPT);
    CHECK_INT("that was refused", failure.cause, HELO_CAUSE_REFUSED);
    CHECK_INT("so", failure.code, 503);
    CHECK_INT("watched: sent", seen.sent, 2);
    CHECK_INT("watched: received", seen.received, 2);
    CHECK_INT("watched: nothing strange", seen.strange, 0);
    CHECK_INT("no watcher", helo_watch(HELO_FACE_DISTINCT, connection, NULL, NULL), HELO_OK);
    CHECK_INT("smtp_quit", smtp_quit(connection), SMTP_SUCCESS);
    CHECK_INT("not watched any more", seen.sent, 2);
    CHECK_INT("a closed handle is none", helo_set_key(HELO_FACE_DISTINCT, connection, "port", "25"), HELO_BAD_HANDLE);
    return checks_done();
}
