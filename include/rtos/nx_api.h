/* Generated from src/faces/rtos: do not edit. make headers writes it anew. */
/*
 * The NetX names that SMTP applications use, for hosts without NetX.
 *
 * An IP instance is on one of two networks, by the driver given to nx_ip_create:
 *   _nx_host_network_driver   the host's own network (a name of this library)
 *   _nx_ram_network_driver    a network inside the process, between the IP instances that use it: any address, any port,
 *                             no privileges
 * Another driver gives NX_NOT_SUPPORTED.
 *
 * For all services here: pointers are NULL, which gives the documented error, or lead to what the parameter's name
 * says. A control block stays where it is from its create to its delete and is not copied. The memory given for
 * packets, threads and caches is checked as the original does and left alone. An IPv4 address is a ULONG with its first
 * byte highest, as IP_ADDRESS makes it.
 *
 * Every name maps to a symbol that begins with helo_rtos_: a firmware with the real NetX never meets these.
 */
#ifndef HELO_RTOS_NX_API_H
#define HELO_RTOS_NX_API_H

#include "tx_api.h"

#ifdef __cplusplus
extern "C" {
#endif

#define __PRODUCT_NETX__
#define __NETX_MAJOR_VERSION__ 5
#define __NETX_MINOR_VERSION__ 9

#define NX_WAIT_FOREVER ((ULONG) 0xFFFFFFFFUL)
#define IP_ADDRESS(a, b, c, d) \
    ((((ULONG) (a)) << 24) | (((ULONG) (b)) << 16) | (((ULONG) (c)) << 8) | ((ULONG) (d)))

/**
 * 0x00: Done.
 */
#define NX_SUCCESS 0

/**
 * 0x01: No packet is free.
 */
#define NX_NO_PACKET 1

/**
 * 0x02: A packet is too small for its headers.
 */
#define NX_UNDERFLOW 2

/**
 * 0x03: A packet is too small for its data.
 */
#define NX_OVERFLOW 3

/**
 * 0x04: No mapping from the name or address.
 */
#define NX_NO_MAPPING 4

/**
 * 0x05: The object was deleted while the thread waited for it.
 */
#define NX_DELETED 5

/**
 * 0x06: Not a packet pool.
 */
#define NX_POOL_ERROR 6

/**
 * 0x07: A pointer is NULL or not what it should be.
 */
#define NX_PTR_ERROR 7

/**
 * 0x08: Waiting is not possible here.
 */
#define NX_WAIT_ERROR 8

/**
 * 0x09: A size is too small or too large.
 */
#define NX_SIZE_ERROR 9

/**
 * 0x0A: An option has no such value.
 */
#define NX_OPTION_ERROR 10

/**
 * 0x10: The object cannot be deleted now.
 */
#define NX_DELETE_ERROR 16

/**
 * 0x11: The service cannot be called from here.
 */
#define NX_CALLER_ERROR 17

/**
 * 0x12: Not a packet.
 */
#define NX_INVALID_PACKET 18

/**
 * 0x13: Not a socket in the right state.
 */
#define NX_INVALID_SOCKET 19

/**
 * 0x14: The part of the IP instance that this needs is not enabled.
 */
#define NX_NOT_ENABLED 20

/**
 * 0x15: Enabled already.
 */
#define NX_ALREADY_ENABLED 21

/**
 * 0x16: No such entry.
 */
#define NX_ENTRY_NOT_FOUND 22

/**
 * 0x17: The table is full.
 */
#define NX_NO_MORE_ENTRIES 23

/**
 * 0x1A: Another thread ended the wait.
 */
#define NX_WAIT_ABORTED 26

/**
 * 0x20: The IP instance could not be made.
 */
#define NX_IP_INTERNAL_ERROR 32

/**
 * 0x21: Not an address that can be used here.
 */
#define NX_IP_ADDRESS_ERROR 33

/**
 * 0x22: The socket is bound already.
 */
#define NX_ALREADY_BOUND 34

/**
 * 0x23: The port is taken.
 */
#define NX_PORT_UNAVAILABLE 35

/**
 * 0x24: The socket is not bound.
 */
#define NX_NOT_BOUND 36

/**
 * 0x26: The socket was unbound while the thread waited.
 */
#define NX_SOCKET_UNBOUND 38

/**
 * 0x27: The socket was not created.
 */
#define NX_NOT_CREATED 39

/**
 * 0x28: Sockets are still bound.
 */
#define NX_SOCKETS_BOUND 40

/**
 * 0x29: No answer came.
 */
#define NX_NO_RESPONSE 41

/**
 * 0x30: The pool was deleted while the thread waited.
 */
#define NX_POOL_DELETED 48

/**
 * 0x31: Released already.
 */
#define NX_ALREADY_RELEASED 49

/**
 * 0x33: No more listen requests.
 */
#define NX_MAX_LISTEN 51

/**
 * 0x34: The port is listened on already.
 */
#define NX_DUPLICATE_LISTEN 52

/**
 * 0x35: The socket is not closed.
 */
#define NX_NOT_CLOSED 53

/**
 * 0x36: The socket does not listen.
 */
#define NX_NOT_LISTEN_STATE 54

/**
 * 0x37: Begun, not finished.
 */
#define NX_IN_PROGRESS 55

/**
 * 0x38: The socket is not connected.
 */
#define NX_NOT_CONNECTED 56

/**
 * 0x39: More than the other side's window.
 */
#define NX_WINDOW_OVERFLOW 57

/**
 * 0x40: Another thread waits already.
 */
#define NX_ALREADY_SUSPENDED 64

/**
 * 0x41: The disconnect failed.
 */
#define NX_DISCONNECT_FAILED 65

/**
 * 0x42: The socket is still bound.
 */
#define NX_STILL_BOUND 66

/**
 * 0x43: The wanted state did not come in time.
 */
#define NX_NOT_SUCCESSFUL 67

/**
 * 0x44: The driver does not know the command.
 */
#define NX_UNHANDLED_COMMAND 68

/**
 * 0x45: No port is free.
 */
#define NX_NO_FREE_PORTS 69

/**
 * 0x46: Not a port.
 */
#define NX_INVALID_PORT 70

/**
 * 0x47: Nothing listens on that port.
 */
#define NX_INVALID_RELISTEN 71

/**
 * 0x48: A connection waits.
 */
#define NX_CONNECTION_PENDING 72

/**
 * 0x49: The transmit queue is full.
 */
#define NX_TX_QUEUE_DEPTH 73

/**
 * 0x4A: Not implemented.
 */
#define NX_NOT_IMPLEMENTED 74

/**
 * 0x4B: Not supported: on a host, a network driver that is not one of this layer's two.
 */
#define NX_NOT_SUPPORTED 75

/**
 * 0x4C: No such interface.
 */
#define NX_INVALID_INTERFACE 76

/**
 * 0x4D: Parameters that do not fit.
 */
#define NX_INVALID_PARAMETERS 77

/**
 * 0x4E: Not found.
 */
#define NX_NOT_FOUND 78

/**
 * 0x4F: Cannot start.
 */
#define NX_CANNOT_START 79

/**
 * 0x50: The interface has no address.
 */
#define NX_NO_INTERFACE_ADDRESS 80

/**
 * True.
 */
#define NX_TRUE 1

/**
 * False.
 */
#define NX_FALSE 0

/**
 * Nothing.
 */
#define NX_NULL 0

/**
 * Do not wait.
 */
#define NX_NO_WAIT 0

/**
 * Ticks in a second.
 */
#define NX_IP_PERIODIC_RATE 100

/**
 * `nxd_ip_version` of an IPv4 address.
 */
#define NX_IP_VERSION_V4 4

/**
 * `nxd_ip_version` of an IPv6 address.
 */
#define NX_IP_VERSION_V6 6

/**
 * The magic number of an IP instance.
 */
#define NX_IP_ID 1229987872

/**
 * The magic number of a packet pool.
 */
#define NX_PACKET_POOL_ID 1347114016

/**
 * A state of an IP instance: ready.
 */
#define NX_IP_INITIALIZE_DONE 1

/**
 * A state of an IP instance: has an address.
 */
#define NX_IP_ADDRESS_RESOLVED 2

/**
 * A state of an IP instance: the link is up.
 */
#define NX_IP_LINK_ENABLED 4

/**
 * A state of an IP instance: `nx_arp_enable` was called.
 */
#define NX_IP_ARP_ENABLED 8

/**
 * A state of an IP instance: `nx_udp_enable` was called.
 */
#define NX_IP_UDP_ENABLED 16

/**
 * A state of an IP instance: `nx_tcp_enable` was called.
 */
#define NX_IP_TCP_ENABLED 32

/**
 * A state of an interface: the link is up.
 */
#define NX_IP_INTERFACE_LINK_ENABLED 256

/**
 * Interfaces of an IP instance.
 */
#define NX_MAX_PHYSICAL_INTERFACES 1

/**
 * Bytes of a packet pool that every packet takes beside its payload.
 */
#define NX_PACKET_HEADER_SIZE 64

/**
 * A request to a network driver: here only so that drivers can be declared.
 */
struct NX_IP_DRIVER_STRUCT;

/**
 * A packet: here only so that pointers to one can be declared.
 */
struct NX_PACKET_STRUCT;

/**
 * A request to a network driver.
 */
typedef struct NX_IP_DRIVER_STRUCT NX_IP_DRIVER;

/**
 * An IP instance's control block, filled by `nx_ip_create`.
 */
struct NX_IP_STRUCT {
    /**
     * `NX_IP_ID` while the instance exists.
     */
    ULONG nx_ip_id;
    /**
     * The library's.
     */
    ULONG helo_reserved[5];
    /**
     * The name that was given.
     */
    CHAR *nx_ip_name;
};

/**
 * An IP instance's control block.
 */
typedef struct NX_IP_STRUCT NX_IP;

/**
 * A packet pool's control block, filled by `nx_packet_pool_create`.
 */
struct NX_PACKET_POOL_STRUCT {
    /**
     * `NX_PACKET_POOL_ID` while the pool exists.
     */
    ULONG nx_packet_pool_id;
    /**
     * The library's.
     */
    ULONG helo_reserved[5];
    /**
     * The name that was given.
     */
    CHAR *nx_packet_pool_name;
};

/**
 * A packet pool's control block.
 */
typedef struct NX_PACKET_POOL_STRUCT NX_PACKET_POOL;

/**
 * The two forms of an address; which one counts is said beside it.
 */
union NXD_ADDRESS_UNION {
    /**
     * An IPv4 address, its first byte highest.
     */
    ULONG v4;
    /**
     * An IPv6 address, its first four bytes first, each word with its first byte highest.
     */
    ULONG v6[4];
};

/**
 * An IPv4 or IPv6 address.
 */
struct NXD_ADDRESS_STRUCT {
    /**
     * `NX_IP_VERSION_V4` or `NX_IP_VERSION_V6`.
     */
    ULONG nxd_ip_version;
    /**
     * The address.
     */
    union NXD_ADDRESS_UNION nxd_ip_address;
};

/**
 * An IPv4 or IPv6 address.
 */
typedef struct NXD_ADDRESS_STRUCT NXD_ADDRESS;

/**
 * A TCP socket's control block: here only so that structs that hold one can be declared.
 */
struct NX_TCP_SOCKET_STRUCT {
    /**
     * Not used.
     */
    ULONG nx_tcp_socket_id;
    /**
     * The library's.
     */
    ULONG helo_reserved[5];
    /**
     * Not used.
     */
    CHAR *nx_tcp_socket_name;
};

/**
 * A TCP socket's control block.
 */
typedef struct NX_TCP_SOCKET_STRUCT NX_TCP_SOCKET;

/**
 * A packet.
 */
typedef struct NX_PACKET_STRUCT NX_PACKET;

/**
 * The network inside the process, between the IP instances that use it. Programs only name it, for `nx_ip_create`; a call
 * does nothing.
 */
void helo_rtos_nx_ram_network_driver(NX_IP_DRIVER *_driver_req_ptr);

/**
 * The host's network. Programs only name it, for `nx_ip_create`; a call does nothing.
 */
void helo_rtos_nx_host_network_driver(NX_IP_DRIVER *_driver_req_ptr);

/**
 * Readies the layer; there is nothing to do.
 */
void helo_rtos_nx_system_initialize(void);

/**
 * Creates an IP instance on the network of its driver: `_nx_ram_network_driver` or `_nx_host_network_driver`.
 * NX_NOT_SUPPORTED for another driver, which is not called. The memory is left alone; the priority is not used. Programs
 * call it as `nx_ip_create`, whose macro adds the two drivers as the program sees them and the size.
 */
UINT helo_rtos_nx_ip_create(NX_IP *ip_ptr,
                            CHAR *name,
                            ULONG ip_address,
                            ULONG network_mask,
                            NX_PACKET_POOL *default_pool,
                            void (*ip_network_driver)(NX_IP_DRIVER*),
                            VOID *memory_ptr,
                            ULONG memory_size,
                            UINT priority,
                            void (*ram_driver)(NX_IP_DRIVER*),
                            void (*host_driver)(NX_IP_DRIVER*),
                            UINT ip_control_block_size);

/**
 * Deletes an IP instance.
 */
UINT helo_rtos_nx_ip_delete(NX_IP *ip_ptr);

/**
 * Enables ARP. The host does its own; the cache's memory is left alone.
 */
UINT helo_rtos_nx_arp_enable(NX_IP *ip_ptr, VOID *arp_cache_memory, ULONG arp_cache_size);

/**
 * Enables TCP, which SMTP needs.
 */
UINT helo_rtos_nx_tcp_enable(NX_IP *ip_ptr);

/**
 * Enables UDP.
 */
UINT helo_rtos_nx_udp_enable(NX_IP *ip_ptr);

/**
 * Enables ICMP.
 */
UINT helo_rtos_nx_icmp_enable(NX_IP *ip_ptr);

/**
 * Waits so many ticks until the instance has all the states asked for (NX_IP_...); NX_NOT_SUCCESSFUL when it has not.
 */
UINT helo_rtos_nx_ip_status_check(NX_IP *ip_ptr,
                                  ULONG needed_status,
                                  ULONG *actual_status,
                                  ULONG wait_option);

/**
 * The IPv4 address and the network's mask.
 */
UINT helo_rtos_nx_ip_address_get(NX_IP *ip_ptr, ULONG *ip_address, ULONG *network_mask);

/**
 * Gives the instance another IPv4 address.
 */
UINT helo_rtos_nx_ip_address_set(NX_IP *ip_ptr, ULONG ip_address, ULONG network_mask);

/**
 * The IPv4 address and mask of an interface; there is the interface 0 only.
 */
UINT helo_rtos_nx_ip_interface_address_get(NX_IP *ip_ptr,
                                           ULONG interface_index,
                                           ULONG *ip_address,
                                           ULONG *network_mask);

/**
 * Gives an interface another IPv4 address; there is the interface 0 only.
 */
UINT helo_rtos_nx_ip_interface_address_set(NX_IP *ip_ptr,
                                           UINT interface_index,
                                           ULONG ip_address,
                                           ULONG network_mask);

/**
 * Waits for states of an interface as `nx_ip_status_check` does; there is the interface 0 only.
 */
UINT helo_rtos_nx_ip_interface_status_check(NX_IP *ip_ptr,
                                            UINT interface_index,
                                            ULONG needed_status,
                                            ULONG *actual_status,
                                            ULONG wait_option);

/**
 * Notes the gateway; the host has its own routes.
 */
UINT helo_rtos_nx_ip_gateway_address_set(NX_IP *ip_ptr, ULONG ip_address);

/**
 * The gateway that was set; NX_NOT_FOUND when none was.
 */
UINT helo_rtos_nx_ip_gateway_address_get(NX_IP *ip_ptr, ULONG *ip_address);

/**
 * Enables IPv6.
 */
UINT helo_rtos_nxd_ipv6_enable(NX_IP *ip_ptr);

/**
 * Enables ICMP for both versions.
 */
UINT helo_rtos_nxd_icmp_enable(NX_IP *ip_ptr);

/**
 * Gives the interface 0 an IPv6 address; its number is written to `address_index`, which may be NULL. A NULL address
 * stands for the link-local one.
 */
UINT helo_rtos_nxd_ipv6_address_set(NX_IP *ip_ptr,
                                    UINT interface_index,
                                    NXD_ADDRESS *ip_address,
                                    ULONG prefix_length,
                                    UINT *address_index);

/**
 * An IPv6 address of the instance by its number.
 */
UINT helo_rtos_nxd_ipv6_address_get(NX_IP *ip_ptr,
                                    UINT address_index,
                                    NXD_ADDRESS *ip_address,
                                    ULONG *prefix_length,
                                    UINT *interface_index);

/**
 * Takes a router for IPv6; the host has its own routes.
 */
UINT helo_rtos_nxd_ipv6_default_router_add(NX_IP *ip_ptr,
                                           NXD_ADDRESS *router_address,
                                           ULONG router_lifetime,
                                           UINT index);

/**
 * Creates a pool of packets of `payload_size` bytes in `pool_size` bytes of the program's memory, which is left alone.
 * NX_SIZE_ERROR when not one packet fits.
 */
UINT helo_rtos_nx_packet_pool_create(NX_PACKET_POOL *pool_ptr,
                                     CHAR *name,
                                     ULONG payload_size,
                                     VOID *pool_start,
                                     ULONG pool_size,
                                     UINT pool_control_block_size);

/**
 * Deletes a packet pool.
 */
UINT helo_rtos_nx_packet_pool_delete(NX_PACKET_POOL *pool_ptr);

/**
 * How many packets the pool has; all of them are always free. Each pointer may be NULL.
 */
UINT helo_rtos_nx_packet_pool_info_get(NX_PACKET_POOL *pool_ptr,
                                       ULONG *total_packets,
                                       ULONG *free_packets,
                                       ULONG *empty_pool_requests,
                                       ULONG *empty_pool_suspensions,
                                       ULONG *invalid_packet_releases);

HELO_RTOS_ASSERT_CONTROL_BLOCK(NX_PACKET_POOL);
HELO_RTOS_ASSERT_CONTROL_BLOCK(NX_IP);
HELO_RTOS_ASSERT_CONTROL_BLOCK(NX_TCP_SOCKET);
typedef char helo_rtos_assert_size_of_nxd_address[(sizeof(NXD_ADDRESS) == 5 * sizeof(ULONG)) ? 1 : -1];

/* The names. A program's own declaration of a driver is mapped with them. */
#define nx_arp_enable helo_rtos_nx_arp_enable
#define _nx_host_network_driver helo_rtos_nx_host_network_driver
#define nx_icmp_enable helo_rtos_nx_icmp_enable
#define nx_ip_address_get helo_rtos_nx_ip_address_get
#define nx_ip_address_set helo_rtos_nx_ip_address_set
#define nx_ip_create(i, n, a, m, p, d, s, z, y) \
    helo_rtos_nx_ip_create(i, n, a, m, p, d, s, z, y, _nx_ram_network_driver, _nx_host_network_driver, sizeof(NX_IP))
#define nx_ip_delete helo_rtos_nx_ip_delete
#define nx_ip_gateway_address_get helo_rtos_nx_ip_gateway_address_get
#define nx_ip_gateway_address_set helo_rtos_nx_ip_gateway_address_set
#define nx_ip_interface_address_get helo_rtos_nx_ip_interface_address_get
#define nx_ip_interface_address_set helo_rtos_nx_ip_interface_address_set
#define nx_ip_interface_status_check helo_rtos_nx_ip_interface_status_check
#define nx_ip_status_check helo_rtos_nx_ip_status_check
#define nx_packet_pool_create(p, n, l, s, z) \
    helo_rtos_nx_packet_pool_create(p, n, l, s, z, sizeof(NX_PACKET_POOL))
#define nx_packet_pool_delete helo_rtos_nx_packet_pool_delete
#define nx_packet_pool_info_get helo_rtos_nx_packet_pool_info_get
#define _nx_ram_network_driver helo_rtos_nx_ram_network_driver
#define nx_system_initialize helo_rtos_nx_system_initialize
#define nx_tcp_enable helo_rtos_nx_tcp_enable
#define nx_udp_enable helo_rtos_nx_udp_enable
#define nxd_icmp_enable helo_rtos_nxd_icmp_enable
#define nxd_ipv6_address_get helo_rtos_nxd_ipv6_address_get
#define nxd_ipv6_address_set helo_rtos_nxd_ipv6_address_set
#define nxd_ipv6_default_router_add helo_rtos_nxd_ipv6_default_router_add
#define nxd_ipv6_enable helo_rtos_nxd_ipv6_enable

#ifdef __cplusplus
}
#endif

#endif /* HELO_RTOS_NX_API_H */
