/* The native face's functions with garbage. */
#include "garbage.h"
#include <helo.h>
#include <limits.h>

static char endless[20000];

/* Every function with handles that are none: the same code each time. */
static void without_a_delivery(helo_delivery d)
{
    helo_result result;
    helo_progress progress;
    helo_transport transport;

    memset(&result, 0, sizeof result);
    memset(&progress, 0, sizeof progress);
    memset(&transport, 0, sizeof transport);
    result.size = sizeof result;
    progress.size = sizeof progress;
    transport.size = sizeof transport;
    REFUSED(HELO_BAD_HANDLE, helo_free, d);
    REFUSED(HELO_BAD_HANDLE, helo_clear, d);
    REFUSED(HELO_BAD_HANDLE, helo_run, d);
    REFUSED(HELO_BAD_HANDLE, helo_cancel, d);
    REFUSED(HELO_BAD_HANDLE, helo_wake, d);
    REFUSED(HELO_BAD_HANDLE, helo_set_level, d, HELO_LEVEL_FULL);
    REFUSED(HELO_BAD_HANDLE, helo_set_connections, d, 1);
    REFUSED(HELO_BAD_HANDLE, helo_set_window, d, 1, 1);
    REFUSED(HELO_BAD_HANDLE, helo_set_timeout, d, HELO_PHASE_CONNECT, 1);
    REFUSED(HELO_BAD_HANDLE, helo_set_hello_name, d, "me.example");
    REFUSED(HELO_BAD_HANDLE, helo_set_login, d, "user", "password");
    REFUSED(HELO_BAD_HANDLE, helo_add_transport, d, &transport);
    REFUSED(HELO_BAD_HANDLE, helo_on_result, d, NULL, NULL);
    REFUSED(HELO_BAD_HANDLE, helo_on_progress, d, NULL, NULL);
    REFUSED(HELO_BAD_HANDLE, helo_on_trace, d, NULL, NULL);
    REFUSED(HELO_BAD_HANDLE, helo_add_mail, d, "a@example.com", NULL);
    REFUSED(HELO_BAD_HANDLE, helo_add_recipient, d, 0, "a@example.com", NULL);
    REFUSED(HELO_BAD_HANDLE, helo_set_mail_parameter, d, 0, "RET=FULL");
    REFUSED(HELO_BAD_HANDLE, helo_set_recipient_parameter, d, 0, 0, "NOTIFY=NEVER");
    REFUSED(HELO_BAD_HANDLE, helo_set_body, d, 0, "x", 1);
    REFUSED(HELO_BAD_HANDLE, helo_set_body_file, d, 0, "/dev/null");
    REFUSED(HELO_BAD_HANDLE, helo_get_result, d, 0, 0, &result);
    REFUSED(HELO_BAD_HANDLE, helo_get_progress, d, &progress);
}

/* Functions that take handles of any API. */
static void any_handle(const void *handle)
{
    static const int faces[] = {HELO_FACE_ALL, HELO_FACE_HELO, HELO_FACE_DISTINCT, HELO_FACE_NETX_CLIENT};
    size_t i;

    for (i = 0; i < sizeof faces / sizeof *faces; i++) {
        REFUSED(HELO_BAD_HANDLE, helo_set_key, faces[i], handle, "port", "25");
        REFUSED(HELO_BAD_HANDLE, helo_watch, faces[i], handle, NULL, NULL);
    }
}

static int never(void *user)
{
    (void)user;
    return 1;
}

