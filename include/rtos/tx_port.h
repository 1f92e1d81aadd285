/* Generated from src/faces/rtos: do not edit. make headers writes it anew. */
/* ThreadX's basic types, as wide on a host as on its targets, and the C library that its headers bring. */
#ifndef HELO_RTOS_TX_PORT_H
#define HELO_RTOS_TX_PORT_H

#if defined(HELO_DISTINCT_WINDOWS_H) && !defined(HELO_DWORD_32)
#error "LONG and ULONG of Distinct's windows.h have other widths: include ThreadX's and NetX's headers first"
#endif

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef VOID
#define VOID void
#endif

typedef char CHAR;
typedef unsigned char UCHAR;
typedef short SHORT;
typedef unsigned short USHORT;
typedef int INT;
typedef unsigned int UINT;
#ifdef _WIN32
/* 32 bits there, and the same types as in the system's headers. */
typedef long LONG;
typedef unsigned long ULONG;
#else
typedef int LONG;
typedef unsigned int ULONG;
#endif

typedef char helo_rtos_assert_ulong_is_32_bits[(sizeof(ULONG) == 4 && sizeof(UINT) == 4) ? 1 : -1];

/* Control blocks: six ULONGs and a pointer. The library was compiled for this size and checks it at each create. */
#define HELO_RTOS_ASSERT_CONTROL_BLOCK(type) \
    typedef char helo_rtos_assert_size_of_##type[(sizeof(type) == 6 * sizeof(ULONG) + sizeof(void *)) ? 1 : -1]

#endif /* HELO_RTOS_TX_PORT_H */
