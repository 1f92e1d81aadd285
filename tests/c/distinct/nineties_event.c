/* smtp_xhelo from a thread of the program's own, and an event that says when the status callback is done.
 *
 * standards: gnu89 c89 c11 c++17
 * server: dialogue
 *     S: 220 mail.example ready
 *     C: EHLO pc.example
 *     S: 250 mail.example
 *     C: MAIL FROM:<ann@pc.example>
 *     S: 250 ok
 *     C: RCPT TO:<bob@mail.example>
 *     S: 250 ok
 *     C: DATA
 *     S: 354 go on
 *     C. Subject: x\r\n\r\nbody\r\n.\r\n
 *     S: 250 taken
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 */
#include <windows.h>
#include <stdio.h>
#include "d32-smtp.h"

#define CHECK(what, holds) printf("%s %s\n", (holds) ? "ok" : "not ok", what)

typedef struct {
    char szHost[64];
    HANDLE hDone;
    int nResult;
    CRITICAL_SECTION cs;
    DWORD dwSteps;
} JOB;

static void Step(JOB *pJob)
{
    EnterCriticalSection(&pJob->cs);
    EnterCriticalSection(&pJob->cs);
    pJob->dwSteps++;
    LeaveCriticalSection(&pJob->cs);
    LeaveCriticalSection(&pJob->cs);
}

static int CALLBACK Connected(GLOBALHANDLE hConn, int nResult, DWORD lParam)
{
    JOB *pJob = (JOB *)lParam;
    static const char text[] = "Subject: x\r\n\r\nbody\r\n";

    Step(pJob);
    if (nResult == SMTP_SUCCESS) nResult = smtp_mail(hConn, "ann@pc.example");
    if (nResult == SMTP_SUCCESS) nResult = smtp_rcpt(hConn, "bob@mail.example");
    if (nResult == SMTP_SUCCESS) nResult = smtp_data_buf(hConn, text, sizeof(text) - 1);
    if (nResult == SMTP_SUCCESS) nResult = smtp_data_buf(hConn, NULL, 0);
    smtp_quit(hConn);
    pJob->nResult = nResult;
    SetEvent(pJob->hDone);
    return 0;
}

static DWORD WINAPI Mailer(LPVOID lpParameter)
{
    JOB *pJob = (JOB *)lpParameter;
    GLOBALHANDLE hConn;

    Step(pJob);
    if (smtp_xhelo(pJob->szHost, "pc.example", &hConn, NULL, (FARPROC)Connected, (DWORD)pJob) != SMTP_SUCCESS) {
        return 1;
    }
    if (WaitForSingleObject(pJob->hDone, 60000) != WAIT_OBJECT_0) {
        return 2;
    }
    return pJob->nResult == SMTP_SUCCESS ? 70000 : 3;
}

int main(int argc, char **argv)
{
    JOB job;
    HANDLE hThread, hOther;
    DWORD dwId = 0, dwCode = 0, dwStart;

    if (argc < 3) {
        return 2;
    }
    ZeroMemory(&job, sizeof(job));
    wsprintf(job.szHost, "%s:%s", argv[1], argv[2]);
    InitializeCriticalSection(&job.cs);
    job.hDone = CreateEvent(NULL, FALSE, FALSE, NULL);
    hThread = CreateThread(NULL, 0, Mailer, &job, 0, &dwId);
    CHECK("a thread", job.hDone != NULL && hThread != NULL);
    Step(&job);
    CHECK("it ends", WaitForSingleObject(hThread, INFINITE) == WAIT_OBJECT_0);
    CHECK("and has ended", WaitForSingleObject(hThread, 0) == WAIT_OBJECT_0);
    CHECK("the mail is gone", GetExitCodeThread(hThread, &dwCode) && dwCode == 70000);
    CHECK("three have stepped", job.dwSteps == 3);
    CHECK("the event was used up", WaitForSingleObject(job.hDone, 0) == WAIT_TIMEOUT);
    dwStart = GetTickCount();
    CHECK("and a wait ends in time", WaitForSingleObject(job.hDone, 30) == WAIT_TIMEOUT && GetTickCount() - dwStart >= 29);
    hOther = CreateEvent(NULL, TRUE, TRUE, "other");
    CHECK("another stays", WaitForSingleObject(hOther, 0) == WAIT_OBJECT_0 && WaitForSingleObject(hOther, 5) == WAIT_OBJECT_0);
    CHECK("until it is reset", ResetEvent(hOther) && WaitForSingleObject(hOther, 0) == WAIT_TIMEOUT);
    CHECK("no object", WaitForSingleObject(NULL, 0) == WAIT_FAILED && !CloseHandle(INVALID_HANDLE_VALUE) && !SetEvent(NULL));
    CHECK("all are closed", CloseHandle(hThread) && CloseHandle(hOther) && CloseHandle(job.hDone));
    DeleteCriticalSection(&job.cs);
    return 0;
}
