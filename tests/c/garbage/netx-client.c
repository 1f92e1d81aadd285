/* NetX SMTP Client 5.3 with garbage: NULL, rubbish, what is not aligned, strings without an end within their bounds.
 *
 * headers: rtos
 */
#include "garbage.h"
#include <nx_smtp_client.h>
#undef nx_smtp_client_create
#undef nxd_smtp_client_create
#undef nx_smtp_client_delete
#undef nx_smtp_mail_send

static union {
    unsigned char bytes[1024];
    void *aligned;
} rubbish;

static NX_SMTP_CLIENT client;
static NX_PACKET_POOL pool;
static NX_IP ip;
static unsigned char memory[4096];
static char endless[100000];

void tx_application_define(void *first_unused_memory) { (void)first_unused_memory; }

/* Every create with these three structs and these strings. */
static void creates(UINT wanted, void *a_client, void *an_ip, void *a_pool, char *text)
{
    NXD_ADDRESS address;

    memset(&address, 0, sizeof address);
    address.nxd_ip_version = NX_IP_VERSION_V4;
    address.nxd_ip_address.v4 = 1;
    REFUSED(wanted, nx_smtp_client_create, a_client, an_ip, a_pool, text, text, text, text, 3, 1, 25);
    REFUSED(wanted, _nxe_smtp_client_create, a_client, an_ip, a_pool, text, text, text, text, 3, 1, 25);
    REFUSED(wanted, _nx_smtp_client_create, a_client, an_ip, a_pool, text, text, text, text, 3, 1, 25);
    REFUSED(wanted, helo_nx_smtp_client_create, a_client, an_ip, a_pool, text, text, text, text, 3, 1, 25, NULL);
    REFUSED(wanted, nxd_smtp_client_create, a_client, an_ip, a_pool, text, text, text, text, 3, &address, 25);
    REFUSED(wanted, _nxde_smtp_client_create, a_client, an_ip, a_pool, text, text, text, text, 3, &address, 25);
    REFUSED(wanted, _nxd_smtp_client_create, a_client, an_ip, a_pool, text, text, text, text, 3, &address, 25);
    REFUSED(wanted, helo_nxd_smtp_client_create, a_client, an_ip, a_pool, text, text, text, text, 3, &address, 25, NULL);
    REFUSED(NX_PTR_ERROR, nxd_smtp_client_create, a_client, an_ip, a_pool, "u", "p", "a@b", "d", 3, NULL, 25);
}

static void uses(UINT wanted_of_delete, UINT wanted_of_send, void *a_client, char *text)
{
    REFUSED(wanted_of_delete, nx_smtp_client_delete, a_client);
    REFUSED(wanted_of_delete, _nxe_smtp_client_delete, a_client);
    REFUSED(wanted_of_delete, _nx_smtp_client_delete, a_client);
    REFUSED(wanted_of_send, nx_smtp_mail_send, a_client, text, 0xffffffffu, text, text, 10);
    REFUSED(wanted_of_send, _nxe_smtp_mail_send, a_client, text, 0xffffffffu, text, text, 10);
    REFUSED(wanted_of_send, _nx_smtp_mail_send, a_client, text, 0xffffffffu, text, text, 10);
}

int main(void)
{
    HELO_NX_SMTP_CLIENT_OPTIONS options;

    memset(&rubbish, 0xA5, sizeof rubbish);
    memset(endless, 'x', sizeof endless);
    nx_packet_pool_create(&pool, "pool", 128, memory, 2048);
    nx_ip_create(&ip, "ip", 1, 1, &pool, _nx_ram_network_driver, memory + 2048, 2048, 1);
    nx_tcp_enable(&ip);

    creates(NX_PTR_ERROR, NULL, NULL, NULL, NULL);
    creates(NX_PTR_ERROR, NULL, &ip, &pool, "text");
    creates(NX_PTR_ERROR, &client, rubbish.bytes, &pool, "text");
    creates(NX_PTR_ERROR, &client, rubbish.bytes + 1, &pool, "text");
    creates(NX_PTR_ERROR, &client, &ip, rubbish.bytes, "text");
    creates(NX_PTR_ERROR, &client, &ip, &pool, NULL);
    creates(NX_PTR_ERROR, rubbish.bytes + 1, &ip, &pool, "text");
    creates(NX_SMTP_INVALID_PARAM, &client, &ip, &pool, endless);

    uses(NX_PTR_ERROR, NX_PTR_ERROR, NULL, "text");
    uses(NX_PTR_ERROR, NX_SMTP_CLIENT_NOT_INITIALIZED, rubbish.bytes, "text");
    uses(NX_PTR_ERROR, NX_SMTP_CLIENT_NOT_INITIALIZED, rubbish.bytes + 1, "text");
    uses(NX_PTR_ERROR, NX_PTR_ERROR, rubbish.bytes, NULL);

    /* Options of a size that is none are the defaults; the guide's own limits hold then. */
    memset(&options, 0, sizeof options);
    REFUSED(NX_SUCCESS, helo_nx_smtp_client_create, &client, &ip, &pool, "user", "password", "a@b", "d", 3, 1, 25, &options);
    REFUSED(NX_SMTP_INVALID_PARAM, nx_smtp_mail_send, &client, endless, 1, endless, endless, 10);
    REFUSED(NX_SMTP_INVALID_PARAM, nx_smtp_mail_send, &client, "a@b", 1, endless, endless, 10);
    REFUSED(NX_SUCCESS, nx_smtp_client_delete, &client);
    uses(NX_PTR_ERROR, NX_SMTP_CLIENT_NOT_INITIALIZED, &client, "text");
    return checks_done();
}
