/* One authentication, the server's side of it done by GNU SASL: base64 in on standard input, what SMTP answers out.

       gsasl-server MECHANISM USER PASSWORD [tls-exporter=BASE64] [tls-unique=BASE64]

   A line of input is what the client sends: a response, "=" for an empty one with AUTH, "-" for none with AUTH. A line
   of output is "334 CHALLENGE", "235", or "535 WHY". tests/support/gsasl.rs puts SMTP and TLS around it. */

#include <gsasl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *user, *password, *exporter, *unique;

static int equal(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static int give(Gsasl_session *session, Gsasl_property property, const char *value, int otherwise)
{
    return value != NULL ? gsasl_property_set(session, property, value) : otherwise;
}

static int answer(Gsasl *context, Gsasl_session *session, Gsasl_property property)
{
    (void)context;
    switch (property) {
    case GSASL_PASSWORD:
        if (!equal(gsasl_property_fast(session, GSASL_AUTHID), user))
            return GSASL_NO_PASSWORD;
        return gsasl_property_set(session, GSASL_PASSWORD, password);
    case GSASL_CB_TLS_EXPORTER:
        return give(session, property, exporter, GSASL_NO_CB_TLS_EXPORTER);
    case GSASL_CB_TLS_UNIQUE:
        return give(session, property, unique, GSASL_NO_CB_TLS_UNIQUE);
    case GSASL_SCRAM_ITER:
        return gsasl_property_set(session, property, "4096");
    case GSASL_SERVICE:
        return gsasl_property_set(session, property, "smtp");
    case GSASL_HOSTNAME:
    case GSASL_REALM:
        return gsasl_property_set(session, property, "127.0.0.1");
    case GSASL_VALIDATE_SIMPLE:
        return equal(gsasl_property_fast(session, GSASL_AUTHID), user)
                && equal(gsasl_property_fast(session, GSASL_PASSWORD), password)
            ? GSASL_OK
            : GSASL_AUTHENTICATION_ERROR;
    case GSASL_VALIDATE_EXTERNAL:
        return gsasl_property_fast(session, GSASL_AUTHZID) == NULL ? GSASL_OK : GSASL_AUTHENTICATION_ERROR;
    case GSASL_VALIDATE_ANONYMOUS:
        return equal(gsasl_property_fast(session, GSASL_ANONYMOUS_TOKEN), user) ? GSASL_OK : GSASL_AUTHENTICATION_ERROR;
    default:
        return GSASL_NO_CALLBACK;
    }
}

/* Whether the server has the first word. */
static int begins(const char *mechanism)
{
    return equal(mechanism, "LOGIN") || equal(mechanism, "CRAM-MD5") || equal(mechanism, "DIGEST-MD5");
}

/* The next line without its end. */
static int read_line(char *line, int size)
{
    if (fgets(line, size, stdin) == NULL)
        return 0;
    line[strcspn(line, "\r\n")] = '\0';
    return 1;
}

int main(int argc, char **argv)
{
    static char line[16384];
    Gsasl *context;
    Gsasl_session *session;
    int at, status;

    if (argc < 4) {
        fputs("usage: gsasl-server MECHANISM USER PASSWORD [tls-exporter=BASE64] [tls-unique=BASE64]\n", stderr);
        return 2;
    }
    user = argv[2];
    password = argv[3];
    for (at = 4; at < argc; at++) {
        if (strncmp(argv[at], "tls-exporter=", 13) == 0)
            exporter = argv[at] + 13;
        else if (strncmp(argv[at], "tls-unique=", 11) == 0)
            unique = argv[at] + 11;
    }
    status = gsasl_init(&context);
    if (status != GSASL_OK) {
        fprintf(stderr, "%s\n", gsasl_strerror(status));
        return 1;
    }
    gsasl_callback_set(context, answer);
    status = gsasl_server_start(context, argv[1], &session);
    if (status != GSASL_OK) {
        printf("504 %s\n", gsasl_strerror(status));
        return 0;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (read_line(line, sizeof line)) {
        char *said = NULL;

        /* Where the client begins it is asked to. */
        if (strcmp(line, "-") == 0 && !begins(argv[1])) {
            puts("334 ");
            continue;
        }
        status = gsasl_step64(session, strcmp(line, "-") == 0 || strcmp(line, "=") == 0 ? "" : line, &said);
        if (status != GSASL_OK && status != GSASL_NEEDS_MORE) {
            printf("535 %s\n", gsasl_strerror(status));
            break;
        }
        if (status == GSASL_NEEDS_MORE) {
            printf("334 %s\n", said);
            gsasl_free(said);
            continue;
        }
        /* What it still has to say, by which it proves itself, is a challenge that is answered with nothing. */
        if (said != NULL && said[0] != '\0') {
            printf("334 %s\n", said);
            if (!read_line(line, sizeof line) || line[0] != '\0') {
                puts("501 nothing was to be said");
                break;
            }
        }
        gsasl_free(said);
        puts("235");
        break;
    }
    gsasl_finish(session);
    gsasl_done(context);
    return 0;
}
