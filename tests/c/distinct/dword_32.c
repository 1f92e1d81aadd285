/* A program whose files have DWORDs of 4 bytes says HELO_DWORD_32, brings its own lstrcpy, and passes the address as a
 * DWORD_PTR.
 *
 * standards: gnu89 c11 c++17
 * server: dialogue
 *     S: 220 mail.example ready
 *     C: EHLO pc.example
 *     S: 250 mail.example
 *     C: HELP
 *     S: 214 NOOP
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 */
#define HELO_DWORD_32
#define HELO_WINDOWS_TYPES_ONLY
#include <windows.h>
#include <d32-smtp.h>
#include "check.h"

/* As it stands in a file. */
typedef struct {
    DWORD magic;
    WORD version;
    WORD count;
    LONG offset;
} RECORD;

static LPSTR lstrcpy(LPSTR to, LPCSTR from)
{
    return strcpy(to, from);
}

static int CALLBACK line(GLOBALHANDLE conn, char *text, int length, DWORD_PTR parameter)
{
    (void)conn;
    (void)length;
    lstrcpy((char *)parameter, text);
    return 0;
}

int main(int argc, char **argv)
{
    GLOBALHANDLE conn = NULL;
    char host[64], seen[40] = "";
    DWORD_PTR parameter = 0;

    if (argc < 3) {
        return 2;
    }
    CHECK_INT("a record is as it was", sizeof(RECORD), 12);
    CHECK_INT("a ULONG", sizeof(ULONG), 4);
    CHECK("numbers overflow where they did", (DWORD)(0xFFFFFFFFU + (DWORD)1) == 0);
    sprintf(host, "%.40s:%.10s", argv[1], argv[2]);
    CHECK_INT("helo", smtp_helo(host, "pc.example", &conn, NULL, (DWORD_PTR)seen), SMTP_SUCCESS);
    CHECK_INT("the parameter", smtp_opts(conn, OPT_GET_PARAM, (DWORD_PTR)&parameter), SMTP_SUCCESS);
    CHECK("is whole", parameter == (DWORD_PTR)seen);
    CHECK_INT("help", smtp_help(conn, NULL, (FARPROC)line), SMTP_SUCCESS);
    CHECK_TEXT("the callback's line", seen, "NOOP");
    CHECK_INT("quit", smtp_quit(conn), SMTP_SUCCESS);
    return checks_done();
}
