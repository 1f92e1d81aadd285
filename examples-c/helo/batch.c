/*
 * Sends the same message file to many people, each in a mail of their own, over one connection, and says what became of
 * each. It ends with 0 only if the server has taken them all.
 *
 *     cc -o batch batch.c $(pkg-config --cflags --libs helo)
 *     ./batch smtp://127.0.0.1:25 me@example.com message.eml alice@example.org bob@example.org
 *
 * In the source folder, after `make build`:
 *
 *     cc -I include/helo -o batch examples-c/helo/batch.c -L target/release -lhelo -Wl,-rpath,$PWD/target/release
 */
#include <helo.h>
#include <stdio.h>

static void on_result(void *user, const helo_result *result)
{
    char **recipients = user; /* mail number n went to recipients[n] */

    printf("%s: ", recipients[result->mail]);
    if (result->delivered)
        printf("delivered\n");
    else
        printf("%s at %s: %s\n", helo_cause_name(result->cause), helo_phase_name(result->phase), result->text);
}

int main(int argc, char **argv)
{
    helo_delivery delivery;
    helo_status status = HELO_OK;
    uint32_t mail;
    int i;

    if (argc < 5) {
        fprintf(stderr, "usage: %s SERVER SENDER FILE RECIPIENT...\n", argv[0]);
        return 2;
    }
    delivery = helo_new(argv[1]);
    if (delivery == 0) {
        fprintf(stderr, "%s\n", helo_last_error());
        return 2;
    }
    for (i = 4; i < argc && status == HELO_OK; i++) {
        status = helo_add_mail(delivery, argv[2], &mail);
        if (status == HELO_OK)
            status = helo_add_recipient(delivery, mail, argv[i], NULL);
        if (status == HELO_OK)
            status = helo_set_body_file(delivery, mail, argv[3]);
    }
    if (status == HELO_OK) {
        helo_on_result(delivery, on_result, argv + 4);
        status = helo_run(delivery);
    }
    if (status != HELO_OK)
        fprintf(stderr, "%s: %s\n", helo_status_name(status), helo_last_error());
    helo_free(delivery);
    return status != HELO_OK;
}
