/* Generated from src/faces/rtos: do not edit. make headers writes it anew. */
/* NetX's basic types are ThreadX's. */
#ifndef HELO_RTOS_NX_PORT_H
#define HELO_RTOS_NX_PORT_H

#include "tx_api.h"

#endif /* HELO_RTOS_NX_PORT_H */
