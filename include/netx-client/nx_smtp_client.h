/* Generated from src/faces/netx_client: do not edit. make headers writes it anew. */
/*
 * NetX SMTP Client 5.3: create a client, send mails with it, delete it.
 *
 * The server's address and port are those that the program gives, unless the site's policy file (environment variable
 * HELO_CONFIG) sends mails for that address elsewhere.
 *
 * For all services: pointers are NULL, which gives the documented error, or lead to what the parameter's name says. A
 * client stays where it is from its create to its delete; of its memory only nx_smtp_client_id is read and written, the
 * other fields are there for programs that name them. Different threads may use different clients at the same time.
 * No callback is called. When a service fails, helo_last_error() of <helo.h> says in words what happened.
 *
 * These options may be defined before this header is included, with the meaning that the guide gives them:
 *   NX_SMTP_CLIENT_CONNECTION_TIMEOUT, NX_SMTP_CLIENT_DISCONNECT_TIMEOUT, NX_SMTP_GREETING_TIMEOUT,
 *   NX_SMTP_ENVELOPE_TIMEOUT, NX_SMTP_MESSAGE_TIMEOUT, NX_SMTP_CLIENT_SEND_TIMEOUT: in ticks, 100 a second
 *   NX_SMTP_CLIENT_MAX_USERNAME, NX_SMTP_CLIENT_MAX_PASSWORD: the longest strings that create accepts
 *   NX_DISABLE_ERROR_CHECKING: leaves out the checks of the caller and of an empty body
 * NX_SMTP_CLIENT_TCP_WINDOW_SIZE, NX_SMTP_CLIENT_PACKET_TIMEOUT and NX_SMTP_SERVER_CHALLENGE_MAX_STRING are accepted and
 * not used: the host has its own windows, no packets are taken from the pool, and challenges are bounded anyway.
 */
#ifndef HELO_NETX_CLIENT_NX_SMTP_CLIENT_H
#define HELO_NETX_CLIENT_NX_SMTP_CLIENT_H

#ifdef HELO_NETX_NX_SMTP_CLIENT_H
#error "nx_smtp_client.h of NetX SMTP 5.0 and of NetX SMTP Client 5.3 cannot be used in one file: they share their names"
#endif

#include <stddef.h>
#include "nx_api.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NX_SMTP_MILLISECONDS_PER_TICK 10
#define NX_SMTP_TICKS_PER_SECOND 100

/* The options. */
#ifndef NX_SMTP_CLIENT_TCP_WINDOW_SIZE
#define NX_SMTP_CLIENT_TCP_WINDOW_SIZE 1460
#endif
#ifndef NX_SMTP_CLIENT_PACKET_TIMEOUT
#define NX_SMTP_CLIENT_PACKET_TIMEOUT (2 * NX_SMTP_TICKS_PER_SECOND)
#endif
#ifndef NX_SMTP_CLIENT_CONNECTION_TIMEOUT
#define NX_SMTP_CLIENT_CONNECTION_TIMEOUT (10 * NX_SMTP_TICKS_PER_SECOND)
#endif
#ifndef NX_SMTP_CLIENT_DISCONNECT_TIMEOUT
#define NX_SMTP_CLIENT_DISCONNECT_TIMEOUT (5 * NX_SMTP_TICKS_PER_SECOND)
#endif
#ifndef NX_SMTP_GREETING_TIMEOUT
#define NX_SMTP_GREETING_TIMEOUT (10 * NX_SMTP_TICKS_PER_SECOND)
#endif
#ifndef NX_SMTP_ENVELOPE_TIMEOUT
#define NX_SMTP_ENVELOPE_TIMEOUT (10 * NX_SMTP_TICKS_PER_SECOND)
#endif
#ifndef NX_SMTP_MESSAGE_TIMEOUT
#define NX_SMTP_MESSAGE_TIMEOUT (30 * NX_SMTP_TICKS_PER_SECOND)
#endif
#ifndef NX_SMTP_CLIENT_SEND_TIMEOUT
#define NX_SMTP_CLIENT_SEND_TIMEOUT (5 * NX_SMTP_TICKS_PER_SECOND)
#endif
#ifndef NX_SMTP_CLIENT_MAX_USERNAME
#define NX_SMTP_CLIENT_MAX_USERNAME 40
#endif
#ifndef NX_SMTP_CLIENT_MAX_PASSWORD
#define NX_SMTP_CLIENT_MAX_PASSWORD 20
#endif
#ifndef NX_SMTP_SERVER_CHALLENGE_MAX_STRING
#define NX_SMTP_SERVER_CHALLENGE_MAX_STRING 200
#endif
#define NX_SMTP_CLIENT_AUTH_CHALLENGE_SIZE \
    (NX_SMTP_CLIENT_MAX_USERNAME + NX_SMTP_CLIENT_MAX_USERNAME + NX_SMTP_CLIENT_MAX_PASSWORD + 2)
