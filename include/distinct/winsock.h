/* Generated from src/faces/distinct: do not edit. make headers writes it anew. */
/* The sockets of this system under the names of Windows, for programs that ask for their own name or address before they
 * mail; the library needs none of it. A program that uses sockets for more than that uses the system's own headers.
 *
 * On Windows this is the system's own winsock.h. */
#if defined(_WIN32) && !defined(__unix__) && !defined(__APPLE__)

#if defined(__GNUC__)
#pragma GCC system_header
#include_next <winsock.h>
#else
#include <../um/winsock.h>
#endif

#elif !defined(HELO_DISTINCT_WINSOCK_H)
#define HELO_DISTINCT_WINSOCK_H

#include "windows.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

typedef int SOCKET;
#ifndef INVALID_SOCKET
#define INVALID_SOCKET (-1)
#endif
#ifndef SOCKET_ERROR
#define SOCKET_ERROR (-1)
#endif
#define WSADESCRIPTION_LEN 256
#define WSASYS_STATUS_LEN 128

typedef struct WSAData {
    WORD wVersion;
    WORD wHighVersion;
    char szDescription[WSADESCRIPTION_LEN + 1];
    char szSystemStatus[WSASYS_STATUS_LEN + 1];
    unsigned short iMaxSockets;
    unsigned short iMaxUdpDg;
    char *lpVendorInfo;
} WSADATA, *LPWSADATA;

typedef struct hostent HOSTENT, *PHOSTENT, *LPHOSTENT;
typedef struct sockaddr SOCKADDR, *PSOCKADDR, *LPSOCKADDR;
typedef struct sockaddr_in SOCKADDR_IN, *PSOCKADDR_IN, *LPSOCKADDR_IN;
typedef struct in_addr IN_ADDR, *PIN_ADDR, *LPIN_ADDR;

/* Nothing needs to begin or end here. */
#define WSAStartup(version, data) \
    (memset((data), 0, sizeof(WSADATA)), (data)->wVersion = (data)->wHighVersion = (WORD)(version), 0)
#define WSACleanup() (0)
/* errno's numbers. */
#define WSAGetLastError() (errno)
#define WSASetLastError(number) ((void)(errno = (number)))
#define closesocket close
#define ioctlsocket ioctl

#endif
