/* Generated from src/faces/distinct: do not edit. make headers writes it anew. */
/* Distinct SMTP-32 5.2: connections through a firewall that speaks SOCKS 4 or 5. */
#ifndef D32_FW_H
#define D32_FW_H

#include "d32-smtp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The firewall and the server behind it. String pointers that are not used are NULL, ports are in host byte order. */
typedef struct fw_parameters {
    /* For version 5: what the firewall may ask for, a digit each: '0' nothing, '2' username and passwd. '1', GSSAPI, may
     * stand beside them and is not supported. */
    char far *methods;
    /* How many digits methods has. */
    unsigned char n_methods;
    /* FW_ADDR_IP4, FW_ADDR_DNS or FW_ADDR_IP6. The manual spells it both ways. */
#if defined(__GNUC__)
    __extension__ union {
        unsigned char addr_type;
        unsigned char add_type;
    };
#elif defined(_MSC_VER) || defined(__cplusplus) || (defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L)
    union {
        unsigned char addr_type;
        unsigned char add_type;
    };
#else
    unsigned char addr_type;
#define add_type addr_type
#endif
    /* The server's name, for FW_ADDR_DNS. */
    char *domain_name;
    /* The firewall's name or address. */
    char far *fw_host;
    /* The server's address in digits, for FW_ADDR_IP4 and FW_ADDR_IP6. */
    char far *dest_host;
    /* The firewall's port; 0 is 1080. */
    unsigned short fw_port;
    /* The server's port; 0 is 25. */
    unsigned short dest_port;
    /* The user for version 4, and for method '2' of version 5. */
    char far *username;
    /* The password for method '2' of version 5. It goes to the firewall in the clear. */
    char far *passwd;
    /* FW_VERSION4, FW_VERSION5, or both together: then the library finds out. */
    int socks_ver;
    char reserved[256 - 6 * sizeof(char far *) - 2 * sizeof(unsigned char) - 2 * sizeof(unsigned short) - sizeof(int)];
} fw_param;

/* The library reads the struct: a compiler that lays it out otherwise stops here. */
typedef char helo_fw_param_size[sizeof(fw_param) == (sizeof(void *) == 8 ? 272 : 260) ? 1 : -1];

/**
 * The firewall speaks SOCKS version 4. Together with FW_VERSION5: the library finds out.
 */
#define FW_VERSION4 1

/**
 * The firewall speaks SOCKS version 5.
 */
#define FW_VERSION5 2

/**
 * dest_host holds an IPv4 address.
 */
#define FW_ADDR_IP4 1

/**
 * domain_name holds the server's name, which the firewall looks up.
 */
#define FW_ADDR_DNS 3

/**
 * dest_host holds an IPv6 address.
 */
#define FW_ADDR_IP6 4

/**
 * Opens a connection through a firewall and waits until the server is ready for mail.
 *
 * local, conn, proc, lParam: as for smtp_helo.
 *
 * fw: the firewall, the server and how to get through; see fw_param. It is read before the call returns and never
 * written.
 *
 * Returns what smtp_helo returns. SMTP_FAILURE is also the firewall's refusal; smtp_rply has no words then.
 * SMTP_HOST_NOT_RESPONDING is about the firewall or the server.
 */
int WINAPI smtp_fw_helo(LPCSTR local,
                 GLOBALHANDLE *conn,
                 FARPROC proc,
                 DWORD_PTR lParam,
                 const fw_param *fw);

#ifdef __cplusplus
}
#endif

#endif /* D32_FW_H */