#define NX_SMTP_CLIENT_AUTH_CHALLENGE_ENCODED_SIZE (NX_SMTP_CLIENT_AUTH_CHALLENGE_SIZE * 4 / 3 + 1)

/* Names of the original's header that a program may use. */
#define NX_SMTP_CLIENT_SESSION_STATE_AWAITING_REPLY 0xFFFFFFFF
#define NX_SMTP_CLIENT_SESSION_STATE_COMPLETED_NORMALLY 0xFFFFFFFE
#define NX_SMTP_CLIENT_SESSION_STATE_ERROR 0xFFFFFFFD

#define NX_SMTP_COMMAND_EHLO "EHLO"
#define NX_SMTP_COMMAND_HELO "HELO"
#define NX_SMTP_COMMAND_MAIL "MAIL FROM"
#define NX_SMTP_COMMAND_RCPT "RCPT TO"
#define NX_SMTP_COMMAND_AUTH "AUTH"
#define NX_SMTP_COMMAND_NOOP "NOOP"
#define NX_SMTP_COMMAND_DATA "DATA"
#define NX_SMTP_COMMAND_RSET "RSET"
#define NX_SMTP_COMMAND_QUIT "QUIT"

#define NX_SMTP_CODE_GREETING_OK 220
#define NX_SMTP_CODE_ACKNOWLEDGE_QUIT 221
#define NX_SMTP_CODE_AUTHENTICATION_SUCCESSFUL 235
#define NX_SMTP_CODE_OK_TO_CONTINUE 250
#define NX_SMTP_CODE_CANNOT_VERIFY_RECIPIENT 252
#define NX_SMTP_CODE_AUTHENTICATION_TYPE_ACCEPTED 334
#define NX_SMTP_CODE_SEND_MAIL_INPUT 354
#define NX_SMTP_CODE_SERVICE_NOT_AVAILABLE 421
#define NX_SMTP_CODE_SERVICE_INTERNAL_SERVER_ERROR 451
#define NX_SMTP_CODE_INSUFFICIENT_STORAGE 452
#define NX_SMTP_CODE_AUTH_FAILED_INTERNAL_SERVER_ERROR 454
#define NX_SMTP_CODE_COMMAND_SYNTAX_ERROR 500
#define NX_SMTP_CODE_PARAMETER_SYNTAX_ERROR 501
#define NX_SMTP_CODE_COMMAND_NOT_IMPLEMENTED 502
#define NX_SMTP_CODE_BAD_SEQUENCE 503
#define NX_SMTP_CODE_PARAMETER_NOT_IMPLEMENTED 504
#define NX_SMTP_CODE_AUTH_REQUIRED 530
#define NX_SMTP_CODE_AUTH_FAILED 535
#define NX_SMTP_CODE_REQUESTED_ACTION_NOT_TAKEN 550
#define NX_SMTP_CODE_USER_NOT_LOCAL 551
#define NX_SMTP_CODE_OVERSIZE_MAIL_DATA 552
#define NX_SMTP_CODE_BAD_MAILBOX 553
#define NX_SMTP_CODE_TRANSACTION_FAILED 554
#define NX_SMTP_CODE_BAD_SERVER_CODE_RECEIVED 555

