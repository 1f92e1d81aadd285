/* The example program of the NetX SMTP Client 5.3 guide, Figure 1. What differs: the server's address, the driver
   _nx_host_network_driver (the host's network) in place of _nx_ram_network_driver, and that it looks at every status, says
   what became of the mail and ends with 0 only if the server has taken it.

   Build it from the top of the source after make build:

       cc -Iinclude/netx-client -Iinclude/rtos -o demo_netx_smtp_client \
          examples-c/netx-client/demo_netx_smtp_client.c -Ltarget/release -lhelo -Wl,-rpath,$PWD/target/release

   It sends to port 25 of this machine. For another server put the lines

       server = mail.example.com
       port = 2525

   into a file and name it in the environment: HELO_CONFIG=FILE ./demo_netx_smtp_client */

/*
   demo_netx_smtp_client.c

   This is a small demo of the NetX SMTP Client on the high-performance NetX
   TCP/IP stack. This demo relies on Thread, NetX and SMTP Client API to
   perform simple SMTP mail transfers in an SMTP client application to an SMTP mail
   server. */

#include <stdio.h>
#include <string.h>
#include "nx_api.h"
#include "nx_ip.h"
#include "nx_smtp_client.h"

/* Define the host user name and mail box parameters */

#define USERNAME                "myusername"
#define PASSWORD                "mypassword"
#define FROM_ADDRESS            "my@mycompany.com"
#define RECIPIENT_ADDRESS       "recipient@mycompany.com"
#define LOCAL_DOMAIN            "mycompany.com"

#define SUBJECT_LINE            "NetX SMTP Client Demo"
#define MAIL_BODY               "NetX SMTP client is an SMTP client \r\n" \
                                "implementation for embedded devices to send \r\n" \
                                "email to SMTP servers. This feature is \r\n" \
                                "intended to allow a device to send simple \r\n" \
                                "status reports using the most universal \r\n" \
                                "Internet application, email.\r\n"

/* See the NetX SMTP Client User Guide for how to set the authentication type.
   The most common authentication type is PLAIN. */
#define CLIENT_AUTHENTICATION_TYPE 3

#define CLIENT_IP_ADDRESS       IP_ADDRESS(1,2,3,5)
#define SERVER_IP_ADDRESS       IP_ADDRESS(127,0,0,1)
#define SERVER_PORT             25

/* Define the NetX and ThreadX structures for the SMTP client applicaation. */
NX_PACKET_POOL                  ip_packet_pool;
NX_PACKET_POOL                  client_packet_pool;
NX_IP                           client_ip;
TX_THREAD                       demo_client_thread;
static NX_SMTP_CLIENT           demo_client;

/* Whether the server has taken the mail, and nothing else went wrong. */
static int                      demo_succeeded = 0;

void    _nx_host_network_driver(struct NX_IP_DRIVER_STRUCT *driver_req);
void    demo_client_thread_entry(ULONG info);

/* Says what has failed, if it has. The numbers are those of the guide's list of status codes, and of nx_api.h. */
static int failed(const char *what, UINT status)
{
    if (status == NX_SUCCESS)
    {
        return 0;
    }
    printf("Error %s. Status: 0x%x\r\n", what, status);
    return 1;
}

/* Define main entry point. */
int main()
{
    /* Enter the ThreadX kernel. On a host it comes back when the threads have ended. */
    tx_kernel_enter();
    if (!demo_succeeded)
    {
        printf("The mail was not sent.\r\n");
        return 1;
    }
    printf("The mail to %s was taken by the server.\r\n", RECIPIENT_ADDRESS);
    return 0;
}

