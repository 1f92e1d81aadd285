/* A server in the program that mails to itself: what its functions are told, what they answer, and what the client hears.
 */
#include "server.h"

static const char message[] = "Subject: hello\r\n\r\n.a line with a dot\r\nend\r\n";

/* What the decisions saw. */
static struct {
    int asked[7];
    char about[200], parameters[100];
    uint64_t octets, session;
    uint32_t count;
    int answer[7];
    const char *words[7];
} seen;

static int decide(void *user, helo_ask what, const helo_facts *facts, char *text, size_t size)
{
    pthread_mutex_lock(&kept.lock);
    CHECK("the pointer comes back", user == &seen);
    CHECK("facts are whole", facts->size == sizeof *facts && facts->peer != NULL && facts->about != NULL);
    seen.asked[what]++;
    seen.session = facts->session;
    if (what == HELO_ASK_RECIPIENT) {
        snprintf(seen.about, sizeof seen.about, "%s", facts->about);
        snprintf(seen.parameters, sizeof seen.parameters, "%s", facts->about_parameters);
        CHECK("recipients are not complete yet", facts->recipients == NULL);
    }
    if (what == HELO_ASK_MESSAGE) {
        seen.octets = facts->octets;
        seen.count = facts->count;
    }
    pthread_mutex_unlock(&kept.lock);
    return say(seen.answer[what], seen.words[what], text, size);
}

static struct {
    int lines;
    int events[12];
    char last_refusal[400];
} logged;
static pthread_cond_t logged_more = PTHREAD_COND_INITIALIZER;

static void on_log(void *user, helo_event event, uint64_t session, const char *line)
{
    pthread_mutex_lock(&kept.lock);
    CHECK("a line of the log", user == &logged && line[0] != '\0' && strchr(line, '\n') == NULL);
    CHECK("its session", session != 0 || event == HELO_EVENT_NOTICE);
    logged.lines++;
    logged.events[event]++;
    if (event == HELO_EVENT_REFUSED)
        snprintf(logged.last_refusal, sizeof logged.last_refusal, "%s", line);
    pthread_cond_broadcast(&logged_more);
    pthread_mutex_unlock(&kept.lock);
}

/* Whether the log's last refusal comes to be this one: lines come from a thread of the log's, a moment later. */
static int told(const char *words)
{
    struct timespec until;
    int waited = 0, found;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    pthread_mutex_lock(&kept.lock);
    while ((found = strstr(logged.last_refusal, words) != NULL) == 0 && waited == 0)
        waited = pthread_cond_timedwait(&logged_more, &kept.lock, &until);
    pthread_mutex_unlock(&kept.lock);
    return found;
}

/* Sends the message by helo.h's client. */
static helo_status send_to(const char *server, const char *const *recipients, int count, helo_result *results)
{
    helo_delivery d = helo_new(server);
    helo_status status;
    uint32_t mail = 0;
    int i;

    CHECK("a delivery", d != 0);
    helo_set_hello_name(d, "client.example");
    helo_add_mail(d, "alice@example.org", &mail);
    helo_set_mail_parameter(d, mail, "RET=HDRS");
    for (i = 0; i < count; i++)
        helo_add_recipient(d, mail, recipients[i], NULL);
    helo_set_recipient_parameter(d, mail, 0, "NOTIFY=NEVER");
    helo_set_body(d, mail, message, strlen(message));
    status = helo_run(d);
    for (i = 0; i < count; i++) {
        results[i].size = sizeof results[i];
        CHECK_INT("a result", helo_get_result(d, mail, (uint32_t)i, &results[i]), HELO_OK);
    }
    helo_free(d);
    return status;
}

/* A reply that a function's words make, as the wire has it. */
static void words(helo_server s, int code, const char *text, const char *expected)
{
    int client = connected(s, 0);

    seen.answer[HELO_ASK_SENDER] = code;
    seen.words[HELO_ASK_SENDER] = text;
    ask(client, NULL);
    ask(client, "EHLO x\r\n");
    ask(client, "MAIL FROM:<a@example.org>\r\n");
    CHECK_TEXT("the words of a reply", reply, expected);
    close(client);
    seen.answer[HELO_ASK_SENDER] = 0;
    seen.words[HELO_ASK_SENDER] = NULL;
}