static void policy(helo_delivery d)
{
    static const char *const bad_policies[] = {
        "x", "[host]", "port = 0", "prot = 25", "[general", "port = 25\nport = 25", "\x01", "\xff", "tls = maybe", endless,
    };
    static const int odd[] = {-1, 4, 100, INT_MIN, INT_MAX};
    helo_failure failure;
    size_t i;

    for (i = 0; i < sizeof bad_policies / sizeof *bad_policies; i++) {
        CHECK("it is no policy", helo_policy_text(bad_policies[i]) != HELO_OK);
        CHECK("it is said why", helo_last_error()[0] != '\0');
    }
    REFUSED(HELO_OK, helo_policy_text, "");
    REFUSED(HELO_OK, helo_policy_text, NULL);
    REFUSED(HELO_OK, helo_policy_file, NULL);
    REFUSED(HELO_BAD_ARGUMENT, helo_policy_file, "");
    REFUSED(HELO_BAD_POLICY, helo_policy_file, "/");
    REFUSED(HELO_BAD_POLICY, helo_policy_file, "/nowhere/helo.conf");
    CALL(helo_policy_file, endless);
    for (i = 0; i < sizeof odd / sizeof *odd; i++) {
        REFUSED(HELO_BAD_ARGUMENT, helo_set_key, odd[i], NULL, "port", "25");
        REFUSED(HELO_BAD_ARGUMENT, helo_watch, odd[i], NULL, NULL, NULL);
    }
    REFUSED(HELO_BAD_ARGUMENT, helo_set_key, HELO_FACE_ALL, NULL, NULL, "25");
    REFUSED(HELO_BAD_ARGUMENT, helo_set_key, HELO_FACE_ALL, NULL, "", "25");
    REFUSED(HELO_BAD_ARGUMENT, helo_set_key, HELO_FACE_ALL, NULL, endless, NULL);
    REFUSED(HELO_BAD_ARGUMENT, helo_set_key, HELO_FACE_ALL, NULL, "port", endless);
    REFUSED(HELO_BAD_ARGUMENT, helo_set_key, HELO_FACE_HELO, HELO_HANDLE(d), "port", "a\nserver = b");
    REFUSED(HELO_BAD_ARGUMENT, helo_set_key, HELO_FACE_HELO, HELO_HANDLE(d), "port\n", "\xff");
    REFUSED(HELO_OK, helo_set_key, HELO_FACE_HELO, HELO_HANDLE(d), "port", NULL);
    REFUSED(HELO_OK, helo_watch, HELO_FACE_HELO, HELO_HANDLE(d), NULL, d == 0 ? NULL : endless);
    REFUSED(HELO_BAD_ARGUMENT, helo_on_wait, never, endless, 0);
    REFUSED(HELO_BAD_ARGUMENT, helo_on_wait, never, NULL, 0xffffffffu);
    REFUSED(HELO_OK, helo_on_wait, NULL, endless, 0xffffffffu);
    REFUSED(HELO_NO_RESULT, helo_last_failure, NULL);
    memset(&failure, 0xff, sizeof failure);
    REFUSED(HELO_NO_RESULT, helo_last_failure, &failure);
}

static ptrdiff_t nothing(void *user, void *buffer, size_t size)
{
    (void)user;
    (void)buffer;
    (void)size;
    return 0;
}

static void texts(helo_delivery d, uint32_t mail)
{
    static const char *const bad_addresses[] = {
        "a b@example.com", "a@b>\r\nRCPT TO:<x@y", "\x01@example.com", "a@b\nc", "\xff\xfe@example.com", "@", NULL, endless,
    };
    static const char *const bad_parameters[] = {
        "", "=", "RET=", "RET=A B", "RET=a\r\nRCPT TO:<x@y>", "ENVID=+0A", "ORCPT=bob", "-X", NULL, endless,
    };
    static const char *const bad_servers[] = {
        "", "smtp://", "http://x", "smtp://u:p@", "host:0", "host:99999", "smtp://u@h", "unix:", "[::1", "a\nb",
        "smtp://%00", "smtp://h/path", "lmtp://", "\xff", endless,
    };
    size_t i;

    for (i = 0; i < sizeof bad_addresses / sizeof *bad_addresses; i++) {
        REFUSED(HELO_BAD_ARGUMENT, helo_add_mail, d, bad_addresses[i], NULL);
        REFUSED(HELO_BAD_ARGUMENT, helo_add_recipient, d, mail, bad_addresses[i], NULL);
    }
    REFUSED(HELO_BAD_ARGUMENT, helo_add_recipient, d, mail, "", NULL);
    for (i = 0; i < sizeof bad_parameters / sizeof *bad_parameters; i++) {
        REFUSED(HELO_BAD_ARGUMENT, helo_set_mail_parameter, d, mail, bad_parameters[i]);
        REFUSED(HELO_BAD_ARGUMENT, helo_set_recipient_parameter, d, mail, 0, bad_parameters[i]);
    }
    REFUSED(HELO_BAD_ARGUMENT, helo_set_mail_parameter, d, mail, "BODY=ODD");
    for (i = 0; i < sizeof bad_servers / sizeof *bad_servers; i++) {
        REFUSED(0, helo_new, bad_servers[i]);
        CHECK("it is said why", helo_last_error()[0] != '\0');
    }
    REFUSED(HELO_BAD_ARGUMENT, helo_set_hello_name, d, NULL);
    REFUSED(HELO_BAD_ARGUMENT, helo_set_hello_name, d, "a b");
    REFUSED(HELO_BAD_ARGUMENT, helo_set_hello_name, d, "a\r\nMAIL FROM:<>");
    REFUSED(HELO_BAD_ARGUMENT, helo_set_hello_name, d, endless);
    REFUSED(HELO_BAD_ARGUMENT, helo_set_login, d, NULL, "x");
    REFUSED(HELO_BAD_ARGUMENT, helo_set_login, d, "x", NULL);
    REFUSED(HELO_BAD_ARGUMENT, helo_set_login, d, "", "x");
    REFUSED(HELO_BAD_ARGUMENT, helo_set_login, d, "x", endless);
    REFUSED(HELO_BAD_ARGUMENT, helo_set_body_file, d, mail, NULL);
    REFUSED(HELO_BAD_ARGUMENT, helo_set_body_file, d, mail, "");
    REFUSED(HELO_BAD_ARGUMENT, helo_set_body_file, d, mail, endless);
}