/* Define what the initial system looks like. */
void    tx_application_define(void *first_unused_memory)
{

UINT    status;
CHAR    *free_memory_pointer;

    /* Setup the pointer to unallocated memory. */
    free_memory_pointer = (CHAR *) first_unused_memory;

    /* Create IP default packet pool. */
    status = nx_packet_pool_create(&ip_packet_pool, "Default IP Packet Pool",
                                   128, free_memory_pointer, 2048);

    if (failed("creating the IP packet pool", status))
    {
        return;
    }

    /* Update pointer to unallocated (free) memory. */
    free_memory_pointer = free_memory_pointer + 2048;

    /* Create SMTP Client packet pool. This is only for transmitting packets to the
       server. It need not be a separate packet pool than the IP default packet pool
       but for more efficient resource use, we use two different packet pools
       because the CLient SMTP messages generally require more payload than IP
       control packets.

       Packet payload depends on the SMTP Client application requirements. Size of
       packet payload must include IP and TCP headers. For IPv6 connections, IP and
       TCP header data is 60 bytes. For IPv4 IP and TCP header data is 40 bytes (not
       including TCP options). */
    status = nx_packet_pool_create(&client_packet_pool, "SMTP Client Packet Pool",
                                   800, free_memory_pointer, (10*800));

    if (failed("creating the client's packet pool", status))
    {
        return;
    }

    /* Update pointer to unallocated (free) memory. */
    free_memory_pointer = free_memory_pointer + (10*800);

    /* Initialize the NetX system. */
    nx_system_initialize();

    /* Create the client thread */
    status = tx_thread_create(&demo_client_thread, "client_thread",
                              demo_client_thread_entry, 0, free_memory_pointer,
                              2048, 16, 16,
                              TX_NO_TIME_SLICE, TX_DONT_START);

    if (failed("creating the client thread", status))
    {
        return;
    }

    /* Update pointer to unallocated (free) memory. */
    free_memory_pointer = free_memory_pointer + 4096;

    /* Create Client IP instance. Remember to replace the generic driver
       with a real ethernet driver to actually run this demo! */
    status = nx_ip_create(&client_ip, "SMTP Client IP Instance", CLIENT_IP_ADDRESS,
                          0xFFFFFF00UL, &ip_packet_pool, _nx_host_network_driver,
                          free_memory_pointer, 2048, 1);

    if (failed("creating the IP instance", status))
    {
        return;
    }

    free_memory_pointer = free_memory_pointer + 2048;

    /* Enable ARP and supply ARP cache memory. */
    status = nx_arp_enable(&client_ip, (void **) free_memory_pointer, 1040);

    if (failed("enabling ARP", status))
    {
        return;
    }

    /* Update pointer to unallocated (free) memory. */
    free_memory_pointer = free_memory_pointer + 1040;

    /* Enable TCP for client. */
    status = nx_tcp_enable(&client_ip);

    if (failed("enabling TCP", status))
    {
        return;
    }

    /* Enable ICMP for client. */
    status = nx_icmp_enable(&client_ip);

    if (failed("enabling ICMP", status))
    {
        return;
    }

    /* Start the client thread. */
    status = tx_thread_resume(&demo_client_thread);

    failed("starting the client thread", status);

    return;
}

/* Define the smtp application thread task. */
void    demo_client_thread_entry(ULONG info)
{

UINT        status;
int         sent;
ULONG       server_ip_address;

    tx_thread_sleep(100);

    /* Set up the server IP address. */
    server_ip_address = SERVER_IP_ADDRESS;

    /* The demo client username and password is the authentication
       data used when the server attempts to authentication the client. */

    status = nx_smtp_client_create(&demo_client, &client_ip, &client_packet_pool,
                                   USERNAME,
                                   PASSWORD,
                                   FROM_ADDRESS,
                                   LOCAL_DOMAIN, CLIENT_AUTHENTICATION_TYPE,
                                   server_ip_address, SERVER_PORT);

    if (failed("creating the client", status))
    {
        return;
    }

    /* Create a mail instance with the above text message and recipient info. */
    status = nx_smtp_mail_send(&demo_client, RECIPIENT_ADDRESS,
                               NX_SMTP_MAIL_PRIORITY_NORMAL,
                               SUBJECT_LINE, MAIL_BODY, strlen(MAIL_BODY));

    /* Check for errors. A mail item that was not sent can be sent again, by another call of nx_smtp_mail_send: we need not
       delete the client. The error status may be a failed authentication check or a broken connection. */
    sent = !failed("sending the mail", status);

    /* Release resources used by client. Note that the transmit packet
       pool must be deleted by the application if it no longer has use for it.*/
    status = nx_smtp_client_delete(&demo_client);

    if (!failed("deleting the client", status))
    {
        demo_succeeded = sent;
    }

    return;
}
