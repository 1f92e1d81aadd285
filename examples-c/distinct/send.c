/* Sends a message file through Distinct SMTP-32, as programs did in 1999. Ends with 0 only if the server has taken it for
 * every recipient.
 *
 *     send [-d] SERVER SENDER FILE RECIPIENT...
 *
 * SERVER is a host, host:port or smtp://host:port. FILE holds the message as it is, headers and all. -d shows the dialogue.
 *
 * Linux, from the top of libhelo's source after make build:
 *     cc -Iinclude/distinct -o send examples-c/distinct/send.c -Ltarget/release -lhelo -Wl,-rpath,$PWD/target/release
 * Windows: with the include folder in the path, link with libhelo.dll.a (MinGW) or helo.lib. */
#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <d32-smtp.h>

/* Gives the library the next piece of the message: its length, 0 at the end, -1 to give up. */
int WINAPI next_piece(GLOBALHANDLE conn, char far *buf, int len, DWORD_PTR lParam)
{
    FILE *file = (FILE *)lParam;
    size_t got = fread(buf, 1, (size_t)len, file);

    (void)conn;
    return got == 0 && ferror(file) ? -1 : (int)got;
}

/* Sees everything that goes over the line. */
int WINAPI show(GLOBALHANDLE conn, char far *buf, int len, DWORD_PTR lParam)
{
    (void)conn;
    (void)lParam;
    fwrite(buf, 1, (size_t)len, stderr);
    return 0;
}

/* Says why: the server's words, or those of the library where the server has said nothing (their code is 0). After a
 * smtp_helo that gave no handle the words are there as well. Closes the connection and gives the program's exit code. */
int give_up(GLOBALHANDLE conn, const char *where, int result)
{
    char reply[1024] = "";
    int code = 0;

    smtp_rply(conn, reply, sizeof reply, &code);
    if (code != 0) {
        fprintf(stderr, "%s: the server says: %s\n", where, reply);
    } else {
        fprintf(stderr, "%s: error %d of d32-smtp.h:\n%s\n", where, result, reply);
    }
    if (result == SMTP_TIMED_OUT && strcmp(where, "message") == 0) {
        fprintf(stderr, "The message may have been delivered all the same: sending it again may make a duplicate.\n");
    }
    if (conn != NULL) {
        smtp_quit(conn);
    }
    return 1;
}

int main(int argc, char **argv)
{
    GLOBALHANDLE conn = NULL;
    FARPROC debug = NULL;
    FILE *file;
    int result, i, accepted = 0;

    if (argc > 1 && strcmp(argv[1], "-d") == 0) {
        debug = (FARPROC)show;
        argc--, argv++;
    }
    if (argc < 5) {
        fprintf(stderr, "usage: send [-d] SERVER SENDER FILE RECIPIENT...\n");
        return 2;
    }
    if ((file = fopen(argv[3], "rb")) == NULL) {
        perror(argv[3]);
        return 1;
    }
    if ((result = smtp_helo(argv[1], "localhost", &conn, debug, (DWORD_PTR)file)) != SMTP_SUCCESS) {
        return give_up(conn, argv[1], result);
    }
    if ((result = smtp_mail(conn, argv[2])) != SMTP_SUCCESS) {
        return give_up(conn, argv[2], result);
    }
    for (i = 4; i < argc; i++) {
        if ((result = smtp_rcpt(conn, argv[i])) == SMTP_SUCCESS) {
            accepted++;
        } else if (result == SMTP_FAILURE) {
            char reply[1024] = "";
            int code = 0;
            smtp_rply(conn, reply, sizeof reply, &code);
            fprintf(stderr, "%s %s: %s\n", argv[i], code != 0 ? "is refused" : "could not be named", reply);
        } else {
            return give_up(conn, argv[i], result);
        }
    }
    if (accepted == 0) {
        fprintf(stderr, "not sent: the server takes it for none of the recipients\n");
        smtp_quit(conn);
        return 1;
    }
    if ((result = smtp_data(conn, (FARPROC)next_piece)) != SMTP_SUCCESS) {
        /* After SMTP_ABORTED the handle is gone already. */
        return give_up(result == SMTP_ABORTED ? NULL : conn, "message", result);
    }
    smtp_quit(conn);
    fclose(file);
    printf("sent to %d of %d recipients\n", accepted, argc - 4);
    return accepted == argc - 4 ? 0 : 1;
}