static void numbers(helo_delivery d, uint32_t mail)
{
    static const int odd[] = {-1, 3, 100, INT_MIN, INT_MAX};
    size_t i;

    for (i = 0; i < sizeof odd / sizeof *odd; i++) {
        REFUSED(HELO_BAD_ARGUMENT, helo_set_level, d, odd[i]);
        CALL(helo_cause_name, odd[i]);
        CALL(helo_phase_name, odd[i]);
        CALL(helo_status_name, odd[i]);
    }
    REFUSED(HELO_BAD_ARGUMENT, helo_set_timeout, d, -1, 1);
    REFUSED(HELO_BAD_ARGUMENT, helo_set_timeout, d, INT_MAX, 1);
    REFUSED(HELO_OK, helo_set_timeout, d, HELO_PHASE_NONE, UINT32_MAX);
    REFUSED(HELO_BAD_ARGUMENT, helo_set_connections, d, 0);
    REFUSED(HELO_BAD_ARGUMENT, helo_set_connections, d, UINT32_MAX);
    REFUSED(HELO_BAD_ARGUMENT, helo_set_window, d, 0, 1);
    REFUSED(HELO_BAD_ARGUMENT, helo_set_window, d, 1, 0);
    REFUSED(HELO_OK, helo_set_window, d, UINT32_MAX, UINT64_MAX);
    REFUSED(HELO_BAD_ARGUMENT, helo_set_body, d, mail, NULL, 1);
    REFUSED(HELO_BAD_ARGUMENT, helo_set_body, d, mail, "x", SIZE_MAX);
    REFUSED(HELO_BAD_ARGUMENT, helo_set_body_callback, d, mail, NULL, NULL);
    REFUSED(HELO_BAD_ARGUMENT, helo_set_body, d, UINT32_MAX, "x", 1);
    REFUSED(HELO_BAD_ARGUMENT, helo_set_body_file, d, mail + 1, "x");
    REFUSED(HELO_BAD_ARGUMENT, helo_set_body_callback, d, mail + 1, nothing, NULL);
    REFUSED(HELO_BAD_ARGUMENT, helo_add_recipient, d, UINT32_MAX, "a@example.com", NULL);
    REFUSED(HELO_BAD_ARGUMENT, helo_set_mail_parameter, d, UINT32_MAX, "RET=FULL");
    REFUSED(HELO_BAD_ARGUMENT, helo_set_recipient_parameter, d, mail, UINT32_MAX, "NOTIFY=NEVER");
}

static void structs(helo_delivery d, uint32_t mail)
{
    helo_result result;
    helo_progress progress;
    helo_transport transport;

    memset(&result, 0xff, sizeof result);
    memset(&progress, 0xff, sizeof progress);
    memset(&transport, 0xff, sizeof transport);
    REFUSED(HELO_BAD_ARGUMENT, helo_get_progress, d, NULL);
    REFUSED(HELO_BAD_ARGUMENT, helo_get_progress, d, &progress);
    progress.size = 0;
    REFUSED(HELO_BAD_ARGUMENT, helo_get_progress, d, &progress);
    progress.size = sizeof progress.size;
    REFUSED(HELO_OK, helo_get_progress, d, &progress);
    CHECK("nothing beyond the size is written", progress.mails == UINT64_MAX);
    result.size = sizeof result;
    REFUSED(HELO_NO_RESULT, helo_get_result, d, mail, 0, &result);
    REFUSED(HELO_BAD_ARGUMENT, helo_get_result, d, mail, 1, &result);
    REFUSED(HELO_BAD_ARGUMENT, helo_get_result, d, mail + 1, 0, &result);
    REFUSED(HELO_BAD_ARGUMENT, helo_add_transport, d, NULL);
    REFUSED(HELO_BAD_ARGUMENT, helo_add_transport, d, &transport);
    memset(&transport, 0, sizeof transport);
    transport.size = sizeof transport;
    REFUSED(HELO_BAD_ARGUMENT, helo_add_transport, d, &transport);
}

