/*
 * A program of its own decides in code what others leave to the policy file: which file that is, and keys for just its
 * mails. What goes over the wire is shown on standard error, without passwords; when it fails, why. It ends with 0 only if the server has taken the mail.
 *
 *     cc -o policy policy.c $(pkg-config --cflags --libs helo)
 *     ./policy /etc/app/mail.conf mailhost me@example.com alice@example.org message.eml tls=always mechanism=PLAIN
 *
 * In the source folder, after `make build`:
 *
 *     cc -I include/helo -o policy examples-c/helo/policy.c -L target/release -lhelo -Wl,-rpath,$PWD/target/release
 */
#include <helo.h>
#include <stdio.h>
#include <string.h>

static void show(void *user, const helo_traffic *traffic)
{
    const char *mark = traffic->what == HELO_TRACE_SENT ? "> " : traffic->what == HELO_TRACE_RECEIVED ? "< " : "* ";

    fputs(mark, user);
    fwrite(traffic->bytes, 1, traffic->length, user);
    if (traffic->what == HELO_TRACE_NOTE)
        fputc('\n', user);
}

/* Sets "key=value" for one delivery. */
static helo_status set(helo_delivery delivery, char *pair)
{
    char *value = strchr(pair, '=');

    if (value != NULL)
        *value++ = '\0';
    return helo_set_key(HELO_FACE_HELO, HELO_HANDLE(delivery), pair, value);
}

static int complain(const char *what)
{
    helo_failure failure;

    failure.size = sizeof failure;
    fprintf(stderr, "%s: %s\n", what, helo_last_error());
    if (helo_last_failure(&failure) == HELO_OK)
        fprintf(stderr, "(%s, %s, reply code %d)\n", helo_phase_name(failure.phase), helo_cause_name(failure.cause),
                failure.code);
    return 1;
}

int main(int argc, char **argv)
{
    helo_delivery delivery;
    helo_status status = HELO_OK;
    uint32_t mail;
    int i, failed = 0;

    if (argc < 6) {
        fprintf(stderr, "usage: %s POLICY HOST SENDER RECIPIENT FILE [KEY=VALUE...]\n", argv[0]);
        return 2;
    }
    if (helo_policy_file(argv[1]) != HELO_OK)
        return complain("the policy");
    helo_watch(HELO_FACE_ALL, NULL, show, stderr);
    delivery = helo_new(argv[2]);
    if (delivery == 0)
        return complain("the host");
    for (i = 6; i < argc && status == HELO_OK; i++)
        status = set(delivery, argv[i]);
    if (status == HELO_OK)
        status = helo_add_mail(delivery, argv[3], &mail);
    if (status == HELO_OK)
        status = helo_add_recipient(delivery, mail, argv[4], NULL);
    if (status == HELO_OK)
        status = helo_set_body_file(delivery, mail, argv[5]);
    if (status == HELO_OK)
        status = helo_run(delivery);
    if (status != HELO_OK)
        failed = complain("the mail");
    else
        printf("the server has taken the mail for %s\n", argv[4]);
    helo_free(delivery);
    return failed;
}
