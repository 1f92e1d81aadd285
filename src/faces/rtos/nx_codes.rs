//! Status codes and constants of NetX, with the values of its headers. `nx_api.h` defines them from here.

// NetX: status codes

/// 0x00: Done.
pub const NX_SUCCESS: u32 = 0x00;
/// 0x01: No packet is free.
pub const NX_NO_PACKET: u32 = 0x01;
/// 0x02: A packet is too small for its headers.
pub const NX_UNDERFLOW: u32 = 0x02;
/// 0x03: A packet is too small for its data.
pub const NX_OVERFLOW: u32 = 0x03;
/// 0x04: No mapping from the name or address.
pub const NX_NO_MAPPING: u32 = 0x04;
/// 0x05: The object was deleted while the thread waited for it.
pub const NX_DELETED: u32 = 0x05;
/// 0x06: Not a packet pool.
pub const NX_POOL_ERROR: u32 = 0x06;
/// 0x07: A pointer is NULL or not what it should be.
pub const NX_PTR_ERROR: u32 = 0x07;
/// 0x08: Waiting is not possible here.
pub const NX_WAIT_ERROR: u32 = 0x08;
/// 0x09: A size is too small or too large.
pub const NX_SIZE_ERROR: u32 = 0x09;
/// 0x0A: An option has no such value.
pub const NX_OPTION_ERROR: u32 = 0x0A;
/// 0x10: The object cannot be deleted now.
pub const NX_DELETE_ERROR: u32 = 0x10;
/// 0x11: The service cannot be called from here.
pub const NX_CALLER_ERROR: u32 = 0x11;
/// 0x12: Not a packet.
pub const NX_INVALID_PACKET: u32 = 0x12;
/// 0x13: Not a socket in the right state.
pub const NX_INVALID_SOCKET: u32 = 0x13;
/// 0x14: The part of the IP instance that this needs is not enabled.
pub const NX_NOT_ENABLED: u32 = 0x14;
/// 0x15: Enabled already.
pub const NX_ALREADY_ENABLED: u32 = 0x15;
/// 0x16: No such entry.
pub const NX_ENTRY_NOT_FOUND: u32 = 0x16;
/// 0x17: The table is full.
pub const NX_NO_MORE_ENTRIES: u32 = 0x17;
/// 0x1A: Another thread ended the wait.
pub const NX_WAIT_ABORTED: u32 = 0x1A;
/// 0x20: The IP instance could not be made.
pub const NX_IP_INTERNAL_ERROR: u32 = 0x20;
/// 0x21: Not an address that can be used here.
pub const NX_IP_ADDRESS_ERROR: u32 = 0x21;
/// 0x22: The socket is bound already.
pub const NX_ALREADY_BOUND: u32 = 0x22;
/// 0x23: The port is taken.
pub const NX_PORT_UNAVAILABLE: u32 = 0x23;
/// 0x24: The socket is not bound.
pub const NX_NOT_BOUND: u32 = 0x24;
/// 0x26: The socket was unbound while the thread waited.
pub const NX_SOCKET_UNBOUND: u32 = 0x26;
/// 0x27: The socket was not created.
pub const NX_NOT_CREATED: u32 = 0x27;
/// 0x28: Sockets are still bound.
pub const NX_SOCKETS_BOUND: u32 = 0x28;
/// 0x29: No answer came.
pub const NX_NO_RESPONSE: u32 = 0x29;
/// 0x30: The pool was deleted while the thread waited.
pub const NX_POOL_DELETED: u32 = 0x30;
/// 0x31: Released already.
pub const NX_ALREADY_RELEASED: u32 = 0x31;
/// 0x33: No more listen requests.
pub const NX_MAX_LISTEN: u32 = 0x33;
/// 0x34: The port is listened on already.
pub const NX_DUPLICATE_LISTEN: u32 = 0x34;
/// 0x35: The socket is not closed.
pub const NX_NOT_CLOSED: u32 = 0x35;
/// 0x36: The socket does not listen.
pub const NX_NOT_LISTEN_STATE: u32 = 0x36;
/// 0x37: Begun, not finished.
pub const NX_IN_PROGRESS: u32 = 0x37;
/// 0x38: The socket is not connected.
pub const NX_NOT_CONNECTED: u32 = 0x38;
/// 0x39: More than the other side's window.
pub const NX_WINDOW_OVERFLOW: u32 = 0x39;
/// 0x40: Another thread waits already.
pub const NX_ALREADY_SUSPENDED: u32 = 0x40;
/// 0x41: The disconnect failed.
pub const NX_DISCONNECT_FAILED: u32 = 0x41;
/// 0x42: The socket is still bound.
pub const NX_STILL_BOUND: u32 = 0x42;
/// 0x43: The wanted state did not come in time.
pub const NX_NOT_SUCCESSFUL: u32 = 0x43;
/// 0x44: The driver does not know the command.
pub const NX_UNHANDLED_COMMAND: u32 = 0x44;
/// 0x45: No port is free.
pub const NX_NO_FREE_PORTS: u32 = 0x45;
/// 0x46: Not a port.
pub const NX_INVALID_PORT: u32 = 0x46;
/// 0x47: Nothing listens on that port.
pub const NX_INVALID_RELISTEN: u32 = 0x47;
/// 0x48: A connection waits.
pub const NX_CONNECTION_PENDING: u32 = 0x48;
/// 0x49: The transmit queue is full.
pub const NX_TX_QUEUE_DEPTH: u32 = 0x49;
/// 0x4A: Not implemented.
pub const NX_NOT_IMPLEMENTED: u32 = 0x4A;
/// 0x4B: Not supported: on a host, a network driver that is not one of this layer's two.
pub const NX_NOT_SUPPORTED: u32 = 0x4B;
/// 0x4C: No such interface.
pub const NX_INVALID_INTERFACE: u32 = 0x4C;
/// 0x4D: Parameters that do not fit.
pub const NX_INVALID_PARAMETERS: u32 = 0x4D;
/// 0x4E: Not found.
pub const NX_NOT_FOUND: u32 = 0x4E;
/// 0x4F: Cannot start.
pub const NX_CANNOT_START: u32 = 0x4F;
/// 0x50: The interface has no address.
pub const NX_NO_INTERFACE_ADDRESS: u32 = 0x50;

