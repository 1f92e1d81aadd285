/* Byte and block pools, and the NetX objects, called from an ordinary host program without tx_kernel_enter. */
#include "nx_api.h"
#include "check.h"

void _nx_ram_network_driver(struct NX_IP_DRIVER_STRUCT *driver_req);
static void own_driver(struct NX_IP_DRIVER_STRUCT *driver_req) { (void) driver_req; }

static UCHAR memory[8192];
static ULONG arp_memory[260];

void tx_application_define(void *first_unused_memory) { (void) first_unused_memory; }

static void byte_pool(void)
{
    TX_BYTE_POOL pool;
    VOID *all = NULL, *part = NULL, *again = NULL;
    ULONG available = 0;

    CHECK_INT("byte pool too small", tx_byte_pool_create(&pool, "pool", memory, 99), TX_SIZE_ERROR);
    CHECK_INT("byte pool", tx_byte_pool_create(&pool, "pool", memory, 1024), TX_SUCCESS);
    CHECK_INT("no bytes", tx_byte_allocate(&pool, &part, 0, TX_NO_WAIT), TX_SIZE_ERROR);
    CHECK_INT("too many bytes", tx_byte_allocate(&pool, &part, 1025, TX_NO_WAIT), TX_SIZE_ERROR);
    CHECK_INT("nowhere to put them", tx_byte_allocate(&pool, NULL, 1, TX_NO_WAIT), TX_PTR_ERROR);
    CHECK_INT("bytes", tx_byte_allocate(&pool, &part, 500, TX_NO_WAIT), TX_SUCCESS);
    CHECK("lie in the pool", (UCHAR *) part >= memory && (UCHAR *) part + 500 <= memory + 1024);
    memset(part, 0xA5, 500);
    CHECK_INT("no more so many", tx_byte_allocate(&pool, &all, 900, 1), TX_NO_MEMORY);
    CHECK("and none given", all == NULL);
    CHECK_INT("a pointer from elsewhere", tx_byte_release(&pool), TX_PTR_ERROR);
    CHECK_INT("NULL", tx_byte_release(NULL), TX_PTR_ERROR);
    CHECK_INT("into the middle", tx_byte_release((UCHAR *) part + 16), TX_PTR_ERROR);
    CHECK_INT("giving back", tx_byte_release(part), TX_SUCCESS);
    CHECK_INT("giving back twice", tx_byte_release(part), TX_PTR_ERROR);
    CHECK_INT("what came back can be had", tx_byte_allocate(&pool, &again, 900, TX_NO_WAIT), TX_SUCCESS);
    tx_byte_release(again);
    tx_byte_pool_info_get(&pool, NULL, &available, NULL, NULL, NULL, NULL);
    CHECK("all is free", available >= 1024 - 16);
    CHECK_INT("deleting", tx_byte_pool_delete(&pool), TX_SUCCESS);
    CHECK_INT("from a pool that is gone", tx_byte_allocate(&pool, &part, 1, TX_NO_WAIT), TX_POOL_ERROR);
}