static int no_answer(void *user, helo_ask ask, const helo_facts *facts, char *text, size_t size)
{
    (void)user;
    (void)facts;
    (void)text;
    (void)size;
    return (int)ask;
}

static void no_mail(void *user, const helo_facts *facts, const char *message, size_t length)
{
    (void)user;
    (void)facts;
    (void)message;
    (void)length;
}

/* Every function of a server with handles that are none. */
static void without_a_server(helo_server s)
{
    helo_server_counts counts;
    char buffer[8];
    uint64_t mails = 7;
    helo_spool spool;
    helo_users users;
    helo_transport transport;

    memset(&spool, 0, sizeof spool);
    memset(&users, 0, sizeof users);
    memset(&transport, 0, sizeof transport);
    counts.size = sizeof counts;
    transport.size = sizeof transport;
    transport.read = nothing;
    REFUSED(HELO_BAD_HANDLE, helo_server_free, s);
    REFUSED(HELO_BAD_HANDLE, helo_server_start, s);
    REFUSED(HELO_BAD_HANDLE, helo_server_stop, s, 0);
    REFUSED(HELO_BAD_HANDLE, helo_server_wait, s, HELO_FOREVER);
    REFUSED(HELO_BAD_HANDLE, helo_server_wake, s);
    REFUSED(HELO_BAD_HANDLE, helo_server_set, s, "port", "0");
    REFUSED(HELO_BAD_HANDLE, helo_server_config_text, s, "");
    REFUSED(HELO_BAD_HANDLE, helo_server_config_file, s, "/dev/null");
    REFUSED(HELO_BAD_HANDLE, helo_server_on_ask, s, HELO_ASK_HELLO, no_answer, NULL);
    REFUSED(HELO_BAD_HANDLE, helo_server_on_log, s, NULL, NULL);
    REFUSED(HELO_BAD_HANDLE, helo_server_set_spool, s, NULL);
    REFUSED(HELO_BAD_HANDLE, helo_server_set_users, s, NULL);
    REFUSED(HELO_BAD_HANDLE, helo_server_get_counts, s, &counts);
    REFUSED(0, helo_server_address, s, 0, buffer, sizeof buffer);
    REFUSED(0, helo_server_port, s, 0);
    REFUSED(0, helo_server_status, s, buffer, sizeof buffer);
    REFUSED(0, helo_server_mail_count, s);
    REFUSED(HELO_BAD_HANDLE, helo_server_wait_mails, s, 1, HELO_FOREVER);
    REFUSED(HELO_BAD_HANDLE, helo_server_get_mail, s, 0, no_mail, NULL);
    REFUSED(HELO_BAD_HANDLE, helo_server_clear_mails, s);
    REFUSED(HELO_BAD_HANDLE, helo_server_reload, s);
    REFUSED(HELO_BAD_ARGUMENT, helo_server_serve, s, -1, HELO_SERVE_SMTP, &mails);
    REFUSED(HELO_BAD_ARGUMENT, helo_server_serve_transport, s, &transport, HELO_SERVE_SMTP, &mails);
    CHECK_INT("nothing was written", mails, 7);
}

