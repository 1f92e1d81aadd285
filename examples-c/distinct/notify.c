/* Sends a short notice through Distinct SMTP-32 without waiting for the connection: smtp_xhelo tells a callback when it is
 * there, and the callback sends the message piece by piece with smtp_data_buf. Ends with 0 only if the server has taken it.
 *
 *     notify SERVER SENDER RECIPIENT TEXT
 *
 * Linux, from the top of libhelo's source after make build:
 *     cc -Iinclude/distinct -o notify examples-c/distinct/notify.c -Ltarget/release -lhelo -Wl,-rpath,$PWD/target/release
 * Windows: with the include folder in the path, link with libhelo.dll.a (MinGW) or helo.lib. */
#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <d32-smtp.h>

struct notice {
    const char *sender, *recipient, *text;
    volatile int done, result;
};

static int send_text(GLOBALHANDLE conn, const char *text)
{
    return smtp_data_buf(conn, text, (int)strlen(text));
}

static int send_notice(GLOBALHANDLE conn, const struct notice *notice)
{
    char date[37];
    int result;

    smtp_date(date);
    if ((result = smtp_mail(conn, notice->sender)) == SMTP_SUCCESS
        && (result = smtp_rcpt(conn, notice->recipient)) == SMTP_SUCCESS
        && (result = send_text(conn, "Date: ")) == SMTP_SUCCESS
        && (result = send_text(conn, date)) == SMTP_SUCCESS
        && (result = send_text(conn, "\r\nFrom: <")) == SMTP_SUCCESS
        && (result = send_text(conn, notice->sender)) == SMTP_SUCCESS
        && (result = send_text(conn, ">\r\nTo: <")) == SMTP_SUCCESS
        && (result = send_text(conn, notice->recipient)) == SMTP_SUCCESS
        && (result = send_text(conn, ">\r\nSubject: Notice\r\n\r\n")) == SMTP_SUCCESS
        && (result = send_text(conn, notice->text)) == SMTP_SUCCESS) {
        result = smtp_data_buf(conn, NULL, 0);
    }
    return result;
}

/* Called once, on a thread of the library's, when the connection is there or will never be. */
int WINAPI connected(GLOBALHANDLE conn, int result, DWORD_PTR lParam)
{
    struct notice *notice = (struct notice *)lParam;
    char reply[1024] = "";
    int code = 0;

    if (result == SMTP_SUCCESS) {
        result = send_notice(conn, notice);
    }
    if (result != SMTP_SUCCESS && smtp_rply(conn, reply, sizeof reply, &code) == SMTP_SUCCESS) {
        /* Code 0: the server has said nothing, and the library says why. */
        fprintf(stderr, "%s%s\n", code != 0 ? "the server says: " : "", reply);
    }
    smtp_quit(conn);
    notice->result = result;
    notice->done = 1;
    return 0;
}

int main(int argc, char **argv)
{
    struct notice notice;
    GLOBALHANDLE conn;
    int result;

    if (argc != 5) {
        fprintf(stderr, "usage: notify SERVER SENDER RECIPIENT TEXT\n");
        return 2;
    }
    memset(&notice, 0, sizeof notice);
    notice.sender = argv[2];
    notice.recipient = argv[3];
    notice.text = argv[4];
    result = smtp_xhelo(argv[1], "localhost", &conn, NULL, (FARPROC)connected, (DWORD_PTR)&notice);
    if (result == SMTP_SUCCESS) {
        /* A real program does its own work here. */
        while (!notice.done) {
            Sleep(20);
        }
        result = notice.result;
    }
    printf(result == SMTP_SUCCESS ? "sent\n" : "not sent: error %d of d32-smtp.h\n", result);
    return result == SMTP_SUCCESS ? 0 : 1;
}