#define NX_SMTP_MESSAGE_ID "Message-ID"
#define NX_SMTP_TO_STRING "To: "
#define NX_SMTP_FROM_STRING "From: "
#define NX_SMTP_SUBJECT_STRING "Subject: "
#define NX_SMTP_CLIENT_REPLY_TO_UNKNOWN_PROMPT 1
#define NX_SMTP_CLIENT_REPLY_TO_USERNAME_PROMPT 2
#define NX_SMTP_CLIENT_REPLY_TO_PASSWORD_PROMPT 3
#define NX_SMTP_CLIENT_REPLY_SERVER_CHALLENGE_PROMPT 4
#define NX_SMTP_USERNAME_PROMPT "Username:"
#define NX_SMTP_PASSWORD_PROMPT "Password:"
#define NX_SMTP_CANCEL_AUTHENTICATION "*"
#define NX_SMTP_RECIPIENT_TO 0x01
#define NX_SMTP_RECIPIENT_CC 0x02
#define NX_SMTP_RECIPIENT_BCC 0x04
#define NX_SMTP_SERVER_REPLY_CODE_SIZE 3
#define NX_SMTP_CLIENT_AUTH_LOGIN_TEXT "AUTH LOGIN"
#define NX_SMTP_CLIENT_AUTH_CRAM_MD5_TEXT "AUTH CRAM-MD5"
#define NX_SMTP_CLIENT_AUTH_PLAIN_TEXT "AUTH PLAIN"

typedef enum NX_SMTP_CLIENT_SESSION_STATE_ENUM {
    NX_SMTP_CLIENT_SESSION_STATE_IDLE = 0,
    NX_SMTP_CLIENT_SESSION_STATE_GREETING,
    NX_SMTP_CLIENT_SESSION_STATE_EHLO,
    NX_SMTP_CLIENT_SESSION_STATE_HELO,
    NX_SMTP_CLIENT_SESSION_STATE_MAIL,
    NX_SMTP_CLIENT_SESSION_STATE_RCPT,
    NX_SMTP_CLIENT_SESSION_STATE_DATA,
    NX_SMTP_CLIENT_SESSION_STATE_MESSAGE,
    NX_SMTP_CLIENT_SESSION_STATE_RSET,
    NX_SMTP_CLIENT_SESSION_STATE_QUIT,
    NX_SMTP_CLIENT_SESSION_STATE_NOOP,
    NX_SMTP_CLIENT_SESSION_STATE_AUTH,
    NX_SMTP_CLIENT_SESSION_STATE_AUTH_CHALLENGE
} NX_SMTP_CLIENT_SESSION_STATE;

typedef enum NX_SMTP_SESSION_AUTHENTICATION_STATE_ENUM {
    NX_SMTP_NOT_AUTHENTICATED,
    NX_SMTP_AUTHENTICATION_IN_PROGRESS,
    NX_SMTP_AUTHENTICATION_FAILED,
    NX_SMTP_AUTHENTICATION_SUCCEEDED
} NX_SMTP_SESSION_AUTHENTICATION_STATE;

typedef struct NX_SMTP_CLIENT_MAIL_STRUCT {
    CHAR *nx_smtp_client_mail_recipient_address;
    CHAR *nx_smtp_client_mail_from_address;
    UINT nx_smtp_client_mail_priority;
    CHAR *nx_smtp_client_mail_subject;
    CHAR *nx_smtp_client_mail_body;
    UINT nx_smtp_client_mail_body_length;
} NX_SMTP_CLIENT_MAIL;

typedef struct NX_SMTP_CLIENT_SESSION_STRUCT {
    struct NX_SMTP_CLIENT_STRUCT *nx_smtp_client_session_client_ptr;
    ULONG nx_smtp_client_session_server_ip_address;
    USHORT nx_smtp_client_session_server_port;
    NX_TCP_SOCKET nx_smtp_client_session_tcp_socket;
    INT nx_smtp_client_session_cmd_state;
    INT nx_smtp_client_session_rsp_state;
    UINT nx_smtp_client_session_reply_code_status;
    NX_PACKET *nx_smtp_server_packet;
    UINT nx_smtp_client_session_server_authentication_service;
    UINT nx_smtp_client_session_authentication_reply;
    NX_SMTP_SESSION_AUTHENTICATION_STATE nx_smtp_client_session_authentication_state;
    UINT nx_smtp_client_session_data_transparency_bytes;
    UINT nx_smtp_client_mail_status;
} NX_SMTP_CLIENT_SESSION;

