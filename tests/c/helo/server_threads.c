/* Many threads at once: mails to one server, and calls on servers that others start, stop and free under them.
 */
#include "server.h"

enum { SENDERS = 8, MAILS = 10, WILD = 4, ROUNDS = 60 };

static helo_server s;
static helo_server shared[3];
static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;

static void *mails(void *argument)
{
    char address[100];
    helo_delivery d;
    uint32_t mail;
    int i;

    helo_server_address(s, 0, address, sizeof address);
    d = helo_new(address);
    for (i = 0; i < MAILS; i++) {
        helo_add_mail(d, "a@example.org", &mail);
        helo_add_recipient(d, mail, "b@example.com", NULL);
        helo_set_body(d, mail, "x\r\n", 3);
    }
    *(helo_status *)argument = helo_run(d);
    helo_free(d);
    return NULL;
}

static helo_server pick(unsigned *seed)
{
    helo_server found;

    pthread_mutex_lock(&table);
    found = shared[rand_r(seed) % 3];
    pthread_mutex_unlock(&table);
    return found;
}

static int decide(void *user, helo_ask what, const helo_facts *facts, char *text, size_t size)
{
    (void)user;
    (void)what;
    (void)text;
    (void)size;
    return helo_server_port(facts->server, 0) >= 0 ? 0 : 451;
}

/* Whatever comes to mind, on servers that come and go. Every status is one of the known ones. */
static void *wild(void *argument)
{
    unsigned seed = *(unsigned *)argument;
    char text[100];
    helo_server_counts counts;
    int i, client;

    for (i = 0; i < ROUNDS; i++) {
        helo_server one = pick(&seed);
        unsigned what = (unsigned)rand_r(&seed) % 9;

        counts.size = sizeof counts;
        switch (what) {
        case 0:
            helo_server_start(one);
            break;
        case 1:
            helo_server_stop(one, 0);
            break;
        case 2:
            helo_server_wait(one, 1);
            break;
        case 3:
            helo_server_get_counts(one, &counts);
            break;
        case 4:
            helo_server_address(one, 0, text, sizeof text);
            break;
        case 5:
            client = connected(one, 0);
            if (client >= 0) {
                ask(client, NULL);
                close(client);
            }
            break;
        case 6:
            helo_server_set(one, "max-mails", "7");
            break;
        case 7:
            helo_server_on_ask(one, HELO_ASK_CONNECTION, decide, NULL);
            break;
        default:
            if (helo_server_free(one) == HELO_OK) {
                helo_server fresh = helo_server_new();
                int place;

                helo_server_set(fresh, "port", "0");
                helo_server_set(fresh, "discard", "yes");
                helo_server_set(fresh, "threads", "1");
                pthread_mutex_lock(&table);
                for (place = 0; place < 3; place++)
                    if (shared[place] == one)
                        shared[place] = fresh;
                pthread_mutex_unlock(&table);
            }
        }
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[SENDERS];
    helo_status results[SENDERS];
    unsigned seeds[WILD];
    int i;

    s = helo_server_new();
    helo_server_set(s, "port", "0");
    keep(s);
    CHECK_INT("it starts", helo_server_start(s), HELO_OK);
    for (i = 0; i < SENDERS; i++)
        pthread_create(&threads[i], NULL, mails, &results[i]);
    for (i = 0; i < SENDERS; i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT("a thread's mails are taken", results[i], HELO_OK);
    }
    CHECK_INT("all of them", kept.ended, SENDERS * MAILS);
    CHECK_INT("freed", helo_server_free(s), HELO_OK);
    CHECK_INT("and closed", kept.closed, SENDERS * MAILS);

    for (i = 0; i < 3; i++) {
        shared[i] = helo_server_new();
        helo_server_set(shared[i], "port", "0");
        helo_server_set(shared[i], "discard", "yes");
        helo_server_set(shared[i], "threads", "1");
    }
    for (i = 0; i < WILD; i++) {
        seeds[i] = 1000u + (unsigned)i;
        pthread_create(&threads[i], NULL, wild, &seeds[i]);
    }
    for (i = 0; i < WILD; i++)
        pthread_join(threads[i], NULL);
    for (i = 0; i < 3; i++)
        CHECK_INT("it can be freed after all that", helo_server_free(shared[i]), HELO_OK);
    return checks_done();
}
