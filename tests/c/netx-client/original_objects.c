/* An object file that was made with the original's headers: other structs, the original's symbols, and an IP instance and
 * a packet pool of a real NetX. Of the structs only the number at the beginning may be touched.
 *
 * server: dialogue
 *     S: 220 ready
 *     C: EHLO client.example
 *     S: 250 ok
 *     C: AUTH PLAIN
 *     S: 334\s
 *     C: AHVzZXIAcHc=
 *     S: 235 ok
 *     C: MAIL FROM:<me@example.com>
 *     S: 250 ok
 *     C: RCPT TO:<you@example.com>
 *     S: 250 ok
 *     C: DATA
 *     S: 354 go on
 *     C.
 *     S: 250 taken
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 *
 *     CONNECTION 2
 *     S: 421 busy
 *     WAIT close
 */
#include "check.h"
#include <stdlib.h>

typedef unsigned int UINT;
typedef unsigned int ULONG;

struct NXD_ADDRESS_STRUCT {
    ULONG version;
    ULONG address[4];
};

UINT _nxe_smtp_client_create(void *, void *, void *, char *, char *, char *, char *, UINT, ULONG, UINT);
UINT _nxd_smtp_client_create(void *, void *, void *, char *, char *, char *, char *, UINT, struct NXD_ADDRESS_STRUCT *, UINT);
UINT _nxe_smtp_client_delete(void *);
UINT _nxe_smtp_mail_send(void *, char *, UINT, char *, char *, UINT);
UINT _nx_smtp_mail_send(void *, char *, UINT, char *, char *, UINT);
UINT _nx_smtp_client_delete(void *);

/* The originals' sizes are larger than a word; the bytes behind it must stay. */
static union {
    ULONG id;
    unsigned char bytes[64];
} client, ip, pool;

static int untouched(const unsigned char *bytes)
{
    int i;
    for (i = 4; i < 64; i++) {
        if (bytes[i] != 0xA5) {
            return 0;
        }
    }
    return 1;
}

int main(int argc, char **argv)
{
    UINT port = argc > 2 ? (UINT)atoi(argv[2]) : 25;
    struct NXD_ADDRESS_STRUCT server = {4, {0x7F000001u, 0, 0, 0}};

    memset(&client, 0xA5, sizeof client);
    memset(&ip, 0xA5, sizeof ip);
    memset(&pool, 0xA5, sizeof pool);
    ip.id = 0x49502020u;
    pool.id = 0x504B5420u;
    CHECK_INT("create",
              _nxe_smtp_client_create(&client, &ip, &pool, "user", "pw", "me@example.com", "client.example", 3,
                                      0x7F000001u, port),
              0);
    CHECK_INT("the number is there", client.id, 0x534D5450u);
    CHECK_INT("send", _nxe_smtp_mail_send(&client, "you@example.com", 2, "subject", "body", 4), 0);
    CHECK_INT("delete", _nxe_smtp_client_delete(&client), 0);
    CHECK_INT("the number is gone", client.id, 0);

    CHECK_INT("create for either version",
              _nxd_smtp_client_create(&client, &ip, &pool, "user", "pw", "me@example.com", "client.example", 3, &server,
                                      port),
              0);
    CHECK_INT("send without checks", _nx_smtp_mail_send(&client, "you@example.com", 2, "subject", "body", 4), 0xA7);
    CHECK_INT("delete without checks", _nx_smtp_client_delete(&client), 0);
    CHECK("the rest of the structs is untouched",
          untouched(client.bytes) && untouched(ip.bytes) && untouched(pool.bytes));
    return checks_done();
}