/* A client, allocated by the program. Only nx_smtp_client_id is alive. */
typedef struct NX_SMTP_CLIENT_STRUCT {
    ULONG nx_smtp_client_id;
    CHAR nx_smtp_username[NX_SMTP_CLIENT_MAX_USERNAME + 1];
    CHAR nx_smtp_password[NX_SMTP_CLIENT_MAX_PASSWORD + 1];
    CHAR nx_smtp_client_domain[NX_SMTP_CLIENT_MAX_USERNAME + 1];
    UINT nx_smtp_client_session_accepted_authentication_type;
    NX_IP *nx_smtp_client_ip_ptr;
    NX_PACKET_POOL *nx_smtp_client_packet_pool_ptr;
    NX_SMTP_CLIENT_SESSION nx_smtp_client_session;
    NX_SMTP_CLIENT_MAIL nx_smtp_client_mail;
    UINT nx_smtp_client_init_status;
} NX_SMTP_CLIENT;

typedef struct NX_SMTP_CLIENT_SESSION_STATES_STRUCT {
    UINT (*cmd)(NX_SMTP_CLIENT_SESSION *session_ptr);
    UINT (*rsp)(NX_SMTP_CLIENT_SESSION *session_ptr);
} NX_SMTP_CLIENT_SESSION_STATES;

/* All that the library relies on. */
typedef char helo_nx_smtp_assert_id_is_first[(offsetof(NX_SMTP_CLIENT, nx_smtp_client_id) == 0) ? 1 : -1];

/**
 * 0xA0: the server refused the name and password.
 */
#define NX_SMTP_AUTHENTICATION_ERROR 160

/**
 * 0xA1: the mail is larger than the server takes.
 */
#define NX_SMTP_OVERSIZE_MAIL_DATA 161

/**
 * 0xA2: what the server says is not SMTP.
 */
#define NX_SMTP_INVALID_SERVER_REPLY 162

/**
 * 0xA3: the system failed, or the site's policy file is wrong.
 */
#define NX_SMTP_INTERNAL_ERROR 163

/**
 * 0xA4: the server refused what stands in no other row.
 */
#define NX_SMTP_SERVER_ERROR_CODE_RECEIVED 164

/**
 * 0xA5: a parameter that is not a pointer: empty, too long, not an address, not a port.
 */
#define NX_SMTP_INVALID_PARAM 165

/**
 * 0xA6: no memory.
 */
#define NX_SMTP_PACKET_ALLOCATE_ERROR 166

/**
 * 0xA7: no greeting came, or the server is not ready.
 */
#define NX_SMTP_GREET_REPLY_ERROR 167

/**
 * 0xA8: no answer to EHLO and HELO, or they were refused.
 */
#define NX_SMTP_HELLO_REPLY_ERROR 168

/**
 * 0xA9: no answer to MAIL, or the sender was refused.
 */
#define NX_SMTP_MAIL_REPLY_ERROR 169

/**
 * 0xAA: no answer to RCPT, or the recipient was refused.
 */
#define NX_SMTP_RCPT_REPLY_ERROR 170

/**
 * 0xAB: the message was refused, or the answer to its end did not come: then it may have been delivered, and sending
 * it again may duplicate it.
 */
#define NX_SMTP_MESSAGE_REPLY_ERROR 171

/**
 * 0xAC: no answer to DATA, or it was refused, or the connection was lost in the message.
 */
#define NX_SMTP_DATA_REPLY_ERROR 172

/**
 * 0xAD: no answer to AUTH, or the server does not know it.
 */
#define NX_SMTP_AUTH_REPLY_ERROR 173

/**
 * 0xAE: the server lacks an extension that the mail needs, such as SMTPUTF8.
 */
#define NX_SMTP_SERVER_ERROR_REPLY 174

