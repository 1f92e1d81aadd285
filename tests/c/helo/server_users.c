/* Who may log in, as functions of the program: passwords, keys, yes and no, tokens.
 */
#include "server.h"

/* SCRAM-SHA-256 keys of the password "pencil". */
static const char keys[] = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
                           "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
static int unavailable, asked_password;

static int look_up(void *user, const char *name, char *secret, size_t size)
{
    CHECK("the pointer comes back", user == &unavailable);
    if (unavailable)
        return -1;
    if (strcmp(name, "alice") == 0)
        return snprintf(secret, size, "wonder land") > 0;
    if (strcmp(name, "user") == 0)
        return snprintf(secret, size, "%s", keys) > 0;
    if (strcmp(name, "broken") == 0)
        return snprintf(secret, size, "SCRAM-SHA-256$nonsense") > 0;
    return 0;
}

static int password(void *user, const char *name, const char *word)
{
    (void)user;
    asked_password++;
    return unavailable ? -1 : strcmp(name, "bob") == 0 && strcmp(word, "builder") == 0;
}

static int token(void *user, const char *name, const char *word, char *whose, size_t size)
{
    (void)user;
    (void)name;
    if (strcmp(word, "good-token") != 0)
        return 0;
    snprintf(whose, size, "carol");
    return 1;
}

static helo_status set_users(helo_server s, helo_look_up_fn by_look_up, helo_password_fn by_password, helo_token_fn by_token)
{
    helo_users users;

    memset(&users, 0, sizeof users);
    users.size = sizeof users;
    users.user = &unavailable;
    users.look_up = by_look_up;
    users.password = by_password;
    users.token = by_token;
    users.keeps_passwords = 1;
    return helo_server_set_users(s, &users);
}

/* Mails after a login; the mechanism may be NULL. */
static helo_status mail_as(helo_server s, const char *mechanism, const char *user, const char *word, helo_failure *failure)
{
    char address[100];
    helo_delivery d;
    uint32_t mail;
    helo_status status;

    helo_server_address(s, 0, address, sizeof address);
    d = helo_new(address);
    helo_set_login(d, user, word);
    if (mechanism != NULL)
        CHECK_INT("a mechanism", helo_set_key(HELO_FACE_HELO, HELO_HANDLE(d), "mechanism", mechanism), HELO_OK);
    helo_add_mail(d, "a@example.org", &mail);
    helo_add_recipient(d, mail, "b@example.com", NULL);
    helo_set_body(d, mail, "x\r\n", 3);
    status = helo_run(d);
    failure->size = sizeof *failure;
    if (status != HELO_OK)
        helo_last_failure(failure);
    helo_free(d);
    return status;
}

int main(void)
{
    static const char *const passwords[] = {NULL, "PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"};
    helo_server s = helo_server_new();
    helo_failure failure;
    helo_server_counts counts;
    size_t i;
    int client;

    helo_server_set(s, "port", "0");
    helo_server_set(s, "auth-in-clear", "yes");
    helo_server_set(s, "auth-required", "yes");
    keep(s);
    CHECK_INT("users are missing", helo_server_start(s), HELO_BAD_ARGUMENT);
    CHECK_INT("no functions", set_users(s, NULL, NULL, NULL), HELO_BAD_ARGUMENT);

    CHECK_INT("users by what is kept about them", set_users(s, look_up, NULL, NULL), HELO_OK);
    CHECK_INT("it starts", helo_server_start(s), HELO_OK);
    for (i = 0; i < sizeof passwords / sizeof *passwords; i++)
        CHECK_INT("by the password", mail_as(s, passwords[i], "alice", "wonder land", &failure), HELO_OK);
    CHECK_TEXT("the spool knows who", kept.user, "alice");
    CHECK_INT("by the keys", mail_as(s, "SCRAM-SHA-256", "user", "pencil", &failure), HELO_OK);
    CHECK_INT("by the keys in the clear", mail_as(s, "PLAIN", "user", "pencil", &failure), HELO_OK);
    CHECK_INT("not by another", mail_as(s, "PLAIN", "alice", "wonderland", &failure), HELO_FAILED);
    CHECK("535", failure.phase == HELO_PHASE_AUTH && failure.code == 535);
    CHECK_INT("nor a stranger", mail_as(s, "SCRAM-SHA-256", "mallory", "x", &failure), HELO_FAILED);
    CHECK_INT("what the function wrote is no key", mail_as(s, "PLAIN", "broken", "x", &failure), HELO_FAILED);
    CHECK_INT("try again later", failure.code, 454);
    unavailable = 1;
    CHECK_INT("nobody knows", mail_as(s, "PLAIN", "alice", "wonder land", &failure), HELO_FAILED);
    CHECK_INT("for now", failure.code, 454);
    unavailable = 0;
    counts.size = sizeof counts;
    helo_server_get_counts(s, &counts);
    CHECK("logins are counted", counts.logins == 8 && counts.logins_failed == 4);
    CHECK_INT("stopped", helo_server_stop(s, 10000), HELO_OK);

    CHECK_INT("users by yes and no, and tokens", set_users(s, NULL, password, token), HELO_OK);
    CHECK_INT("it starts", helo_server_start(s), HELO_OK);
    client = connected(s, 0);
    ask(client, NULL);
    ask(client, "EHLO x\r\n");
    CHECK("what is offered follows", strstr(reply, "AUTH ") != NULL && strstr(reply, "PLAIN") != NULL &&
                                         strstr(reply, "XOAUTH2") != NULL && strstr(reply, "SCRAM") == NULL);
    /* n,,\1auth=Bearer good-token\1\1 */
    CHECK_INT("a token", ask(client, "AUTH OAUTHBEARER biwsAWF1dGg9QmVhcmVyIGdvb2QtdG9rZW4BAQ==\r\n"), 235);
    CHECK_INT("lets in", mail_over(client, "x"), 250);
    CHECK_TEXT("whose it is", kept.user, "carol");
    close(client);
    CHECK_INT("bob", mail_as(s, NULL, "bob", "builder", &failure), HELO_OK);
    CHECK_INT("not with any word", mail_as(s, NULL, "bob", "x", &failure), HELO_FAILED);
    CHECK("the function was asked", asked_password >= 2);
    CHECK_INT("freed", helo_server_free(s), HELO_OK);
    return checks_done();
}
