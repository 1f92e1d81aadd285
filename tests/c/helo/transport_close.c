/* A transport that the program hands over is closed by its function, once, in any case: also where the call that hands it
 * over fails. */
#include "check.h"
#include <helo.h>

struct wire {
    int closed, aborted, busy;
    helo_delivery delivery;
};

static ptrdiff_t take(void *user, void *buffer, size_t size)
{
    (void)user;
    (void)buffer;
    (void)size;
    return 0;
}

static ptrdiff_t give(void *user, const void *bytes, size_t size)
{
    (void)user;
    (void)bytes;
    return (ptrdiff_t)size;
}

/* Calls back: a lock that is held would be a deadlock. */
static void end(void *user, int abort)
{
    struct wire *wire = user;

    wire->closed++;
    wire->aborted += abort;
    wire->busy += helo_set_level(wire->delivery, HELO_LEVEL_NONE) == HELO_IN_PROGRESS;
}

static helo_transport transport_of(struct wire *wire, helo_delivery delivery)
{
    helo_transport transport;

    memset(wire, 0, sizeof *wire);
    wire->delivery = delivery;
    memset(&transport, 0, sizeof transport);
    transport.size = sizeof transport;
    transport.user = wire;
    transport.read = take;
    transport.write = give;
    transport.close = end;
    transport.descriptor = -1;
    transport.retry_ms = 1;
    return transport;
}

/* Hands one over from inside a run. */
struct inside {
    struct wire wire;
    int status;
};

static void told(void *user, const helo_result *result)
{
    struct inside *inside = user;
    helo_transport transport = transport_of(&inside->wire, inside->wire.delivery);

    (void)result;
    inside->status = helo_add_transport(inside->wire.delivery, &transport);
}

int main(void)
{
    helo_delivery delivery = helo_new(NULL);
    struct wire wire, many[300];
    helo_transport transport;
    struct inside inside;
    uint32_t mail;
    int i, closed = 0, refused = 0;

    transport = transport_of(&wire, delivery);
    CHECK_INT("no delivery", helo_add_transport(0, &transport), HELO_BAD_HANDLE);
    CHECK("closed at once", wire.closed == 1 && wire.aborted == 1);

    transport = transport_of(&wire, delivery);
    transport.read = NULL;
    CHECK_INT("no way to read", helo_add_transport(delivery, &transport), HELO_BAD_ARGUMENT);
    CHECK_INT("closed, too", wire.closed, 1);

    transport = transport_of(&wire, delivery);
    transport.descriptor = -7;
    CHECK_INT("no descriptor", helo_add_transport(delivery, &transport), HELO_BAD_ARGUMENT);
    CHECK_INT("closed as well", wire.closed, 1);

    transport = transport_of(&wire, delivery);
    transport.size--;
    CHECK_INT("a struct of another size", helo_add_transport(delivery, &transport), HELO_BAD_ARGUMENT);
    CHECK_INT("is not looked into", wire.closed, 0);

    transport = transport_of(&wire, delivery);
    CHECK_INT("a server without a protocol", helo_server_serve_transport(0, &transport, 77, NULL), HELO_BAD_ARGUMENT);
    CHECK_INT("has closed it", wire.closed, 1);
    transport = transport_of(&wire, delivery);
    transport.write = NULL;
    CHECK_INT("nor a way to write", helo_server_serve_transport(0, &transport, HELO_SERVE_SMTP, NULL), HELO_BAD_ARGUMENT);
    CHECK_INT("here, too", wire.closed, 1);

    /* The connection ends before the greeting, and the result is told from inside the run. */
    transport = transport_of(&wire, delivery);
    memset(&inside, 0, sizeof inside);
    inside.wire.delivery = delivery;
    CHECK_INT("one that can be used", helo_add_transport(delivery, &transport), HELO_OK);
    CHECK_INT("a mail", helo_add_mail(delivery, "a@example.com", &mail), HELO_OK);
    CHECK_INT("for somebody", helo_add_recipient(delivery, mail, "b@example.com", NULL), HELO_OK);
    CHECK_INT("with a body", helo_set_body(delivery, mail, "x\r\n", 3), HELO_OK);
    CHECK_INT("told", helo_on_result(delivery, told, &inside), HELO_OK);
    CHECK_INT("it fails", helo_run(delivery), HELO_FAILED);
    CHECK_INT("used and closed", wire.closed, 1);
    CHECK_INT("none is taken while it runs", inside.status, HELO_IN_PROGRESS);
    CHECK_INT("and that one is closed", inside.wire.closed, 1);

    /* All that were never used. */
    for (i = 0; i < 300; i++) {
        transport = transport_of(&many[i], delivery);
        refused += helo_add_transport(delivery, &transport) != HELO_OK;
    }
    CHECK_INT("freed", helo_free(delivery), HELO_OK);
    for (i = 0; i < 300; i++) closed += many[i].closed;
    CHECK("each was closed once", closed == 300 && refused < 300);
    return checks_done();
}
