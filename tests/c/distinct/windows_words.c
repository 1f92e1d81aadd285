/* What windows.h has for systems that are not Windows: the widths of its types, and each small function.
 *
 * standards: gnu89 gnu99 c++17
 */
#include <windows.h>
#include <windowsx.h>
#include <winsock.h>
#include <tchar.h>
#include "check.h"

static void widths(void)
{
    CHECK_INT("a DWORD is as wide as a pointer", sizeof(DWORD), sizeof(void *));
    CHECK_INT("a LONG is", sizeof(LONG), sizeof(void *));
    CHECK_INT("a ULONG is", sizeof(ULONG), sizeof(void *));
    CHECK_INT("a DWORD_PTR is", sizeof(DWORD_PTR), sizeof(void *));
    CHECK_INT("a WPARAM is", sizeof(WPARAM), sizeof(void *));
    CHECK_INT("an LPARAM is", sizeof(LPARAM), sizeof(void *));
    CHECK_INT("an LRESULT is", sizeof(LRESULT), sizeof(void *));
    CHECK_INT("a HANDLE is", sizeof(HANDLE), sizeof(void *));
    CHECK_INT("a UINT", sizeof(UINT), 4);
    CHECK_INT("a WORD", sizeof(WORD), 2);
    CHECK_INT("a USHORT", sizeof(USHORT), 2);
    CHECK_INT("a BYTE", sizeof(BYTE), 1);
    CHECK_INT("a UCHAR", sizeof(UCHAR), 1);
    CHECK_INT("a TCHAR", sizeof(TCHAR), 1);
    CHECK_INT("a BOOL", sizeof(BOOL), sizeof(int));
}

static void numbers(void)
{
    DWORD dw = 0x12345678UL;

    CHECK_INT("LOWORD", LOWORD(dw), 0x5678);
    CHECK_INT("HIWORD", HIWORD(dw), 0x1234);
    CHECK_INT("LOBYTE", LOBYTE(LOWORD(dw)), 0x78);
    CHECK_INT("HIBYTE", HIBYTE(LOWORD(dw)), 0x56);
    CHECK_INT("LOWORD of a negative one", LOWORD(-2L), 0xFFFE);
    CHECK_INT("HIWORD of a negative one", HIWORD(-2L), 0xFFFF);
    CHECK_INT("MAKEWORD", MAKEWORD(0x101, 2), 0x0201);
    CHECK_INT("MAKELONG", MAKELONG(0x5678, 0x1234), 0x12345678);
    CHECK_INT("MAKELONG is signed", MAKELONG(0xFFFF, 0xFFFF), -1);
    CHECK_INT("MAKELPARAM is not", (unsigned int)MAKELPARAM(1, 0x8000), 0x80000001U);
#ifndef __cplusplus
    CHECK_INT("min", min(2, 1), 1);
    CHECK_INT("max", max(2, 1), 2);
#endif
}

static int formatted(char *to, const char *format, ...)
{
    va_list values;
    int length;

    va_start(values, format);
    length = wvsprintf(to, format, values);
    va_end(values);
    return length;
}

static void strings(void)
{
    static char text[1200], longer[1400];
    char *copy;

    CHECK("lstrcpy", lstrcpy(text, "abc") == text && lstrlen(text) == 3);
    CHECK_TEXT("lstrcat", lstrcat(text, TEXT("DEF")), "abcDEF");
    CHECK("of nothing", lstrlen(NULL) == 0 && lstrcpy(NULL, "x") == NULL && lstrcat(text, NULL) == NULL);
    CHECK_TEXT("lstrcpyn", lstrcpyn(text, "12345", 4), "123");
    CHECK_TEXT("lstrcpyn of all", lstrcpyn(text, "12345", 6), "12345");
    CHECK_TEXT("lstrcpyn of nothing", lstrcpyn(text, "x", 1), "");
    CHECK("lstrcmp", lstrcmp("a", "b") < 0 && lstrcmp("a", "a") == 0 && lstrcmp("b", "a") > 0);
    CHECK("lstrcmpi", lstrcmpi("MAIL from", "mail FROM") == 0 && lstrcmpi("a", "B") < 0 && lstrcmpi("ab", "a") > 0);
    CHECK("stricmp", stricmp("A", "a") == 0 && _stricmp("A_", "a^") != 0 && strcmpi("a", "b") < 0);
    CHECK("strnicmp", strnicmp("Subject: x", "SUBJECT: y", 9) == 0 && _strnicmp("ab", "AC", 2) < 0 && _tcsnicmp("a", "b", 0) == 0);
    lstrcpy(text, "aZ{[@`");
    CHECK_TEXT("strupr", strupr(text), "AZ{[@`");
    CHECK_TEXT("strlwr", _strlwr(text), "az{[@`");
    copy = _strdup(text);
    CHECK_TEXT("strdup", copy, text);
    free(copy);
    CHECK_INT("wsprintf", wsprintf(text, "%s-%d-%lu-%lX", "a", -5, (DWORD)4000000000UL, (DWORD)0xFFUL), 18);
    CHECK_TEXT("what it wrote", text, "a--5-4000000000-FF");
    CHECK_INT("wvsprintf", formatted(text, "%03u", 7U), 3);
    FillMemory(longer, sizeof longer - 1, 'x');
    ZeroMemory(text, sizeof text);
    CHECK_INT("wsprintf ends in time", wsprintf(text, "%s", longer), 1023);
    CHECK("nothing behind it", text[1022] == 'x' && text[1023] == 0);
    FillMemory(text, 8, '#');
    CHECK_INT("_snprintf of what does not fit", _snprintf(text, 3, "%d", 12345), -1);
    CHECK("is cut without a NUL", memcmp(text, "123####", 7) == 0);
    CHECK_INT("_snprintf", _snprintf(text, 10, "%d", 12345), 5);
    CHECK_TEXT("has a NUL", text, "12345");
    CHECK_TEXT("itoa", itoa(-2147483647 - 1, text, 10), "-2147483648");
    CHECK_TEXT("itoa to another base", _itoa(-1, text, 16), "ffffffff");
    CHECK_TEXT("itoa of zero", itoa(0, text, 2), "0");
    CHECK_TEXT("ltoa", _ltoa(-70000L, text, 10), "-70000");
    CHECK_TEXT("ultoa", ultoa(4000000000UL, text, 10), "4000000000");
    CHECK_INT("far ones", _fstrlen(_fstrcpy(text, "far")), 3);
}