// NetX: options, states and limits

/// True.
pub const NX_TRUE: u32 = 1;
/// False.
pub const NX_FALSE: u32 = 0;
/// Nothing.
pub const NX_NULL: u32 = 0;
/// Do not wait.
pub const NX_NO_WAIT: u32 = 0;
/// Wait as long as it takes.
#[allow(dead_code)] // for completeness; the header defines it by hand
pub(crate) const NX_WAIT_FOREVER: u32 = 0xFFFF_FFFF;
/// Ticks in a second.
pub const NX_IP_PERIODIC_RATE: u32 = 100;
/// `nxd_ip_version` of an IPv4 address.
pub const NX_IP_VERSION_V4: u32 = 4;
/// `nxd_ip_version` of an IPv6 address.
pub const NX_IP_VERSION_V6: u32 = 6;
/// The magic number of an IP instance.
pub const NX_IP_ID: u32 = 0x4950_2020;
/// The magic number of a packet pool.
pub const NX_PACKET_POOL_ID: u32 = 0x504B_5420;
/// A state of an IP instance: ready.
pub const NX_IP_INITIALIZE_DONE: u32 = 0x0001;
/// A state of an IP instance: has an address.
pub const NX_IP_ADDRESS_RESOLVED: u32 = 0x0002;
/// A state of an IP instance: the link is up.
pub const NX_IP_LINK_ENABLED: u32 = 0x0004;
/// A state of an IP instance: `nx_arp_enable` was called.
pub const NX_IP_ARP_ENABLED: u32 = 0x0008;
/// A state of an IP instance: `nx_udp_enable` was called.
pub const NX_IP_UDP_ENABLED: u32 = 0x0010;
/// A state of an IP instance: `nx_tcp_enable` was called.
pub const NX_IP_TCP_ENABLED: u32 = 0x0020;
/// A state of an interface: the link is up.
pub const NX_IP_INTERFACE_LINK_ENABLED: u32 = 0x0100;
/// Interfaces of an IP instance.
pub const NX_MAX_PHYSICAL_INTERFACES: u32 = 1;
/// Bytes of a packet pool that every packet takes beside its payload.
pub const NX_PACKET_HEADER_SIZE: u32 = 64;