int main(void)
{
    static const char *const one[] = {"bob@example.com"};
    static const char *const two[] = {"bob@example.com", "carol@example.com"};
    helo_server s = helo_server_new();
    helo_server_counts counts;
    helo_result results[2];
    char smtp[100], lmtp[100], small[5];
    int client, what;

    CHECK("a server", s != 0);
    CHECK_INT("a key", helo_server_set(s, "port", "0"), HELO_OK);
    CHECK_INT("keys from a text", helo_server_config_text(s, "listen-lmtp = 127.0.0.1:0\nname = mx.example\nmax-size = 4000\ndsn = yes\n"),
              HELO_OK);
    CHECK_INT("no place for mail", helo_server_start(s), HELO_BAD_ARGUMENT);
    CHECK("it is said", strstr(helo_last_error(), "say where mail goes") != NULL);
    CHECK_INT("a spool", keep(s), HELO_OK);
    for (what = HELO_ASK_CONNECTION; what <= HELO_ASK_EXPAND; what++)
        CHECK_INT("a decision", helo_server_on_ask(s, what, decide, &seen), HELO_OK);
    CHECK_INT("a log", helo_server_on_log(s, on_log, &logged), HELO_OK);
    CHECK_INT("it starts", helo_server_start(s), HELO_OK);
    CHECK_INT("and not again", helo_server_start(s), HELO_IN_PROGRESS);
    CHECK_INT("nothing is changed meanwhile", helo_server_set(s, "port", "1"), HELO_IN_PROGRESS);
    CHECK_INT("nor the functions", helo_server_set_spool(s, NULL), HELO_IN_PROGRESS);
    CHECK("an address", helo_server_address(s, 0, smtp, sizeof smtp) < sizeof smtp);
    CHECK("another", helo_server_address(s, 1, lmtp, sizeof lmtp) < sizeof lmtp);
    CHECK_INT("and no more", helo_server_address(s, 2, small, sizeof small), 0);
    CHECK("of SMTP", strncmp(smtp, "smtp://127.0.0.1:", 17) == 0 && atoi(smtp + 17) == helo_server_port(s, 0));
    CHECK("of LMTP", strncmp(lmtp, "lmtp://127.0.0.1:", 17) == 0);
    CHECK_INT("its length, where there is no room", helo_server_address(s, 0, small, sizeof small), strlen(smtp));
    CHECK_TEXT("and what there is", small, "smtp");

    /* A mail, and what the functions were told. */
    CHECK_INT("mailed", send_to(smtp, one, 1, results), HELO_OK);
    CHECK_TEXT("the sender", kept.sender, "alice@example.org");
    CHECK_TEXT("the recipient", kept.recipients, "bob@example.com(NOTIFY=NEVER)");
    CHECK("the parameters", strstr(kept.parameters, "RET=HDRS") != NULL && strstr(kept.parameters, "SIZE=") != NULL);
    CHECK("the peer", strncmp(kept.peer, "127.0.0.1:", 10) == 0);
    CHECK_TEXT("the hello", kept.hello, "client.example");
    CHECK("the message", kept.length == strlen(message) && memcmp(kept.body, message, kept.length) == 0);
    CHECK_TEXT("what was asked about", seen.about, "bob@example.com");
    CHECK_TEXT("with its parameters", seen.parameters, "NOTIFY=NEVER");
    CHECK_INT("the octets", seen.octets, strlen(message));
    CHECK("each question was asked", seen.asked[HELO_ASK_CONNECTION] == 1 && seen.asked[HELO_ASK_HELLO] == 1 &&
                                         seen.asked[HELO_ASK_SENDER] == 1 && seen.asked[HELO_ASK_RECIPIENT] == 1 &&
                                         seen.asked[HELO_ASK_MESSAGE] == 1);
    wait_closed(1);
    CHECK_INT("closed in order", kept.aborted, 0);

    /* A recipient refused, the other not. */
    seen.answer[HELO_ASK_RECIPIENT] = 550;
    seen.words[HELO_ASK_RECIPIENT] = "5.1.1 nobody of this name";
    CHECK_INT("refused", send_to(smtp, one, 1, results), HELO_FAILED);
    CHECK("with our code", results[0].code == 550 && results[0].phase == HELO_PHASE_RCPT);
    CHECK("and enhanced code", results[0].enhanced_class == 5 && results[0].enhanced_subject == 1 &&
                                   results[0].enhanced_detail == 1);
    CHECK("the log has it", told("recipient bob@example.com: 550 5.1.1 nobody of this name"));
    seen.answer[HELO_ASK_RECIPIENT] = 0;
    seen.words[HELO_ASK_RECIPIENT] = NULL;

    /* The spool says no at each of its steps. */
    kept.begin_code = 452;
    CHECK_INT("no room at the beginning", send_to(smtp, one, 1, results), HELO_FAILED);
    CHECK("452 4.3.1", results[0].code == 452 && results[0].enhanced_subject == 3 && results[0].enhanced_detail == 1);
    kept.begin_code = 0;
    kept.data_code = 554;
    kept.words = "5.6.0 not this text";
    CHECK_INT("no within the message", send_to(smtp, one, 1, results), HELO_FAILED);
    CHECK("554 5.6.0", results[0].code == 554 && results[0].enhanced_subject == 6);
    wait_closed(2);
    CHECK_INT("given up", kept.aborted, 1);
    kept.data_code = 0;
    kept.end_code = 451;
    kept.words = NULL;
    CHECK_INT("no at the end", send_to(smtp, one, 1, results), HELO_FAILED);
    CHECK_INT("451", results[0].code, 451);
    wait_closed(3);
    CHECK_INT("given up, too", kept.aborted, 2);
    kept.end_code = 0;
    seen.answer[HELO_ASK_MESSAGE] = 550;
    CHECK_INT("no to the message", send_to(smtp, one, 1, results), HELO_FAILED);
    wait_closed(4);
    CHECK_INT("its spool gave it up", kept.aborted, 3);
    seen.answer[HELO_ASK_MESSAGE] = 0;

    /* LMTP: an answer for each. SMTP: the worst for all. */
    kept.without = 1;
    kept.words = "2.0.0 saved as 4711";
    CHECK_INT("one has it, one has not", send_to(lmtp, two, 2, results), HELO_FAILED);
    CHECK("the first", results[0].delivered == 1);
    CHECK("the second", results[1].delivered == 0 && results[1].code == 552 && results[1].enhanced_subject == 2);
    CHECK_INT("over SMTP nobody", send_to(smtp, two, 2, results), HELO_FAILED);
    CHECK("has a yes", results[0].code == 552 && results[1].code == 552);
    kept.without = -1;
    client = connected(s, 0);
    ask(client, NULL);
    ask(client, "EHLO x\r\n");
    CHECK_INT("the words of a yes", mail_over(client, "x"), 250);
    CHECK_TEXT("are sent", reply, "250 2.0.0 saved as 4711\r\n");

    /* VRFY and EXPN. */
    CHECK_INT("nothing to say", ask(client, "VRFY bob\r\n"), 252);
    seen.words[HELO_ASK_VERIFY] = "Perhaps";
    CHECK_INT("a yes with words only", ask(client, "VRFY bob\r\n"), 252);
    CHECK("and they are said", strstr(reply, "Perhaps") != NULL);
    seen.answer[HELO_ASK_VERIFY] = 250;
    seen.words[HELO_ASK_VERIFY] = "Bob <bob@example.com>";
    CHECK_INT("it exists", ask(client, "VRFY bob\r\n"), 250);
    CHECK("and is said", strstr(reply, "Bob <bob@example.com>") != NULL);
    seen.answer[HELO_ASK_EXPAND] = 250;
    seen.words[HELO_ASK_EXPAND] = "a@example.com\nb@example.com";
    CHECK_INT("a list", ask(client, "EXPN all\r\n"), 250);
    CHECK("in lines", strstr(reply, "250-") == reply && strstr(reply, "b@example.com") != NULL);
    close(client);

    /* Words cannot become another reply, and a code that is none is 451. */
    words(s, 550, NULL, "550 5.7.1 Not taken here\r\n");
    words(s, 550, "a\r\n250 yes\r\n", "550-5.7.1 a\r\n550 5.7.1 250 yes\r\n");
    words(s, 450, "\xff\x01", "450 4.7.1 ??\r\n");
    words(s, 99, "x", "451 4.3.0 Trouble on this server; try again later\r\n");
    CHECK("the log says what came", told("sender function answered 99"));
    words(s, -1, "x", "451 4.3.0 Trouble on this server; try again later\r\n");
    words(s, 354, "x", "451 4.3.0 Trouble on this server; try again later\r\n");

    /* 421 closes. */
    seen.answer[HELO_ASK_CONNECTION] = 421;
    seen.words[HELO_ASK_CONNECTION] = "4.7.0 not from there";
    client = connected(s, 0);
    CHECK_INT("421", ask(client, NULL), 421);
    CHECK_TEXT("with our words", reply, "421 4.7.0 not from there\r\n");
    CHECK_INT("and the end", ask(client, NULL), 0);
    close(client);

    counts.size = sizeof counts;
    CHECK_INT("counts", helo_server_get_counts(s, &counts), HELO_OK);
    CHECK("mails", counts.mails == 3 && counts.octets >= 2 * strlen(message));
    CHECK("refusals", counts.refused >= 10);
    CHECK("sessions", counts.sessions >= 15);
    CHECK_INT("stopped", helo_server_stop(s, 10000), HELO_OK);
    CHECK_INT("all of them were told", logged.events[HELO_EVENT_CONNECTED], (int)counts.sessions);
    CHECK_INT("nobody is there", helo_server_get_counts(s, &counts), HELO_OK);
    CHECK_INT("any more", counts.open, 0);
    CHECK_INT("nor does it listen", helo_server_port(s, 0), 0);
    CHECK_INT("every mail was closed", kept.closed, kept.begun - 1);
    CHECK_INT("freed", helo_server_free(s), HELO_OK);
    CHECK_INT("gone", helo_server_free(s), HELO_BAD_HANDLE);
    return checks_done();
}
