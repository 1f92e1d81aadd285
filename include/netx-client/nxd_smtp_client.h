/* Generated from src/faces/netx_client: do not edit. make headers writes it anew. */
/* The name that this header has since NetX SMTP Client 5.10. */
#ifndef HELO_NETX_CLIENT_NXD_SMTP_CLIENT_H
#define HELO_NETX_CLIENT_NXD_SMTP_CLIENT_H

#include "nx_smtp_client.h"

#endif /* HELO_NETX_CLIENT_NXD_SMTP_CLIENT_H */
