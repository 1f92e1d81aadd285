/* The default yield on Windows: while a call waits, the messages of its thread are handled. A timer of this thread, which
 * only a message loop brings to life, aborts a call whose answer never comes. Without yielding the timer is dead.
 *
 * The server is a thread of this program that greets, takes EHLO, and then is silent. */
#include <stdio.h>
#include <string.h>
#include <winsock2.h>
#include <windows.h>
#include <d32-smtp.h>

static SOCKET listener;
static GLOBALHANDLE conn;
static int ticks, failed;

static void check(const char *what, int got, int wanted)
{
    printf("%s %s: %d\n", got == wanted ? "ok" : "not ok", what, got);
    fflush(stdout);
    failed |= got != wanted;
}

static DWORD WINAPI serve(LPVOID unused)
{
    static const char greeting[] = "220 ready\r\n", hello[] = "250 here\r\n";
    char line[200];
    SOCKET client;

    (void)unused;
    while ((client = accept(listener, NULL, NULL)) != INVALID_SOCKET) {
        send(client, greeting, sizeof greeting - 1, 0);
        if (recv(client, line, sizeof line, 0) > 0) {
            send(client, hello, sizeof hello - 1, 0);
        }
        while (recv(client, line, sizeof line, 0) > 0) {
        }
        closesocket(client);
    }
    return 0;
}

static void CALLBACK tick(HWND window, UINT message, UINT_PTR id, DWORD time)
{
    (void)window;
    (void)message;
    (void)id;
    (void)time;
    if (++ticks == 5) {
        check("a call from the message loop, on the busy connection", smtp_noop(conn), SMTP_IN_PROGRESS);
        check("xquit from the message loop", smtp_xquit(conn), SMTP_SUCCESS);
    }
}

int main(void)
{
    WSADATA data;
    struct sockaddr_in address;
    int length = sizeof address;
    UINT_PTR timer;
    char host[40];

    WSAStartup(MAKEWORD(2, 2), &data);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 5) != 0
        || getsockname(listener, (struct sockaddr *)&address, &length) != 0) {
        printf("not ok no port: %d\n", WSAGetLastError());
        return 1;
    }
    CreateThread(NULL, 0, serve, NULL, 0, NULL);
    sprintf(host, "127.0.0.1:%d", ntohs(address.sin_port));

    timer = SetTimer(NULL, 0, 20, tick);
    check("helo", smtp_helo(host, "pc.example", &conn, NULL, 0), SMTP_SUCCESS);
    check("noop, aborted by a timer", smtp_noop(conn), SMTP_ABORTED);
    check("the handle is gone", smtp_quit(conn), SMTP_INVALID_HANDLE);

    check("helo", smtp_helo(host, "pc.example", &conn, NULL, 0), SMTP_SUCCESS);
    check("yield off", smtp_opts(conn, OPT_YIELD_OFF, 0), SMTP_SUCCESS);
    check("a second of patience", smtp_opts(conn, OPT_TIMEOUT, 1), SMTP_SUCCESS);
    ticks = 100;
    check("noop, without yielding", smtp_noop(conn), SMTP_TIMED_OUT);
    check("the timer did not run", ticks, 100);
    check("yield on", smtp_opts(conn, OPT_YIELD_ON, 0), SMTP_SUCCESS);
    check("noop, yielding", smtp_noop(conn), SMTP_TIMED_OUT);
    check("the timer ran", ticks > 105, 1);
    check("quit", smtp_quit(conn), SMTP_SUCCESS);
    KillTimer(NULL, timer);
    closesocket(listener);
    return failed;
}
