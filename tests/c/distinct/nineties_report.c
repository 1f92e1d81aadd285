/* A program as it was written for 32-bit Windows in 1996, unchanged: the address of its state goes through lParam as
 * (DWORD)&state, the message comes from a data callback, the strings are put together by the functions of windows.h, and
 * a yield function lets messages run while the library waits.
 *
 * standards: gnu89 c11 c++98 c++17
 * server: dialogue
 *     S: 220 mail.example ready
 *     C: EHLO pc.example
 *     S: 250 mail.example
 *     C: MAIL FROM:<till@pc.example>
 *     S: 250 ok
 *     C: RCPT TO:<office@mail.example>
 *     S: 250 ok
 *     C: DATA
 *     S: 354 go on
 *     C. Subject: TILL 7, day 3\r\nX-Total: 70000\r\n\r\n..hidden line\r\nitem 1\r\nitem 2\r\n.\r\n
 *     S: 250 taken
 *     C: MAIL FROM:<till@pc.example>
 *     S: 250 ok
 *     C: RCPT TO:<nobody@mail.example>
 *     S: 550 no such user
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 */
#include <windows.h>
#include <tchar.h>
#include <string.h>
#include "d32-smtp.h"
#include "check.h"

#define MAXTEXT 400

typedef struct tagREPORT {
    LPTSTR lpszText;
    DWORD dwSize;
    DWORD dwSent;
    UINT uCalls;
    DWORD dwTraffic;
} REPORT, FAR *LPREPORT;

static UINT nYields = 0;

static int CALLBACK SendProc(GLOBALHANDLE hConn, LPSTR lpBuf, int nLen, DWORD lParam)
{
    LPREPORT lpReport = (LPREPORT)lParam;
    DWORD dwLeft = lpReport->dwSize - lpReport->dwSent;

    UNREFERENCED_PARAMETER(hConn);
    lpReport->uCalls++;
    if (dwLeft > (DWORD)nLen) {
        dwLeft = (DWORD)nLen;
    }
    /* Small pieces, as from a slow disk. */
    if (dwLeft > 7) {
        dwLeft = 7;
    }
    CopyMemory(lpBuf, lpReport->lpszText + lpReport->dwSent, dwLeft);
    lpReport->dwSent += dwLeft;
    return (int)dwLeft;
}

static int __stdcall DebugProc(GLOBALHANDLE hConn, LPSTR lpBuf, int nLen, LONG lParam)
{
    (void)hConn;
    (void)lpBuf;
    ((LPREPORT)lParam)->dwTraffic += (DWORD)nLen;
    return 0;
}

static int FAR PASCAL YieldProc(VOID)
{
    MSG msg;

    nYields++;
    while (PeekMessage(&msg, NULL, 0, 0, PM_REMOVE)) {
        TranslateMessage(&msg);
        DispatchMessage(&msg);
    }
    return 0;
}

static BOOL MakeReport(LPREPORT lpReport, WORD wTill, BYTE bDay, DWORD dwTotal)
{
    CHAR szLine[80], szNumber[20];
    HGLOBAL hText = GlobalAlloc(GHND, MAXTEXT);

    if (hText == NULL || (lpReport->lpszText = (LPTSTR)GlobalLock(hText)) == NULL) {
        return FALSE;
    }
    wsprintf(lpReport->lpszText, TEXT("Subject: %s %d, day %u\r\n"), (LPSTR)"till", wTill, bDay);
    _strupr(lpReport->lpszText + 9);
    _tcslwr(lpReport->lpszText + 17);
    lstrcpy(szLine, "X-Total: ");
    lstrcat(szLine, ltoa((long)dwTotal, szNumber, 10));
    lstrcat(szLine, _T("\r\n\r\n.hidden line\r\nitem 1\r\nitem 2\r\n"));
    lstrcat(lpReport->lpszText, szLine);
    lpReport->dwSize = (DWORD)lstrlen(lpReport->lpszText);
    return TRUE;
}

int main(int argc, char **argv)
{
    REPORT rep;
    GLOBALHANDLE hConn = NULL;
    DWORD dwParam = 0, dwStart = GetTickCount();
    TCHAR szHost[MAX_PATH], szReply[200];
    FARPROC lpfnSend = MakeProcInstance((FARPROC)SendProc, NULL);
    int nCode = 0, nResult;

    if (argc < 3) {
        return 2;
    }
    ZeroMemory(&rep, sizeof(REPORT));
    CHECK("the report is made", MakeReport(&rep, LOWORD(MAKELONG(7, 1)), LOBYTE(MAKEWORD(3, 9)), 70000L));
    wsprintf(szHost, "%s:%s", argv[1], argv[2]);
    nResult = smtp_helo(szHost, "pc.example", &hConn, (FARPROC)DebugProc, (DWORD)&rep);
    CHECK_INT("helo", nResult, SMTP_SUCCESS);
    CHECK("the debug callback has the state", rep.dwTraffic > 0);
    CHECK_INT("timeout", smtp_opts(hConn, OPT_TIMEOUT, (DWORD)30), SMTP_SUCCESS);
    CHECK_INT("debug off", smtp_opts(hConn, OPT_DEBUG, (DWORD)NULL), SMTP_SUCCESS);
    CHECK_INT("yield", smtp_opts(hConn, OPT_YIELD_ON, (DWORD)YieldProc), SMTP_SUCCESS);
    CHECK_INT("the parameter is given", smtp_opts(hConn, OPT_GET_PARAM, (DWORD)&dwParam), SMTP_SUCCESS);
    CHECK("it is the state", (LPREPORT)dwParam == &rep);

    CHECK_INT("mail", smtp_mail(hConn, "till@pc.example"), SMTP_SUCCESS);
    CHECK_INT("rcpt", smtp_rcpt(hConn, "office@mail.example"), SMTP_SUCCESS);
    CHECK_INT("data", smtp_data(hConn, lpfnSend), SMTP_SUCCESS);
    CHECK_INT("all was sent", rep.dwSent, rep.dwSize);
    CHECK("in pieces", rep.uCalls > 10);

    CHECK_INT("mail", smtp_mail(hConn, "till@pc.example"), SMTP_SUCCESS);
    CHECK_INT("rcpt refused", smtp_rcpt(hConn, "nobody@mail.example"), SMTP_FAILURE);
    CHECK_INT("rply", smtp_rply(hConn, szReply, sizeof(szReply), &nCode), SMTP_SUCCESS);
    CHECK_INT("its code", nCode, 550);
    CHECK("its words", lstrcmpi(szReply, "550 No Such User") == 0);
    CHECK_INT("quit", smtp_quit(hConn), SMTP_SUCCESS);
    CHECK("the time can be told", GetTickCount() - dwStart < 60000L);
    CHECK("the memory is free", GlobalFree(GlobalHandle(rep.lpszText)) == NULL);
    FreeProcInstance(lpfnSend);
    return checks_done();
}
