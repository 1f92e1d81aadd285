/* A server whose certificate says where the list of what is revoked can be had, and there nobody answers: the system, which asks
 * for it, waits some 10 seconds. Meanwhile the window lives, other connections are made, and cancel and deadline hold.
 *
 *     revocation.exe AUTHORITY.der PORT
 *
 * PORT: of a server on localhost with STARTTLS and such a certificate by this authority, which becomes one that the user trusts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <wincrypt.h>
#include <d32-smtp.h>
#include <helo.h>

/* More than are verified at a time. */
#define MANY 20

static DWORD window_thread, last_tick, longest_gap;
static int ticks, failed, came[MANY + 1], result[MANY + 1];

static void check(const char *what, int good, long got)
{
    printf("%s %s: %ld\n", good ? "ok" : "not ok", what, got);
    fflush(stdout);
    failed |= !good;
}

static void trust(const char *path)
{
    static BYTE authority[8192];
    FILE *file = fopen(path, "rb");
    size_t length = file != NULL ? fread(authority, 1, sizeof authority, file) : 0;
    HCERTSTORE store = CertOpenStore(CERT_STORE_PROV_SYSTEM_A, 0, 0, CERT_SYSTEM_STORE_CURRENT_USER, "ROOT");
    BOOL added = CertAddEncodedCertificateToStore(store, X509_ASN_ENCODING, authority, (DWORD)length,
                                                  CERT_STORE_ADD_REPLACE_EXISTING, NULL);

    check("the authority is trusted", added, (long)GetLastError());
    CertCloseStore(store, 0);
}

static void CALLBACK tick(HWND window, UINT message, UINT_PTR id, DWORD time)
{
    (void)window, (void)message, (void)id;
    if (time - last_tick > longest_gap)
        longest_gap = time - last_tick;
    last_tick = time;
    ticks++;
}

/* On a thread of the library: the window hears of it by its messages. */
static int WINAPI status(GLOBALHANDLE conn, int code, DWORD_PTR which)
{
    (void)conn;
    PostThreadMessageA(window_thread, WM_APP, (WPARAM)code, (LPARAM)which);
    return 0;
}

/* The window's life until so many have been told, at most for some time. */
static int told(int number)
{
    int count = 0;

    for (int i = 0; i <= MANY; i++)
        count += came[i];
    return count >= number;
}

static void live(int number, DWORD milliseconds)
{
    DWORD begun = GetTickCount();
    MSG message;

    while (!told(number) && GetTickCount() - begun < milliseconds && GetMessageA(&message, NULL, 0, 0) > 0) {
        if (message.message == WM_APP && message.lParam >= 0 && message.lParam <= MANY) {
            came[message.lParam]++;
            result[message.lParam] = (int)message.wParam;
        }
        DispatchMessageA(&message);
    }
}

static void begin(void)
{
    last_tick = GetTickCount();
    longest_gap = 0;
    ticks = 0;
}

static void window_lived(int at_least)
{
    check("the window's timer ran", ticks >= at_least, ticks);
    check("without a long pause", longest_gap < 1000, (long)longest_gap);
}

int main(int argc, char **argv)
{
    GLOBALHANDLE slow[MANY], plain, conn = NULL;
    char secure[80], open[80];
    DWORD begun, passed;
    int code, aborted = 0;

    if (argc < 3)
        return 2;
    /* Wine frees this after each certificate, also while another thread is about to call it. */
    LoadLibraryA("cryptnet.dll");
    trust(argv[1]);
    snprintf(secure, sizeof secure, "smtp+starttls://localhost:%s", argv[2]);
    snprintf(open, sizeof open, "smtp://127.0.0.1:%s", argv[2]);
    window_thread = GetCurrentThreadId();
    SetTimer(NULL, 0, 20, tick);

    begin();
    for (int i = 0; i < MANY; i++) {
        code = smtp_xhelo(secure, "pc.example", &slow[i], NULL, (FARPROC)(void *)status, (DWORD_PTR)i);
        if (code != SMTP_SUCCESS)
            check("xhelo", 0, code);
    }
    live(MANY + 1, 1500);
    check("they wait for the list", !told(1), result[0]);
    smtp_xhelo(open, "pc.example", &plain, NULL, (FARPROC)(void *)status, MANY);
    live(1, 5000);
    check("another connection is made meanwhile", came[MANY] == 1 && result[MANY] == SMTP_SUCCESS && told(1) && !told(2),
          result[MANY]);
    window_lived(50);
    begun = GetTickCount();
    for (int i = 0; i < MANY; i++)
        smtp_xquit(slow[i]);
    live(MANY + 1, 5000);
    for (int i = 0; i < MANY; i++)
        aborted += came[i] == 1 && result[i] == SMTP_ABORTED;
    passed = GetTickCount() - begun;
    check("all are told that they are given up", aborted == MANY, aborted);
    check("at once", passed < 3000, (long)passed);
    smtp_quit(plain);

    /* Here the call itself waits, and lets the window's messages run. */
    begin();
    begun = GetTickCount();
    helo_policy_text("reply_timeout = 2s\n");
    code = smtp_helo(secure, "pc.example", &conn, NULL, 0);
    passed = GetTickCount() - begun;
    check("a call that waits for it has its deadline", code == SMTP_TIMED_OUT, code);
    check("on time", passed >= 1500 && passed < 5000, (long)passed);
    window_lived(30);

    begin();
    begun = GetTickCount();
    helo_policy_text(NULL);
    code = smtp_helo(secure, "pc.example", &conn, NULL, 0);
    passed = GetTickCount() - begun;
    if (GetProcAddress(GetModuleHandleA("ntdll.dll"), "wine_get_version") == NULL || code == SMTP_SUCCESS) {
        check("a patient call is connected without the list, as Windows has it", code == SMTP_SUCCESS, code);
        check("and encrypted", smtp_noop(conn) == SMTP_SUCCESS, code);
    } else {
        /* Wine does not do without the list. */
        check("a patient call is told why not", code == SMTP_FAILURE, code);
        check("in words", strstr(helo_last_error(), "whether it has been revoked could not be found out") != NULL, (long)passed);
        printf("# after %lu ms: %s\n", (unsigned long)passed, helo_last_error());
    }
    window_lived(30);
    smtp_quit(conn);
    return failed;
}
