/* One client on two threads: the second is told so, and deleting a client ends the mail that it is sending. The server is
 * a socket that says nothing.
 *
 * headers: rtos
 */
#define _GNU_SOURCE
#include "host.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static TX_THREAD sender;
static UCHAR stack[4096];
static UINT outcome;

static void sender_entry(ULONG input)
{
    (void)input;
    outcome = send_text("s", "b");
}

int main(void)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    int listener = socket(AF_INET, SOCK_STREAM, 0), accepted;
    UINT state = TX_READY;
    char port[8], octet, *arguments[] = {"busy", "127.0.0.1", port};

    CHECK("a server", bind(listener, (struct sockaddr *)&here, size) == 0 && listen(listener, 1) == 0 &&
                          getsockname(listener, (struct sockaddr *)&here, &size) == 0);
    snprintf(port, sizeof port, "%d", ntohs(here.sin_port));
    set_up();
    make_client(arguments, NULL, NULL, NX_SMTP_CLIENT_AUTH_NONE);
    CHECK_INT("a thread",
              tx_thread_create(&sender, "sender", sender_entry, 0, stack, sizeof stack, 1, 1, 0, TX_AUTO_START), TX_SUCCESS);
    accepted = accept(listener, NULL, NULL);
    CHECK("is sending", accepted >= 0);
    CHECK_INT("so the client is busy", send_text("s", "b"), NX_IN_PROGRESS);
    CHECK_INT("deleting it", nx_smtp_client_delete(&client), NX_SUCCESS);
    while (state != TX_COMPLETED) {
        tx_thread_info_get(&sender, NULL, &state, NULL, NULL, NULL, NULL, NULL, NULL);
        tx_thread_relinquish();
    }
    CHECK_INT("ends its mail", outcome, NX_WAIT_ABORTED);
    CHECK("and its connection", recv(accepted, &octet, 1, 0) <= 0);
    CHECK_INT("deleting the thread", tx_thread_delete(&sender), TX_SUCCESS);
    CHECK_INT("it is gone", send_text("s", "b"), NX_SMTP_CLIENT_NOT_INITIALIZED);
    nx_ip_delete(&ip);
    nx_packet_pool_delete(&pool);
    close(accepted);
    close(listener);
    return checks_done();
}