static void block_pool(void)
{
    TX_BLOCK_POOL pool;
    VOID *blocks[64], *one = NULL;
    ULONG total = 0, available = 0, i;

    CHECK_INT("blocks of no size", tx_block_pool_create(&pool, "pool", 0, memory, 1024), TX_SIZE_ERROR);
    CHECK_INT("not one block", tx_block_pool_create(&pool, "pool", 2000, memory, 1024), TX_SIZE_ERROR);
    CHECK_INT("block pool", tx_block_pool_create(&pool, "pool", 100, memory, 1024), TX_SUCCESS);
    tx_block_pool_info_get(&pool, NULL, &available, &total, NULL, NULL, NULL);
    CHECK("nine or so", total >= 8 && total <= 9 && available == total);
    for (i = 0; i < total; i++) {
        CHECK_INT("a block", tx_block_allocate(&pool, &blocks[i], TX_NO_WAIT), TX_SUCCESS);
        memset(blocks[i], (int) i, 100);
    }
    CHECK("blocks do not overlap", ((UCHAR *) blocks[0])[99] == 0 && ((UCHAR *) blocks[1])[0] == 1);
    CHECK_INT("no more", tx_block_allocate(&pool, &one, 1), TX_NO_MEMORY);
    CHECK_INT("into a block", tx_block_release((UCHAR *) blocks[0] + 1), TX_PTR_ERROR);
    CHECK_INT("giving one back", tx_block_release(blocks[3]), TX_SUCCESS);
    CHECK_INT("twice", tx_block_release(blocks[3]), TX_PTR_ERROR);
    CHECK_INT("and having it again", tx_block_allocate(&pool, &one, TX_NO_WAIT), TX_SUCCESS);
    CHECK("the same", one == blocks[3]);
    CHECK_INT("deleting", tx_block_pool_delete(&pool), TX_SUCCESS);
    CHECK_INT("a block of a pool that is gone", tx_block_release(blocks[0]), TX_PTR_ERROR);
}

