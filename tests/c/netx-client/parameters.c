/* The checks of create, delete and send, with the codes of the guide. No server is needed.
 *
 * headers: rtos
 */
#include "host.h"

static UINT create_with(char *user, char *password, char *from, char *domain, UINT type, ULONG address, UINT port)
{
    return nx_smtp_client_create(&client, &ip, &pool, user, password, from, domain, type, address, port);
}

#define FROM "me@example.com"
#define DOMAIN "example.com"
#define HERE IP_ADDRESS(127, 0, 0, 1)
#define PLAIN NX_SMTP_CLIENT_AUTH_PLAIN

static void create_checks(void)
{
    NX_PACKET_POOL other_pool;
    NX_IP other_ip;
    char forty_one[] = "12345678901234567890123456789012345678901", twenty_one[] = "123456789012345678901";

    memset(&other_pool, 0xA5, sizeof other_pool);
    memset(&other_ip, 0xA5, sizeof other_ip);
    CHECK_INT("no client", nx_smtp_client_create(NULL, &ip, &pool, "u", "p", FROM, DOMAIN, PLAIN, HERE, 25), NX_PTR_ERROR);
    CHECK_INT("no IP", nx_smtp_client_create(&client, NULL, &pool, "u", "p", FROM, DOMAIN, PLAIN, HERE, 25), NX_PTR_ERROR);
    CHECK_INT("a bad IP", nx_smtp_client_create(&client, &other_ip, &pool, "u", "p", FROM, DOMAIN, PLAIN, HERE, 25),
              NX_PTR_ERROR);
    CHECK_INT("no pool", nx_smtp_client_create(&client, &ip, NULL, "u", "p", FROM, DOMAIN, PLAIN, HERE, 25), NX_PTR_ERROR);
    CHECK_INT("a bad pool", nx_smtp_client_create(&client, &ip, &other_pool, "u", "p", FROM, DOMAIN, PLAIN, HERE, 25),
              NX_PTR_ERROR);
    CHECK_INT("no user", create_with(NULL, "p", FROM, DOMAIN, PLAIN, HERE, 25), NX_PTR_ERROR);
    CHECK_INT("no password", create_with("u", NULL, FROM, DOMAIN, PLAIN, HERE, 25), NX_PTR_ERROR);
    CHECK_INT("no sender", create_with("u", "p", NULL, DOMAIN, PLAIN, HERE, 25), NX_PTR_ERROR);
    CHECK_INT("no domain", create_with("u", "p", FROM, NULL, PLAIN, HERE, 25), NX_PTR_ERROR);
    CHECK_INT("a long user", create_with(forty_one, "p", FROM, DOMAIN, PLAIN, HERE, 25), NX_SMTP_INVALID_PARAM);
    CHECK_INT("a long password", create_with("u", twenty_one, FROM, DOMAIN, PLAIN, HERE, 25), NX_SMTP_INVALID_PARAM);
    CHECK_INT("a long domain", create_with("u", "p", FROM, forty_one, PLAIN, HERE, 25), NX_SMTP_INVALID_PARAM);
    CHECK_INT("a password only", create_with("", "p", FROM, DOMAIN, PLAIN, HERE, 25), NX_SMTP_INVALID_PARAM);
    CHECK_INT("an empty sender", create_with("u", "p", "", DOMAIN, PLAIN, HERE, 25), NX_SMTP_INVALID_PARAM);
    CHECK_INT("a command in the sender", create_with("u", "p", "a@b>\r\nRSET", DOMAIN, PLAIN, HERE, 25),
              NX_SMTP_INVALID_PARAM);
    CHECK_INT("a command in the domain", create_with("u", "p", FROM, "a\r\nRSET", PLAIN, HERE, 25), NX_SMTP_INVALID_PARAM);
    CHECK_INT("no port", create_with("u", "p", FROM, DOMAIN, PLAIN, HERE, 0), NX_SMTP_INVALID_PARAM);
    CHECK_INT("a port too high", create_with("u", "p", FROM, DOMAIN, PLAIN, HERE, 65536), NX_SMTP_INVALID_PARAM);
    CHECK_INT("no address", create_with("u", "p", FROM, DOMAIN, PLAIN, 0, 25), NX_IP_ADDRESS_ERROR);
    CHECK_INT("not an address", create_with("u", "p", FROM, DOMAIN, PLAIN, 0xF0000001UL, 25), NX_IP_ADDRESS_ERROR);
}