/**
 * 0xAF: the system could not send.
 */
#define NX_SMTP_TRANSMIT_ERROR 175

/**
 * 0xB0: the server's challenge cannot be answered.
 */
#define NX_SMTP_INVALID_SERVER_CHALLENGE 176

/**
 * 0xB1: kept for old programs; an oversize reply is NX_SMTP_INVALID_SERVER_REPLY here.
 */
#define NX_SMTP_OVERSIZE_SERVER_REPLY 177

/**
 * 0xB2: the client was not created, or was deleted.
 */
#define NX_SMTP_CLIENT_NOT_INITIALIZED 178

/**
 * 0xB2: the same, as the original's header spells it.
 */
#define NX_SMTP_CLIENT_NOT_INTIALIZED 178

/**
 * The magic number of a client.
 */
#define NX_SMTP_CLIENT_ID 1397576784

/**
 * Priority: shown as one that can wait.
 */
#define NX_SMTP_MAIL_PRIORITY_LOW 1

/**
 * Priority: not shown.
 */
#define NX_SMTP_MAIL_PRIORITY_NORMAL 2

/**
 * Priority: shown as urgent.
 */
#define NX_SMTP_MAIL_PRIORITY_HIGH 4

/**
 * Authentication: LOGIN.
 */
#define NX_SMTP_CLIENT_AUTH_LOGIN 1

/**
 * Authentication: CRAM-MD5, which does not show the password.
 */
#define NX_SMTP_CLIENT_AUTH_CRAM_MD5 2

/**
 * Authentication: PLAIN, also for every number that is not in this list.
 */
#define NX_SMTP_CLIENT_AUTH_PLAIN 3

/**
 * Authentication: none; user name and password may be NULL.
 */
#define NX_SMTP_CLIENT_AUTH_NONE 65535

/**
 * What the header hands over of the macros that an application may define before it includes it. Times are in ticks of
 * 10 ms, 0xFFFFFFFF means without end.
 */
typedef struct HELO_NX_SMTP_CLIENT_OPTIONS {
    /**
     * sizeof this struct.
     */
    ULONG size;
    /**
     * NX_SMTP_CLIENT_CONNECTION_TIMEOUT.
     */
    ULONG connection_timeout;
    /**
     * NX_SMTP_CLIENT_DISCONNECT_TIMEOUT: how long the answer to QUIT is waited for, 5 s at most.
     */
    ULONG disconnect_timeout;
    /**
     * NX_SMTP_GREETING_TIMEOUT.
     */
    ULONG greeting_timeout;
    /**
     * NX_SMTP_ENVELOPE_TIMEOUT.
     */
    ULONG envelope_timeout;
    /**
     * NX_SMTP_MESSAGE_TIMEOUT.
     */
    ULONG message_timeout;
    /**
     * NX_SMTP_CLIENT_SEND_TIMEOUT: the longest pause while the message is taken.
     */
    ULONG send_timeout;
    /**
     * NX_SMTP_CLIENT_MAX_USERNAME: the longest user name, and the longest domain.
     */
    ULONG max_username;
    /**
     * NX_SMTP_CLIENT_MAX_PASSWORD: the longest password.
     */
    ULONG max_password;
} HELO_NX_SMTP_CLIENT_OPTIONS;

/**
 * Creates a client for the server at an IPv4 address. Nothing is sent yet. Programs call it as `nx_smtp_client_create`,
 * whose macro adds the options.
 *
 * A user name and a password that are both empty mean no authentication, as NX_SMTP_CLIENT_AUTH_NONE does. All strings
 * are copied.
 *
 * NX_PTR_ERROR: a pointer is NULL, or leads to no IP instance, no packet pool, or a client that exists already.
 * NX_IP_ADDRESS_ERROR: 0, or not an address. NX_SMTP_INVALID_PARAM: a port that is none, a string that is too long or
 * holds control characters, a sender that is no address. NX_NOT_ENABLED: TCP (or, for such a server, IPv6) is not enabled on the IP
 * instance.
 */
