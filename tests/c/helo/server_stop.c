/* The end of a server: from inside its functions, from several threads, while a function does not return, and a new
 * beginning.
 */
#include "server.h"

static helo_server s;
static helo_status stopped, freed, waited, served, counted;
static int hold, holding, wanted = -1;

/* Ends the server in the question that is wanted, or stays in it. */
static int decide(void *user, helo_ask what, const helo_facts *facts, char *text, size_t size)
{
    helo_server_counts counts;

    (void)user;
    (void)text;
    (void)size;
    if ((int)what != wanted)
        return 0;
    counts.size = sizeof counts;
    counted = helo_server_get_counts(facts->server, &counts);
    waited = helo_server_wait(facts->server, HELO_FOREVER);
    freed = helo_server_free(facts->server);
    /* Of no use, but no deadlock either: another server from inside. */
    {
        helo_server other = helo_server_new();

        helo_server_set(other, "port", "0");
        helo_server_set(other, "discard", "yes");
        served = helo_server_start(other);
        if (helo_server_stop(other, 1000) != HELO_OK || helo_server_free(other) != HELO_OK)
            served = HELO_FAILED;
    }
    if (!hold)
        stopped = helo_server_stop(facts->server, 20000);
    pthread_mutex_lock(&kept.lock);
    while (hold) {
        holding = 1;
        pthread_cond_broadcast(&kept.changed);
        pthread_cond_wait(&kept.changed, &kept.lock);
    }
    pthread_mutex_unlock(&kept.lock);
    return 0;
}

static void on_log(void *user, helo_event event, uint64_t session, const char *line)
{
    (void)user;
    (void)session;
    (void)line;
    if (wanted == 100 && event == HELO_EVENT_TAKEN)
        stopped = helo_server_stop(s, 20000);
}

static void *wait_for_end(void *status)
{
    *(helo_status *)status = helo_server_wait(s, HELO_FOREVER);
    return NULL;
}

int main(void)
{
    pthread_t threads[3];
    helo_status ends[3];
    int client, what, i;

    s = helo_server_new();
    helo_server_set(s, "port", "0");
    keep(s);
    helo_server_on_log(s, on_log, NULL);
    for (what = HELO_ASK_CONNECTION; what <= HELO_ASK_MESSAGE; what++)
        helo_server_on_ask(s, what, decide, NULL);
    CHECK_INT("what does not run has ended", helo_server_wait(s, HELO_FOREVER), HELO_OK);
    CHECK_INT("and can be stopped", helo_server_stop(s, 0), HELO_OK);

    /* Stopped from inside each of the questions, and from the log; and started again each time. */
    for (wanted = HELO_ASK_CONNECTION; wanted <= 100; wanted += wanted == HELO_ASK_MESSAGE ? 100 - wanted : 1) {
        stopped = freed = waited = served = counted = HELO_INTERNAL;
        CHECK_INT("it starts", helo_server_start(s), HELO_OK);
        for (i = 0; i < 3; i++)
            pthread_create(&threads[i], NULL, wait_for_end, &ends[i]);
        client = connected(s, 0);
        if (ask(client, NULL) == 220 && ask(client, "EHLO x\r\n") == 250) {
            int code = mail_over(client, "x");

            if (wanted == HELO_ASK_MESSAGE || wanted == 100)
                CHECK_INT("the mail under way is taken", code, 250);
        }
        close(client);
        for (i = 0; i < 3; i++) {
            pthread_join(threads[i], NULL);
            CHECK_INT("who waited has seen the end", ends[i], HELO_OK);
        }
        CHECK_INT("a stop from inside", stopped, HELO_OK);
        if (wanted <= HELO_ASK_MESSAGE) {
            CHECK_INT("no waiting from inside", waited, HELO_IN_PROGRESS);
            CHECK_INT("no freeing from inside", freed, HELO_IN_PROGRESS);
            CHECK_INT("counts from inside", counted, HELO_OK);
            CHECK_INT("another server from inside", served, HELO_OK);
        }
        CHECK("nobody listens", helo_server_port(s, 0) == 0 && connected(s, 0) < 0);
    }

    /* A function that does not return: the end says so, and nothing is freed under it. */
    wanted = HELO_ASK_SENDER;
    hold = 1;
    CHECK_INT("it starts", helo_server_start(s), HELO_OK);
    client = connected(s, 0);
    ask(client, NULL);
    ask(client, "EHLO x\r\n");
    send(client, "MAIL FROM:<a@example.org>\r\n", 27, MSG_NOSIGNAL);
    pthread_mutex_lock(&kept.lock);
    while (!holding)
        pthread_cond_wait(&kept.changed, &kept.lock);
    pthread_mutex_unlock(&kept.lock);
    CHECK_INT("the time passes", helo_server_stop(s, 0), HELO_IN_PROGRESS);
    CHECK("and it is said", strstr(helo_last_error(), "has not returned") != NULL);
    CHECK_INT("the client is gone", ask(client, NULL), 0);
    close(client);
    CHECK_INT("it has not ended", helo_server_wait(s, 10), HELO_IN_PROGRESS);
    CHECK_INT("no new beginning", helo_server_start(s), HELO_IN_PROGRESS);
    pthread_mutex_lock(&kept.lock);
    hold = 0;
    pthread_cond_broadcast(&kept.changed);
    pthread_mutex_unlock(&kept.lock);
    CHECK_INT("now it has", helo_server_wait(s, HELO_FOREVER), HELO_OK);

    /* Freed while it runs. */
    wanted = -1;
    CHECK_INT("it starts", helo_server_start(s), HELO_OK);
    client = connected(s, 0);
    CHECK_INT("and greets", ask(client, NULL), 220);
    CHECK_INT("freed", helo_server_free(s), HELO_OK);
    CHECK_INT("the client is sent away", ask(client, NULL), 421);
    CHECK_INT("and gone", ask(client, NULL), 0);
    close(client);
    CHECK_INT("stale", helo_server_start(s), HELO_BAD_HANDLE);
    CHECK_INT("every mail was closed", kept.closed, kept.begun);
    return checks_done();
}