static void create_for_ipv6(void)
{
    NXD_ADDRESS server;

    memset(&server, 0, sizeof server);
    server.nxd_ip_version = 5;
    CHECK_INT("no such version",
              nxd_smtp_client_create(&client, &ip, &pool, "u", "p", FROM, DOMAIN, PLAIN, &server, 25), NX_IP_ADDRESS_ERROR);
    CHECK_INT("no address at all",
              nxd_smtp_client_create(&client, &ip, &pool, "u", "p", FROM, DOMAIN, PLAIN, NULL, 25), NX_PTR_ERROR);
    server.nxd_ip_version = NX_IP_VERSION_V6;
    CHECK_INT("::", nxd_smtp_client_create(&client, &ip, &pool, "u", "p", FROM, DOMAIN, PLAIN, &server, 25),
              NX_IP_ADDRESS_ERROR);
    server.nxd_ip_address.v6[3] = 1;
    CHECK_INT("IPv6 without IPv6", nxd_smtp_client_create(&client, &ip, &pool, "u", "p", FROM, DOMAIN, PLAIN, &server, 25),
              NX_NOT_ENABLED);
    nxd_ipv6_enable(&ip);
    CHECK_INT("IPv6", nxd_smtp_client_create(&client, &ip, &pool, "u", "p", FROM, DOMAIN, PLAIN, &server, 25), NX_SUCCESS);
    CHECK_INT("delete", nx_smtp_client_delete(&client), NX_SUCCESS);
    server.nxd_ip_version = NX_IP_VERSION_V4;
    server.nxd_ip_address.v4 = HERE;
    CHECK_INT("IPv4", nxd_smtp_client_create(&client, &ip, &pool, "u", "p", FROM, DOMAIN, PLAIN, &server, 25), NX_SUCCESS);
    CHECK_INT("delete", nx_smtp_client_delete(&client), NX_SUCCESS);
}

int main(void)
{
    NX_SMTP_CLIENT copy;

    memset(&client, 0xA5, sizeof client);
    CHECK_INT("a pool", nx_packet_pool_create(&pool, "pool", 800, memory, 8000), NX_SUCCESS);
    nx_ip_create(&ip, "ip", IP_ADDRESS(1, 2, 3, 5), 0xFFFFFF00UL, &pool, _nx_ram_network_driver, memory, 2048, 1);
    CHECK_INT("no TCP", create_with("u", "p", FROM, DOMAIN, PLAIN, HERE, 25), NX_NOT_ENABLED);
    nx_tcp_enable(&ip);
    create_checks();
    create_for_ipv6();

    CHECK_INT("sending with what was never created", send_text("s", "b"), NX_SMTP_CLIENT_NOT_INITIALIZED);
    CHECK_INT("deleting it", nx_smtp_client_delete(&client), NX_PTR_ERROR);
    CHECK_INT("deleting NULL", nx_smtp_client_delete(NULL), NX_PTR_ERROR);
    CHECK_INT("a client", create_with("u", "p", FROM, DOMAIN, PLAIN, HERE, 25), NX_SUCCESS);
    CHECK_INT("has the number", client.nx_smtp_client_id, NX_SMTP_CLIENT_ID);
    CHECK_INT("twice", create_with("u", "p", FROM, DOMAIN, PLAIN, HERE, 25), NX_PTR_ERROR);
    copy = client;
    CHECK_INT("a copy is no client", nx_smtp_mail_send(&copy, "a@b", 0, "s", "b", 1), NX_SMTP_CLIENT_NOT_INTIALIZED);
    CHECK_INT("no client", nx_smtp_mail_send(NULL, "a@b", 0, "s", "b", 1), NX_PTR_ERROR);
    CHECK_INT("no recipient", nx_smtp_mail_send(&client, NULL, 0, "s", "b", 1), NX_PTR_ERROR);
    CHECK_INT("no subject", nx_smtp_mail_send(&client, "a@b", 0, NULL, "b", 1), NX_PTR_ERROR);
    CHECK_INT("no body", nx_smtp_mail_send(&client, "a@b", 0, "s", NULL, 1), NX_PTR_ERROR);
    CHECK_INT("an empty body", nx_smtp_mail_send(&client, "a@b", 0, "s", "b", 0), NX_SMTP_INVALID_PARAM);
    CHECK_INT("nobody is there on the network inside the process", send_text("s", "b"), NX_NOT_CONNECTED);
    tear_down();
    CHECK_INT("sending with a deleted client", send_text("s", "b"), NX_SMTP_CLIENT_NOT_INITIALIZED);
    return checks_done();
}