UINT helo_nx_smtp_client_create(NX_SMTP_CLIENT *client_ptr,
                                NX_IP *ip_ptr,
                                NX_PACKET_POOL *client_packet_pool_ptr,
                                CHAR *username,
                                CHAR *password,
                                CHAR *from_address,
                                CHAR *client_domain,
                                UINT authentication_type,
                                ULONG server_address,
                                UINT server_port,
                                const struct HELO_NX_SMTP_CLIENT_OPTIONS *options);

/**
 * Creates a client for the server at an IPv4 or IPv6 address, else as `nx_smtp_client_create`. Programs call it as
 * `nxd_smtp_client_create`.
 */
UINT helo_nxd_smtp_client_create(NX_SMTP_CLIENT *client_ptr,
                                 NX_IP *ip_ptr,
                                 NX_PACKET_POOL *client_packet_pool_ptr,
                                 CHAR *username,
                                 CHAR *password,
                                 CHAR *from_address,
                                 CHAR *client_domain,
                                 UINT authentication_type,
                                 NXD_ADDRESS *server_address,
                                 UINT server_port,
                                 const struct HELO_NX_SMTP_CLIENT_OPTIONS *options);

/**
 * The same with the guide's options, for programs that do not use this header.
 */
UINT nx_smtp_client_create(NX_SMTP_CLIENT *client_ptr,
                           NX_IP *ip_ptr,
                           NX_PACKET_POOL *client_packet_pool_ptr,
                           CHAR *username,
                           CHAR *password,
                           CHAR *from_address,
                           CHAR *client_domain,
                           UINT authentication_type,
                           ULONG server_address,
                           UINT server_port);

/**
 * The same, for object files that were made with the original's header.
 */
UINT _nxe_smtp_client_create(NX_SMTP_CLIENT *client_ptr,
                             NX_IP *ip_ptr,
                             NX_PACKET_POOL *client_packet_pool_ptr,
                             CHAR *username,
                             CHAR *password,
                             CHAR *from_address,
                             CHAR *client_domain,
                             UINT authentication_type,
                             ULONG server_address,
                             UINT server_port);

/**
 * The same, for object files that were made with the original's header and NX_DISABLE_ERROR_CHECKING.
 */
UINT _nx_smtp_client_create(NX_SMTP_CLIENT *client_ptr,
                            NX_IP *ip_ptr,
                            NX_PACKET_POOL *client_packet_pool_ptr,
                            CHAR *username,
                            CHAR *password,
                            CHAR *from_address,
                            CHAR *client_domain,
                            UINT authentication_type,
                            ULONG server_address,
                            UINT server_port);

/**
 * The same with the guide's options, for programs that do not use this header.
 */
UINT nxd_smtp_client_create(NX_SMTP_CLIENT *client_ptr,
                            NX_IP *ip_ptr,
                            NX_PACKET_POOL *client_packet_pool_ptr,
                            CHAR *username,
                            CHAR *password,
                            CHAR *from_address,
                            CHAR *client_domain,
                            UINT authentication_type,
                            NXD_ADDRESS *server_address,
                            UINT server_port);

/**
 * The same, for object files that were made with the original's header.
 */
UINT _nxde_smtp_client_create(NX_SMTP_CLIENT *client_ptr,
                              NX_IP *ip_ptr,
                              NX_PACKET_POOL *client_packet_pool_ptr,
                              CHAR *username,
                              CHAR *password,
                              CHAR *from_address,
                              CHAR *client_domain,
                              UINT authentication_type,
                              NXD_ADDRESS *server_address,
                              UINT server_port);

/**
 * The same, for object files that were made with the original's header and NX_DISABLE_ERROR_CHECKING.
 */
UINT _nxd_smtp_client_create(NX_SMTP_CLIENT *client_ptr,
                             NX_IP *ip_ptr,
                             NX_PACKET_POOL *client_packet_pool_ptr,
                             CHAR *username,
                             CHAR *password,
                             CHAR *from_address,
                             CHAR *client_domain,
                             UINT authentication_type,
                             NXD_ADDRESS *server_address,
                             UINT server_port);