static void servers(helo_delivery foreign)
{
    static const char *const keys[][2] = {
        {"", "x"}, {"no-such", "x"}, {"Port", "0"}, {"port", "x"}, {"port", "65536"}, {"port", ""}, {"max-size", "-1"},
        {"tls-required", "maybe"}, {"timeout", "99999999999"}, {"log", "x"}, {"stop-within", "1"}, {NULL, "x"}, {"port", NULL},
        {endless, "x"}, {"name", endless}, {"port\n", "0"}, {"\xff", "x"}, {"name", "\xff"},
    };
    static const char *const texts[] = {"[section]", "port", "port = x", "no-such = 1", "\x01", "\xff", "port = 0\nlog = x", NULL};
    static const char *const unusable[][2] = {
        {"name", "a b"}, {"name", ""}, {"listen", "x"}, {"listen", "1.2.3.4.5:0"}, {"listen", "192.0.2.1:0"}, {"maildir", "/dev/null/x"},
        {"tls-certificate", "/nowhere.pem"}, {"tls-key", "/nowhere.pem"}, {"users", "/nowhere"}, {"without", "SIZE"},
        {"proxies", "x"}, {"relay", "ftp://x"}, {"listen-tls", "127.0.0.1:0"},
    };
    static const int odd[] = {-1, 7, 100, INT_MIN, INT_MAX};
    helo_server s, stale;
    helo_server_counts counts;
    helo_spool spool;
    helo_users users;
    helo_transport transport;
    char buffer[8];
    size_t i;

    for (i = 0; i < GARBAGE_HANDLES; i++)
        without_a_server((helo_server)garbage_handles[i]);
    without_a_server(foreign);
    stale = helo_server_new();
    CHECK_INT("a server is freed", helo_server_free(stale), HELO_OK);
    without_a_server(stale);
    CALL(helo_server_new);

    s = helo_server_new();
    REFUSED(HELO_BAD_HANDLE, helo_free, s);
    REFUSED(HELO_BAD_HANDLE, helo_run, s);
    for (i = 0; i < sizeof keys / sizeof *keys; i++)
        REFUSED(HELO_BAD_ARGUMENT, helo_server_set, s, keys[i][0], keys[i][1]);
    for (i = 0; i < sizeof texts / sizeof *texts; i++)
        REFUSED(HELO_BAD_ARGUMENT, helo_server_config_text, s, texts[i]);
    REFUSED(HELO_BAD_ARGUMENT, helo_server_config_file, s, NULL);
    REFUSED(HELO_BAD_ARGUMENT, helo_server_config_file, s, "");
    REFUSED(HELO_BAD_ARGUMENT, helo_server_config_file, s, "/");
    REFUSED(HELO_BAD_ARGUMENT, helo_server_config_file, s, "/nowhere.conf");
    REFUSED(HELO_BAD_ARGUMENT, helo_server_config_file, s, endless);
    for (i = 0; i < sizeof odd / sizeof *odd; i++) {
        REFUSED(HELO_BAD_ARGUMENT, helo_server_on_ask, s, odd[i], no_answer, NULL);
        REFUSED(0, helo_server_address, s, (uint32_t)odd[i], buffer, sizeof buffer);
        REFUSED(0, helo_server_port, s, (uint32_t)odd[i]);
    }
    memset(&spool, 0, sizeof spool);
    memset(&users, 0, sizeof users);
    memset(&counts, 0xff, sizeof counts);
    memset(&transport, 0, sizeof transport);
    REFUSED(HELO_BAD_ARGUMENT, helo_server_set_spool, s, &spool);
    REFUSED(HELO_BAD_ARGUMENT, helo_server_set_users, s, &users);
    spool.size = sizeof spool;
    users.size = sizeof users;
    REFUSED(HELO_BAD_ARGUMENT, helo_server_set_spool, s, &spool);
    REFUSED(HELO_BAD_ARGUMENT, helo_server_set_users, s, &users);
    REFUSED(HELO_OK, helo_server_set_spool, s, NULL);
    REFUSED(HELO_OK, helo_server_set_users, s, NULL);
    REFUSED(HELO_BAD_ARGUMENT, helo_server_get_counts, s, NULL);
    REFUSED(HELO_BAD_ARGUMENT, helo_server_get_counts, s, &counts);
    counts.size = sizeof counts.size;
    REFUSED(HELO_OK, helo_server_get_counts, s, &counts);
    REFUSED(HELO_BAD_ARGUMENT, helo_server_wait_mails, s, 0, 0);
    REFUSED(HELO_BAD_ARGUMENT, helo_server_get_mail, s, 0, NULL, NULL);
    REFUSED(HELO_BAD_ARGUMENT, helo_server_get_mail, s, UINT32_MAX, no_mail, NULL);
    REFUSED(HELO_BAD_ARGUMENT, helo_server_clear_mails, s);
    REFUSED(HELO_OK, helo_server_reload, s);
    CHECK("a text without a place", helo_server_status(s, NULL, 8) > 8);
    CHECK("nothing beyond the size is written", counts.open == UINT64_MAX);
    REFUSED(HELO_BAD_ARGUMENT, helo_server_serve, s, -1, HELO_SERVE_SMTP, NULL);
    REFUSED(HELO_BAD_ARGUMENT, helo_server_serve, s, PTRDIFF_MAX, HELO_SERVE_SMTP, NULL);
    REFUSED(HELO_BAD_ARGUMENT, helo_server_serve, s, 1, HELO_SERVE_SMTP, NULL);
    REFUSED(HELO_BAD_ARGUMENT, helo_server_serve_transport, s, NULL, HELO_SERVE_SMTP, NULL);
    REFUSED(HELO_BAD_ARGUMENT, helo_server_serve_transport, s, &transport, HELO_SERVE_SMTP, NULL);
    transport.size = sizeof transport;
    REFUSED(HELO_BAD_ARGUMENT, helo_server_serve_transport, s, &transport, HELO_SERVE_SMTP, NULL);
    REFUSED(HELO_BAD_ARGUMENT, helo_server_start, s);
    REFUSED(HELO_OK, helo_server_free, s);

    for (i = 0; i < sizeof unusable / sizeof *unusable; i++) {
        int is_place = strcmp(unusable[i][0], "maildir") == 0 || strcmp(unusable[i][0], "relay") == 0;

        s = helo_server_new();
        helo_server_set(s, "port", "0");
        if (!is_place)
            helo_server_set(s, "discard", "yes");
        REFUSED(HELO_OK, helo_server_set, s, unusable[i][0], unusable[i][1]);
        CHECK("it does not start", helo_server_start(s) != HELO_OK);
        CHECK("it is said why", helo_last_error()[0] != '\0');
        REFUSED(HELO_OK, helo_server_free, s);
    }
}

