/* Generated from src/faces/rtos: do not edit. make headers writes it anew. */
/* What SMTP applications include this header for stands in nx_api.h. */
#ifndef HELO_RTOS_NX_IP_H
#define HELO_RTOS_NX_IP_H

#include "nx_api.h"

#endif /* HELO_RTOS_NX_IP_H */