/**
 * Deletes a client. A mail that another thread is sending with it is given up: that thread gets NX_WAIT_ABORTED.
 *
 * NX_PTR_ERROR: no client. NX_CALLER_ERROR: called from tx_application_define.
 */
UINT nx_smtp_client_delete(NX_SMTP_CLIENT *client_ptr);

/**
 * The same, for object files that were made with the original's header.
 */
UINT _nxe_smtp_client_delete(NX_SMTP_CLIENT *client_ptr);

/**
 * The same without the check of the caller.
 */
UINT _nx_smtp_client_delete(NX_SMTP_CLIENT *client_ptr);

/**
 * Sends a mail over a connection of its own and returns when the server has taken it, or has not.
 *
 * The header block is made here: To, From, Subject (encoded when it is not ASCII), Date, Message-ID, what shows the
 * priority, and MIME's for plain text in UTF-8. In the body bare line ends become CRLF and dots at the beginnings of lines are
 * doubled. A priority that is not known is normal.
 *
 * NX_SUCCESS: the server has taken the mail. NX_PTR_ERROR: a pointer is NULL. NX_SMTP_CLIENT_NOT_INITIALIZED: no client,
 * or a deleted one. NX_SMTP_INVALID_PARAM: an empty body, a recipient that is no address, a subject with control
 * characters. NX_CALLER_ERROR: called from tx_application_define. NX_IN_PROGRESS: another thread is sending with this
 * client. NX_NOT_CONNECTED: the server cannot be reached. Else one of the NX_SMTP_ codes above.
 */
UINT nx_smtp_mail_send(NX_SMTP_CLIENT *client_ptr,
                       CHAR *recipient_address,
                       UINT priority,
                       CHAR *subject,
                       CHAR *mail_body,
                       UINT mail_body_length);

/**
 * The same, for object files that were made with the original's header.
 */
UINT _nxe_smtp_mail_send(NX_SMTP_CLIENT *client_ptr,
                         CHAR *recipient_address,
                         UINT priority,
                         CHAR *subject,
                         CHAR *mail_body,
                         UINT mail_body_length);

/**
 * The same without the checks of the caller and of an empty body.
 */
UINT _nx_smtp_mail_send(NX_SMTP_CLIENT *client_ptr,
                        CHAR *recipient_address,
                        UINT priority,
                        CHAR *subject,
                        CHAR *mail_body,
                        UINT mail_body_length);

/* The options as this file has them. */
static const HELO_NX_SMTP_CLIENT_OPTIONS helo_nx_smtp_client_options = {
    sizeof(HELO_NX_SMTP_CLIENT_OPTIONS),
    NX_SMTP_CLIENT_CONNECTION_TIMEOUT,
    NX_SMTP_CLIENT_DISCONNECT_TIMEOUT,
    NX_SMTP_GREETING_TIMEOUT,
    NX_SMTP_ENVELOPE_TIMEOUT,
    NX_SMTP_MESSAGE_TIMEOUT,
    NX_SMTP_CLIENT_SEND_TIMEOUT,
    NX_SMTP_CLIENT_MAX_USERNAME,
    NX_SMTP_CLIENT_MAX_PASSWORD
};

/* The public names. */
#define nx_smtp_client_create(client, ip, pool, username, password, from, domain, authentication, address, port)       \
    helo_nx_smtp_client_create(client, ip, pool, username, password, from, domain, authentication, address, port,      \
                               &helo_nx_smtp_client_options)
#define nxd_smtp_client_create(client, ip, pool, username, password, from, domain, authentication, address, port)      \
    helo_nxd_smtp_client_create(client, ip, pool, username, password, from, domain, authentication, address, port,     \
                                &helo_nx_smtp_client_options)
#ifdef NX_DISABLE_ERROR_CHECKING
#define nx_smtp_client_delete _nx_smtp_client_delete
#define nx_smtp_mail_send _nx_smtp_mail_send
#else
#define nx_smtp_client_delete _nxe_smtp_client_delete
#define nx_smtp_mail_send _nxe_smtp_mail_send
#endif

#ifdef __cplusplus
}
#endif

#endif /* HELO_NETX_CLIENT_NX_SMTP_CLIENT_H */
