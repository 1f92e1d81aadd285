/* helo.dll is loaded for each mail and freed again, as old programs do, while a status callback is still returning and a name is
 * still being looked up.
 *
 *     unload.exe HOST:PORT CYCLES */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>
#include <d32-smtp.h>

static volatile LONG told, returned;

static int WINAPI status(GLOBALHANDLE conn, int result, DWORD_PTR param)
{
    (void)conn, (void)result, (void)param;
    InterlockedIncrement(&told);
    Sleep(2);
    InterlockedIncrement(&returned);
    return 0;
}

#define FIND(name) __typeof__(&name) p_##name = (__typeof__(&name))(void *)GetProcAddress(library, #name)

int main(int argc, char **argv)
{
    int cycles = argc > 2 ? atoi(argv[2]) : 100, bad = 0;

    for (int cycle = 0; cycle < cycles; cycle++) {
        HMODULE library = LoadLibraryA("helo.dll");
        GLOBALHANDLE conn = NULL;
        int code;

        if (library == NULL) {
            printf("not ok LoadLibrary in cycle %d: %lu\n", cycle, (unsigned long)GetLastError());
            return 1;
        }
        FIND(smtp_helo);
        FIND(smtp_mail);
        FIND(smtp_rcpt);
        FIND(smtp_data_buf);
        FIND(smtp_quit);
        FIND(smtp_xhelo);
        FIND(smtp_xquit);
        code = p_smtp_helo(argv[1], "pc.example", &conn, NULL, 0);
        if (code == SMTP_SUCCESS) {
            if (p_smtp_mail(conn, "ann@pc.example") != SMTP_SUCCESS || p_smtp_rcpt(conn, "bob@example.test") != SMTP_SUCCESS ||
                p_smtp_data_buf(conn, "hello\r\n", 7) != SMTP_SUCCESS || p_smtp_data_buf(conn, NULL, 0) != SMTP_SUCCESS)
                bad++;
            p_smtp_quit(conn);
        } else {
            bad++;
        }
        p_smtp_xhelo(argv[1], "pc.example", &conn, NULL, (FARPROC)(void *)status, 0);
        if (cycle % 3 == 0) {
            p_smtp_xhelo("no-such-host.invalid", "pc.example", &conn, NULL, (FARPROC)(void *)status, 0);
            p_smtp_xquit(conn);
        }
        FreeLibrary(library);
    }
    for (int wait = 0; wait < 3000 && (told < cycles || returned < told); wait++)
        Sleep(10);
    printf("%d loads and unloads, %d mails not taken, %ld callbacks came, %ld returned\n", cycles, bad, (long)told,
           (long)returned);
    return bad != 0 || told < cycles || returned != told;
}