static void memory(void)
{
    HGLOBAL handle = GlobalAlloc(GHND, 100);
    LPBYTE bytes = (LPBYTE)GlobalLock(handle);
    BYTE other[4] = { 1, 2, 3, 4 };

    CHECK("memory", handle != NULL && bytes != NULL && GlobalSize(handle) == 100);
    CHECK("is empty", bytes[0] == 0 && bytes[99] == 0);
    CHECK("and aligned", ((DWORD)bytes & (sizeof(void *) - 1)) == 0);
    FillMemory(bytes, 100, 9);
    GlobalUnlock(handle);
    handle = GlobalReAlloc(handle, 200, GMEM_MOVEABLE | GMEM_ZEROINIT);
    bytes = (LPBYTE)GlobalLock(handle);
    CHECK("grows with what it had", handle != NULL && bytes[99] == 9 && bytes[100] == 0 && bytes[199] == 0);
    MoveMemory(other + 1, other, 3);
    CHECK("MoveMemory", other[1] == 1 && other[3] == 3);
    CHECK("is given back", GlobalFree(handle) == NULL);
    CHECK("too much is not there", GlobalAlloc(GPTR, (DWORD_PTR)-1) == NULL);
    bytes = (LPBYTE)LocalAlloc(LPTR, 3);
    CHECK("local memory", bytes != NULL && bytes[2] == 0 && LocalFree(bytes) == NULL);
    bytes = (LPBYTE)GlobalAllocPtr(GHND, 3);
    CHECK("memory by its address", bytes != NULL && GlobalFreePtr(bytes));
}

static void files(void)
{
    char name[] = "/tmp/helo-words-XXXXXX", text[20] = "";
    HFILE file;

    _lclose(mkstemp(name));
    file = _lcreat(name, 0);
    CHECK("a file is made", file != HFILE_ERROR);
    CHECK_INT("and written", _lwrite(file, "Subject: x", 10), 10);
    CHECK_INT("and closed", _lclose(file), 0);
    file = _lopen(name, OF_READ | OF_SHARE_DENY_NONE);
    CHECK("it is opened", file != HFILE_ERROR);
    CHECK_INT("its length", _llseek(file, 0, FILE_END), 10);
    CHECK_INT("its beginning", _llseek(file, 0, FILE_BEGIN), 0);
    CHECK_INT("what is read", _lread(file, text, sizeof text), 10);
    CHECK_TEXT("is what was written", text, "Subject: x");
    CHECK_INT("nothing follows", _hread(file, text, 5), 0);
    CHECK("reading is no writing", _hwrite(file, text, 1) == -1);
    _lclose(file);
    remove(name);
    CHECK_INT("what is not there", _lopen(name, OF_READ), HFILE_ERROR);
}

static void sockets(void)
{
    WSADATA data;
    char name[256] = "";

    CHECK_INT("WSAStartup", WSAStartup(MAKEWORD(1, 1), &data), 0);
    CHECK_INT("the version", data.wVersion, 0x0101);
    CHECK("this machine's name", gethostname(name, sizeof name) == 0 && name[0] != 0);
    CHECK_INT("no socket", closesocket(INVALID_SOCKET), SOCKET_ERROR);
    CHECK("says why", WSAGetLastError() != 0);
    CHECK_INT("WSACleanup", WSACleanup(), 0);
}

static void others(void)
{
    DWORD start = GetTickCount();
    SYSTEMTIME now;
    MSG msg;

    Sleep(30);
    CHECK("Sleep takes its time", GetTickCount() - start >= 30);
    Sleep(0);
    CHECK("the clock has 32 bits", (start >> 16 >> 16) == 0);
    GetSystemTime(&now);
    CHECK("the time", now.wYear >= 2024 && now.wMonth >= 1 && now.wMonth <= 12 && now.wDay >= 1 && now.wHour < 24);
    GetLocalTime(&now);
    CHECK("the local time", now.wYear >= 2024 && now.wDayOfWeek < 7 && now.wMilliseconds < 1000);
    SetLastError(5);
    CHECK_INT("the last error", GetLastError(), 5);
    CHECK("no message waits", !PeekMessage(&msg, NULL, 0, 0, PM_REMOVE));
    CHECK_INT("nobody answers: OK", MessageBox(NULL, "text", "title", MB_OK | MB_ICONSTOP), IDOK);
    CHECK_INT("nobody answers: no", MessageBox(NULL, "again?", NULL, MB_YESNO | MB_ICONQUESTION), IDNO);
    CHECK_INT("nobody tries again", MessageBox(NULL, "again?", "title", MB_RETRYCANCEL), IDCANCEL);
    CHECK_INT("nobody goes on", MessageBox(NULL, "again?", "title", MB_ABORTRETRYIGNORE), IDABORT);
    OutputDebugString("seen\n");
}

int _tmain(void)
{
    widths();
    numbers();
    strings();
    memory();
    files();
    sockets();
    others();
    return checks_done();
}