static void netx(void)
{
    NX_PACKET_POOL pool;
    NX_IP ip, copy;
    ULONG address = 0, mask = 0, status = 0;
    UINT index = 9;
    NXD_ADDRESS v6;

    memset(&pool, 0xA5, sizeof(pool));
    memset(&ip, 0xA5, sizeof(ip));
    nx_system_initialize();
    CHECK_INT("pool without memory", nx_packet_pool_create(&pool, "pool", 128, NULL, 2048), NX_PTR_ERROR);
    CHECK_INT("no pool", nx_packet_pool_create(NULL, "pool", 128, memory, 2048), NX_PTR_ERROR);
    CHECK_INT("not one packet", nx_packet_pool_create(&pool, "pool", 4096, memory, 2048), NX_SIZE_ERROR);
    CHECK_INT("IP on a pool that is none",
          nx_ip_create(&ip, "ip", IP_ADDRESS(1, 2, 3, 5), 0xFFFFFF00UL, &pool, _nx_ram_network_driver, memory, 2048, 1),
          NX_PTR_ERROR);
    CHECK_INT("pool", nx_packet_pool_create(&pool, "pool", 128, memory, 2048), NX_SUCCESS);
    CHECK_INT("TCP on what is no IP", nx_tcp_enable(&ip), NX_PTR_ERROR);
    CHECK_INT("TCP on NULL", nx_tcp_enable(NULL), NX_PTR_ERROR);
    CHECK_INT("another driver",
          nx_ip_create(&ip, "ip", IP_ADDRESS(1, 2, 3, 5), 0xFFFFFF00UL, &pool, own_driver, memory, 2048, 1),
          NX_NOT_SUPPORTED);
    CHECK_INT("no driver", nx_ip_create(&ip, "ip", IP_ADDRESS(1, 2, 3, 5), 0xFFFFFF00UL, &pool, NULL, memory, 2048, 1),
          NX_PTR_ERROR);
    CHECK_INT("no address of a host",
          nx_ip_create(&ip, "ip", IP_ADDRESS(240, 0, 0, 1), 0xFFFFFF00UL, &pool, _nx_ram_network_driver, memory, 2048, 1),
          NX_IP_ADDRESS_ERROR);
    CHECK_INT("IP",
          nx_ip_create(&ip, "ip", IP_ADDRESS(1, 2, 3, 5), 0xFFFFFF00UL, &pool, _nx_ram_network_driver, memory, 2048, 1),
          NX_SUCCESS);
    CHECK_INT("IP twice",
          nx_ip_create(&ip, "ip", IP_ADDRESS(1, 2, 3, 5), 0xFFFFFF00UL, &pool, _nx_ram_network_driver, memory, 2048, 1),
          NX_PTR_ERROR);
    copy = ip;
    CHECK_INT("a copy is no IP", nx_tcp_enable(&copy), NX_PTR_ERROR);
    CHECK_INT("state that is not there", nx_ip_status_check(&ip, NX_IP_TCP_ENABLED, &status, 1), NX_NOT_SUCCESSFUL);
    CHECK_INT("ARP without memory", nx_arp_enable(&ip, NULL, 1040), NX_PTR_ERROR);
    CHECK_INT("ARP with little", nx_arp_enable(&ip, (void **) arp_memory, 8), NX_SIZE_ERROR);
    CHECK_INT("ARP", nx_arp_enable(&ip, (void **) arp_memory, 1040), NX_SUCCESS);
    CHECK_INT("ARP twice", nx_arp_enable(&ip, (void **) arp_memory, 1040), NX_ALREADY_ENABLED);
    CHECK_INT("TCP", nx_tcp_enable(&ip), NX_SUCCESS);
    CHECK_INT("TCP twice", nx_tcp_enable(&ip), NX_ALREADY_ENABLED);
    CHECK_INT("UDP", nx_udp_enable(&ip), NX_SUCCESS);
    CHECK_INT("ICMP", nx_icmp_enable(&ip), NX_SUCCESS);
    CHECK_INT("state that is there", nx_ip_status_check(&ip, NX_IP_TCP_ENABLED | NX_IP_ADDRESS_RESOLVED, &status, 0), NX_SUCCESS);
    CHECK_INT("address", nx_ip_address_get(&ip, &address, &mask), NX_SUCCESS);
    CHECK("as given", address == 0x01020305UL && mask == 0xFFFFFF00UL);
    CHECK_INT("other interface", nx_ip_interface_address_get(&ip, 1, &address, &mask), NX_INVALID_INTERFACE);
    CHECK_INT("new address", nx_ip_address_set(&ip, IP_ADDRESS(10, 0, 0, 1), 0xFF000000UL), NX_SUCCESS);
    nx_ip_interface_address_get(&ip, 0, &address, &mask);
    CHECK_INT("is there", address, 0x0A000001UL);
    CHECK_INT("gateway", nx_ip_gateway_address_set(&ip, IP_ADDRESS(10, 0, 0, 254)), NX_SUCCESS);

    CHECK_INT("IPv6", nxd_ipv6_enable(&ip), NX_SUCCESS);
    v6.nxd_ip_version = NX_IP_VERSION_V4;
    CHECK_INT("not an IPv6 address", nxd_ipv6_address_set(&ip, 0, &v6, 64, &index), NX_IP_ADDRESS_ERROR);
    v6.nxd_ip_version = NX_IP_VERSION_V6;
    v6.nxd_ip_address.v6[0] = 0x20010DB8UL;
    v6.nxd_ip_address.v6[1] = 0;
    v6.nxd_ip_address.v6[2] = 0;
    v6.nxd_ip_address.v6[3] = 1;
    CHECK_INT("an IPv6 address", nxd_ipv6_address_set(&ip, 0, &v6, 64, &index), NX_SUCCESS);
    v6.nxd_ip_address.v6[0] = 0;
    CHECK_INT("the first", index, 0);
    CHECK_INT("is kept", nxd_ipv6_address_get(&ip, 0, &v6, &mask, &index), NX_SUCCESS);
    CHECK_INT("as given", v6.nxd_ip_address.v6[0], 0x20010DB8UL);

    CHECK_INT("deleting the IP", nx_ip_delete(&ip), NX_SUCCESS);
    CHECK_INT("deleting it twice", nx_ip_delete(&ip), NX_PTR_ERROR);
    CHECK_INT("deleting the pool", nx_packet_pool_delete(&pool), NX_SUCCESS);
    CHECK_INT("deleting it twice", nx_packet_pool_delete(&pool), NX_PTR_ERROR);
}

int main(void)
{
    byte_pool();
    block_pool();
    netx();
    return checks_done();
}
