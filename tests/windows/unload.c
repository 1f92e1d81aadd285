/* helo.dll is loaded for each mail and freed again, as old programs do, while a status callback is still returning and a name is
 * still being looked up.
 *
 *     unload.exe HOST:PORT CYCLES */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <d32-smtp.h>
#include <helo.h>

static volatile LONG told, returned, asked, answered;

/* The system's resolver when its name server is silent: the library, freed long ago, is where it returns to. */
static int WSAAPI slow_lookup(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    (void)name, (void)service, (void)hints;
    InterlockedIncrement(&asked);
    Sleep(60);
    *found = NULL;
    InterlockedIncrement(&answered);
    return WSATRY_AGAIN;
}

/* Has the library call that in place of the system's: in its table of imports. */
static int slow_down(HMODULE library)
{
    const BYTE *base = (const BYTE *)library;
    const IMAGE_NT_HEADERS *headers = (const IMAGE_NT_HEADERS *)(base + ((const IMAGE_DOS_HEADER *)base)->e_lfanew);
    const IMAGE_DATA_DIRECTORY *place = &headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT];
    const IMAGE_IMPORT_DESCRIPTOR *from = (const IMAGE_IMPORT_DESCRIPTOR *)(base + place->VirtualAddress);

    for (; from->Name != 0; from++) {
        const IMAGE_THUNK_DATA *name = (const IMAGE_THUNK_DATA *)(base + from->OriginalFirstThunk);
        IMAGE_THUNK_DATA *entry = (IMAGE_THUNK_DATA *)(base + from->FirstThunk);

        for (; name->u1.AddressOfData != 0; name++, entry++) {
            const IMAGE_IMPORT_BY_NAME *by = (const IMAGE_IMPORT_BY_NAME *)(base + name->u1.AddressOfData);
            DWORD before;

            if (IMAGE_SNAP_BY_ORDINAL(name->u1.Ordinal) || strcmp((const char *)by->Name, "getaddrinfo") != 0)
                continue;
            VirtualProtect(entry, sizeof *entry, PAGE_READWRITE, &before);
            entry->u1.Function = (DWORD_PTR)slow_lookup;
            VirtualProtect(entry, sizeof *entry, before, &before);
            return 1;
        }
    }
    return 0;
}

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
    int cycles = argc > 2 ? atoi(argv[2]) : 100, bad = 0, expected = 0;

    for (int cycle = 0; cycle < cycles; cycle++) {
        HMODULE library = LoadLibraryA("helo.dll");
        GLOBALHANDLE conn = NULL;
        int code;

        if (library == NULL) {
            printf("not ok LoadLibrary in cycle %d: %lu\n", cycle, (unsigned long)GetLastError());
            return 1;
        }
        if (!slow_down(library)) {
            printf("not ok the library asks for no name\n");
            return 1;
        }
        FIND(smtp_helo);
        FIND(smtp_mail);
        FIND(smtp_rcpt);
        FIND(smtp_data_buf);
        FIND(smtp_quit);
        FIND(smtp_xhelo);
        FIND(smtp_xquit);
        FIND(helo_policy_text);
        code = p_smtp_helo(argv[1], "pc.example", &conn, NULL, 0);
        if (code == SMTP_SUCCESS) {
            if (p_smtp_mail(conn, "ann@pc.example") != SMTP_SUCCESS || p_smtp_rcpt(conn, "bob@example.test") != SMTP_SUCCESS ||
                p_smtp_data_buf(conn, "hello\r\n", 7) != SMTP_SUCCESS || p_smtp_data_buf(conn, NULL, 0) != SMTP_SUCCESS)
                bad++;
            p_smtp_quit(conn);
        } else {
            bad++;
        }
        expected += p_smtp_xhelo(argv[1], "pc.example", &conn, NULL, (FARPROC)(void *)status, 0) == SMTP_SUCCESS;
        if (cycle % 3 == 0) {
            expected += p_smtp_xhelo("no-such-host.invalid", "pc.example", &conn, NULL, (FARPROC)(void *)status, 0) == SMTP_SUCCESS;
            if (cycle % 2 == 0)
                p_smtp_xquit(conn);
        }
        if (cycle % 50 == 0) {
            p_helo_policy_text("connect_timeout = 10ms\n");
            code = p_smtp_helo("no-such-host.invalid", "pc.example", &conn, NULL, 0);
            if (code != SMTP_TIMED_OUT)
                printf("a lookup that hangs: %d\n", code), bad++;
            p_helo_policy_text(NULL);
        }
        FreeLibrary(library);
    }
    for (int wait = 0; wait < 3000 && (told < expected || returned < told || answered < asked); wait++)
        Sleep(10);
    printf("%d loads and unloads, %d mails not taken, %ld callbacks came, %ld returned, %ld lookups hung\n", cycles, bad,
           (long)told, (long)returned, (long)asked);
    return bad != 0 || expected < cycles || told != expected || returned != told || asked < cycles / 6 || answered != asked;
}
