/* What the programs here share: an IP instance on the host's network, and a client for the test's server. */
#ifndef HELO_TESTS_HOST_H
#define HELO_TESTS_HOST_H

#include "check.h"
#include <nx_api.h>
#include <nx_smtp_client.h>

static NX_PACKET_POOL pool;
static NX_IP ip;
static NX_SMTP_CLIENT client;
static UCHAR memory[16384];

void tx_application_define(void *first_unused_memory) { (void)first_unused_memory; }

static inline void set_up(void)
{
    CHECK_INT("a pool", nx_packet_pool_create(&pool, "pool", 800, memory, 8000), NX_SUCCESS);
    CHECK_INT("an IP instance",
              nx_ip_create(&ip, "ip", IP_ADDRESS(1, 2, 3, 5), 0xFFFFFF00UL, &pool, _nx_host_network_driver,
                           memory + 8000, 2048, 1),
              NX_SUCCESS);
    CHECK_INT("with TCP", nx_tcp_enable(&ip), NX_SUCCESS);
}

/* A client that sends from me@example.com to the server whose port stands in the program's arguments. */
static inline void make_client(char **arguments, char *user, char *password, UINT authentication)
{
    CHECK_INT("a client",
              nx_smtp_client_create(&client, &ip, &pool, user, password, "me@example.com", "client.example",
                                    authentication, IP_ADDRESS(127, 0, 0, 1), (UINT)atoi(arguments[2])),
              NX_SUCCESS);
}

static inline UINT send_text(char *subject, char *body)
{
    return nx_smtp_mail_send(&client, "you@example.com", NX_SMTP_MAIL_PRIORITY_NORMAL, subject, body,
                             (UINT)strlen(body));
}

static inline void tear_down(void)
{
    CHECK_INT("deleting the client", nx_smtp_client_delete(&client), NX_SUCCESS);
    CHECK_INT("deleting the IP instance", nx_ip_delete(&ip), NX_SUCCESS);
    CHECK_INT("deleting the pool", nx_packet_pool_delete(&pool), NX_SUCCESS);
}

#endif /* HELO_TESTS_HOST_H */