int main(void)
{
    const char *const recipients[] = {"bob@example.com", NULL};
    helo_delivery d, stale;
    uint32_t mail;
    size_t i;
    char small[4] = "###";

    memset(endless, 'a', sizeof endless - 1);
    CALL(helo_version);
    CALL(helo_last_error);
    for (i = 0; i < GARBAGE_HANDLES; i++) {
        without_a_delivery((helo_delivery)garbage_handles[i]);
        CALL(helo_set_body_callback, (helo_delivery)garbage_handles[i], 0, nothing, NULL);
    }
    stale = helo_new(NULL);
    CHECK_INT("a delivery is freed", helo_free(stale), HELO_OK);
    without_a_delivery(stale);

    for (i = 1; i < GARBAGE_HANDLES; i++) {
        any_handle((const void *)garbage_handles[i]);
    }
    any_handle(HELO_HANDLE(stale));

    d = helo_new(NULL);
    CHECK("a delivery without a server", d != 0);
    CHECK_INT("an empty list is an error", helo_run(d), HELO_BAD_ARGUMENT);
    CHECK_INT("a mail", helo_add_mail(d, "alice@example.com", &mail), HELO_OK);
    CHECK_INT("a mail without recipients is not run", helo_run(d), HELO_BAD_ARGUMENT);
    CHECK_INT("a recipient", helo_add_recipient(d, mail, "bob@example.com", NULL), HELO_OK);
    CHECK_INT("a mail without a body is not run", helo_run(d), HELO_BAD_ARGUMENT);
    texts(d, mail);
    numbers(d, mail);
    structs(d, mail);
    policy(d);
    servers(d);
    CHECK_INT("an empty body is one", helo_set_body(d, mail, NULL, 0), HELO_OK);
    CHECK_INT("without a server nothing is run", helo_run(d), HELO_BAD_ARGUMENT);
    CHECK_INT("and the mail is still there", helo_add_recipient(d, mail, "carol@example.com", NULL), HELO_OK);
    CHECK_INT("cleared", helo_clear(d), HELO_OK);
    CHECK_INT("freed", helo_free(d), HELO_OK);

    REFUSED(0, helo_xtext, NULL, small, sizeof small);
    REFUSED(0, helo_xtext, "\xff", small, sizeof small);
    REFUSED(9, helo_xtext, "a+bc=", NULL, 10);
    REFUSED(HELO_BAD_ARGUMENT, helo_send_file, NULL, NULL, NULL, 0, NULL);
    REFUSED(HELO_BAD_ARGUMENT, helo_send_file, "127.0.0.1", "", NULL, 1, "/dev/null");
    REFUSED(HELO_BAD_ARGUMENT, helo_send_file, "127.0.0.1", "", recipients, SIZE_MAX, "/dev/null");
    REFUSED(HELO_BAD_ARGUMENT, helo_send_file, "127.0.0.1", "", recipients, 2, "/dev/null");
    return checks_done();
}
