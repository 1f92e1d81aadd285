/* A firmware's program: NetX SMTP Client on a real NetX, of which only the numbers in its control blocks are looked at, and
 * what any face has of helo.h. Arguments: the port of a server that takes mail, and one where nobody answers. */
#include <stdlib.h>
#include <nx_api.h>
#include <nx_smtp_client.h>
#include <helo.h>
#include "check.h"

static NX_IP ip;
static NX_PACKET_POOL pool;
static NX_SMTP_CLIENT client;

/* Counts what passes; says whether the mail's sender was among it. */
struct seen {
    int lines, notes, sender;
};

static void watch(void *user, const helo_traffic *traffic)
{
    struct seen *seen = user;
    const char *sender = "MAIL FROM:<meter@example.com>";

    seen->lines++;
    seen->notes += traffic->what == HELO_TRACE_NOTE;
    seen->sender += traffic->what == HELO_TRACE_SENT && traffic->length >= strlen(sender)
                    && memcmp(traffic->bytes, sender, strlen(sender)) == 0;
}

/* A mail to the server at this port of 127.0.0.1; the status of what failed. */
static UINT send_to(const char *port)
{
    char *body = "The meter reads 17.\r\n";
    UINT status = nx_smtp_client_create(&client, &ip, &pool, "", "", "meter@example.com", "meter.example",
                                        NX_SMTP_CLIENT_AUTH_NONE, IP_ADDRESS(127, 0, 0, 1), (UINT)atoi(port));

    if (status != NX_SUCCESS) {
        return status;
    }
    status = nx_smtp_mail_send(&client, "office@example.com", NX_SMTP_MAIL_PRIORITY_NORMAL, "Meter", body,
                               (UINT)strlen(body));
    CHECK_INT("the client is deleted", nx_smtp_client_delete(&client), NX_SUCCESS);
    return status;
}

int main(int argc, char **argv)
{
    UINT marks[2] = {NX_IP_ID, NX_PACKET_POOL_ID};
    struct seen seen = {0, 0, 0};
    helo_failure failure;

    failure.size = sizeof failure;
    CHECK_INT("two ports", argc, 3);
    memcpy(&ip, &marks[0], sizeof marks[0]);
    memcpy(&pool, &marks[1], sizeof marks[1]);
    CHECK("the library says its version", strlen(helo_version()) > 0);
    CHECK_TEXT("nothing has failed", helo_last_error(), "");
    CHECK_INT("nor on a connection", helo_last_failure(&failure), HELO_NO_RESULT);
    CHECK_INT("a watcher", helo_watch(HELO_FACE_NETX_CLIENT, NULL, watch, &seen), HELO_OK);
    CHECK_INT("a mail is sent", send_to(argv[1]), NX_SUCCESS);
    CHECK("and was seen", seen.lines > 5 && seen.notes > 0 && seen.sender == 1);

    CHECK("where nobody answers it is not", send_to(argv[2]) != NX_SUCCESS);
    CHECK("the words name the place", strstr(helo_last_error(), argv[2]) != NULL);
    CHECK_INT("so do the numbers", helo_last_failure(&failure), HELO_OK);
    CHECK_INT("it was the connection", failure.phase, HELO_PHASE_CONNECT);
    CHECK_TEXT("the phase has a name", helo_phase_name(failure.phase), "connect");

    CHECK_INT("a key sends it elsewhere", helo_set_key(HELO_FACE_NETX_CLIENT, NULL, "port", argv[1]), HELO_OK);
    CHECK_INT("where it is taken", send_to(argv[2]), NX_SUCCESS);
    CHECK_INT("no such key", helo_set_key(HELO_FACE_NETX_CLIENT, NULL, "prot", argv[1]), HELO_BAD_ARGUMENT);
    CHECK("the words name the right one", strstr(helo_last_error(), "port") != NULL);
    CHECK_INT("of a face that is not here", helo_set_key(HELO_FACE_DISTINCT, NULL, "port", argv[1]), HELO_BAD_ARGUMENT);
    return checks_done();
}
