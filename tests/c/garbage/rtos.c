/* The ThreadX and NetX names with garbage: NULL, a struct full of rubbish, one that is not aligned, one that was deleted.
 * The functions are called by the names that the headers map to, since that is what the library exports. */
#include "garbage.h"
#include <nx_api.h>

static union {
    unsigned char bytes[256];
    void *aligned;
} rubbish;

static unsigned char memory[4096];

void tx_application_define(void *first_unused_memory) { (void)first_unused_memory; }

static void entry(ULONG input) { (void)input; }

/* Every service with a pointer that is not a control block, NULL for all the rest and impossible numbers. */
static void services(void *at)
{
    ULONG number = 0, more = 0;
    VOID *block = NULL;

    REFUSED(TX_THREAD_ERROR, helo_rtos_tx_thread_delete, at);
    REFUSED(TX_THREAD_ERROR, helo_rtos_tx_thread_resume, at);
    REFUSED(TX_THREAD_ERROR, helo_rtos_tx_thread_suspend, at);
    REFUSED(TX_THREAD_ERROR, helo_rtos_tx_thread_terminate, at);
    REFUSED(TX_THREAD_ERROR, helo_rtos_tx_thread_wait_abort, at);
    REFUSED(TX_THREAD_ERROR, helo_rtos_tx_thread_info_get, at, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    REFUSED(TX_THREAD_ERROR, helo_rtos_tx_thread_priority_change, at, 99, NULL);
    REFUSED(TX_MUTEX_ERROR, helo_rtos_tx_mutex_delete, at);
    REFUSED(TX_MUTEX_ERROR, helo_rtos_tx_mutex_get, at, TX_WAIT_FOREVER);
    REFUSED(TX_MUTEX_ERROR, helo_rtos_tx_mutex_put, at);
    REFUSED(TX_MUTEX_ERROR, helo_rtos_tx_mutex_info_get, at, NULL, NULL, NULL, NULL, NULL, NULL);
    REFUSED(TX_SEMAPHORE_ERROR, helo_rtos_tx_semaphore_delete, at);
    REFUSED(TX_SEMAPHORE_ERROR, helo_rtos_tx_semaphore_get, at, TX_WAIT_FOREVER);
    REFUSED(TX_SEMAPHORE_ERROR, helo_rtos_tx_semaphore_put, at);
    REFUSED(TX_SEMAPHORE_ERROR, helo_rtos_tx_semaphore_ceiling_put, at, 0);
    REFUSED(TX_SEMAPHORE_ERROR, helo_rtos_tx_semaphore_info_get, at, NULL, NULL, NULL, NULL, NULL);
    REFUSED(TX_GROUP_ERROR, helo_rtos_tx_event_flags_delete, at);
    REFUSED(TX_GROUP_ERROR, helo_rtos_tx_event_flags_get, at, 1, 99, &number, TX_WAIT_FOREVER);
    REFUSED(TX_GROUP_ERROR, helo_rtos_tx_event_flags_set, at, 1, 99);
    REFUSED(TX_GROUP_ERROR, helo_rtos_tx_event_flags_info_get, at, NULL, NULL, NULL, NULL, NULL);
    REFUSED(TX_QUEUE_ERROR, helo_rtos_tx_queue_delete, at);
    REFUSED(TX_QUEUE_ERROR, helo_rtos_tx_queue_flush, at);
    REFUSED(TX_QUEUE_ERROR, helo_rtos_tx_queue_send, at, NULL, TX_WAIT_FOREVER);
    REFUSED(TX_QUEUE_ERROR, helo_rtos_tx_queue_front_send, at, NULL, TX_WAIT_FOREVER);
    REFUSED(TX_QUEUE_ERROR, helo_rtos_tx_queue_receive, at, NULL, TX_WAIT_FOREVER);
    REFUSED(TX_QUEUE_ERROR, helo_rtos_tx_queue_info_get, at, NULL, NULL, NULL, NULL, NULL, NULL);
    REFUSED(TX_POOL_ERROR, helo_rtos_tx_byte_pool_delete, at);
    REFUSED(TX_POOL_ERROR, helo_rtos_tx_byte_pool_info_get, at, NULL, NULL, NULL, NULL, NULL, NULL);
    REFUSED(TX_POOL_ERROR, helo_rtos_tx_byte_allocate, at, &block, 1, TX_WAIT_FOREVER);
    REFUSED(TX_PTR_ERROR, helo_rtos_tx_byte_release, at);
    REFUSED(TX_POOL_ERROR, helo_rtos_tx_block_pool_delete, at);
    REFUSED(TX_POOL_ERROR, helo_rtos_tx_block_pool_info_get, at, NULL, NULL, NULL, NULL, NULL, NULL);
    REFUSED(TX_POOL_ERROR, helo_rtos_tx_block_allocate, at, &block, TX_WAIT_FOREVER);
    REFUSED(TX_PTR_ERROR, helo_rtos_tx_block_release, at);

    REFUSED(NX_PTR_ERROR, helo_rtos_nx_packet_pool_delete, at);
    REFUSED(NX_PTR_ERROR, helo_rtos_nx_packet_pool_info_get, at, NULL, NULL, NULL, NULL, NULL);
    REFUSED(NX_PTR_ERROR, helo_rtos_nx_ip_delete, at);
    REFUSED(NX_PTR_ERROR, helo_rtos_nx_arp_enable, at, memory, sizeof memory);
    REFUSED(NX_PTR_ERROR, helo_rtos_nx_tcp_enable, at);
    REFUSED(NX_PTR_ERROR, helo_rtos_nx_udp_enable, at);
    REFUSED(NX_PTR_ERROR, helo_rtos_nx_icmp_enable, at);
    REFUSED(NX_PTR_ERROR, helo_rtos_nxd_icmp_enable, at);
    REFUSED(NX_PTR_ERROR, helo_rtos_nxd_ipv6_enable, at);
    REFUSED(NX_PTR_ERROR, helo_rtos_nx_ip_status_check, at, 1, &number, NX_WAIT_FOREVER);
    REFUSED(NX_PTR_ERROR, helo_rtos_nx_ip_interface_status_check, at, 0, 1, &number, NX_WAIT_FOREVER);
    REFUSED(NX_PTR_ERROR, helo_rtos_nx_ip_address_get, at, &number, &more);
    REFUSED(NX_PTR_ERROR, helo_rtos_nx_ip_address_set, at, 1, 1);
    REFUSED(NX_PTR_ERROR, helo_rtos_nx_ip_interface_address_get, at, 0, &number, &more);
    REFUSED(NX_PTR_ERROR, helo_rtos_nx_ip_interface_address_set, at, 0, 1, 1);
    REFUSED(NX_PTR_ERROR, helo_rtos_nx_ip_gateway_address_set, at, 1);
    REFUSED(NX_PTR_ERROR, helo_rtos_nx_ip_gateway_address_get, at, &number);
    REFUSED(NX_PTR_ERROR, helo_rtos_nxd_ipv6_address_set, at, 0, NULL, 64, NULL);
    REFUSED(NX_PTR_ERROR, helo_rtos_nxd_ipv6_address_get, at, 0, NULL, NULL, NULL);
    REFUSED(NX_PTR_ERROR, helo_rtos_nxd_ipv6_default_router_add, at, NULL, 0, 0);
}

/* Every create with a place that cannot be one, then with a size that is another's. */
static void creates(void *at, UINT size)
{
    REFUSED(TX_THREAD_ERROR, helo_rtos_tx_thread_create, at, NULL, entry, 0, memory, 4096, 1, 1, 0, 0, size);
    REFUSED(TX_MUTEX_ERROR, helo_rtos_tx_mutex_create, at, NULL, TX_NO_INHERIT, size);
    REFUSED(TX_SEMAPHORE_ERROR, helo_rtos_tx_semaphore_create, at, NULL, 0, size);
    REFUSED(TX_GROUP_ERROR, helo_rtos_tx_event_flags_create, at, NULL, size);
    REFUSED(TX_QUEUE_ERROR, helo_rtos_tx_queue_create, at, NULL, 1, memory, sizeof memory, size);
    REFUSED(TX_POOL_ERROR, helo_rtos_tx_byte_pool_create, at, NULL, memory, sizeof memory, size);
    REFUSED(TX_POOL_ERROR, helo_rtos_tx_block_pool_create, at, NULL, 16, memory, sizeof memory, size);
    REFUSED(NX_PTR_ERROR, helo_rtos_nx_packet_pool_create, at, NULL, 128, memory, sizeof memory, size);
    REFUSED(NX_PTR_ERROR, helo_rtos_nx_ip_create, at, NULL, 1, 1, at, _nx_ram_network_driver, memory, sizeof memory, 1,
            _nx_ram_network_driver, _nx_host_network_driver, size);
}

int main(void)
{
    TX_MUTEX deleted;

    memset(&rubbish, 0xA5, sizeof rubbish);
    services(NULL);
    services(rubbish.bytes);
    services(rubbish.bytes + 1);
    tx_mutex_create(&deleted, "deleted", TX_NO_INHERIT);
    tx_mutex_delete(&deleted);
    services(&deleted);

    creates(NULL, sizeof(TX_THREAD));
    creates(rubbish.bytes + 1, sizeof(TX_THREAD));
    creates(rubbish.bytes, 0);
    creates(rubbish.bytes, sizeof(TX_THREAD) + 4);

    /* Numbers at the edges. */
    REFUSED(TX_SIZE_ERROR, helo_rtos_tx_queue_create, (TX_QUEUE *)&rubbish, NULL, 0xffffffffu, memory, 0xffffffffu,
            sizeof(TX_QUEUE));
    REFUSED(TX_SIZE_ERROR, helo_rtos_tx_block_pool_create, (TX_BLOCK_POOL *)&rubbish, NULL, 0xffffffffu, memory, 4096,
            sizeof(TX_BLOCK_POOL));
    REFUSED(NX_SIZE_ERROR, helo_rtos_nx_packet_pool_create, (NX_PACKET_POOL *)&rubbish, NULL, 0xffffffffu, memory,
            0xffffffffu, sizeof(NX_PACKET_POOL));

    CALL(helo_rtos_tx_kernel_enter, NULL, 4096);
    CALL(helo_rtos_tx_kernel_enter, tx_application_define, 0);
    CALL(helo_rtos_tx_kernel_enter, tx_application_define, SIZE_MAX);
    CALL(helo_rtos_tx_thread_sleep, 0);
    CALL(helo_rtos_tx_thread_relinquish);
    CALL(helo_rtos_tx_thread_identify);
    CALL(helo_rtos_tx_time_get);
    CALL(helo_rtos_tx_time_set, 0xffffffffu);
    CALL(helo_rtos_nx_system_initialize);
    CALL(helo_rtos_nx_ram_network_driver, NULL);
    CALL(helo_rtos_nx_host_network_driver, NULL);
    return checks_done();
}
