/* Starts a program, waits for a line that it prints, and does to it what the console of Windows does: says how the program has
 * ended, and is 0 if it was as it should be.
 *
 *     keys.exe EVENT HOW LINE PROGRAM ARGUMENTS...
 *
 * EVENT: "c" presses Ctrl-C for all of this console, which needs one. "break", "close", "logoff" and "shutdown" come to the
 * program as the system brings them: a thread begins in it at the system's own CtrlRoutine, with the number of the event.
 * HOW: "order": the program, a server that prints "127.0.0.1:PORT", has a mail on its way, which must be taken before it ends with
 * 0; "twice": the same, but the event comes a second time and it ends at once; "end": it ends soon, by no fault; "stay": it goes
 * on, and ends in order by a "break". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winsock2.h>
#include <windows.h>

static const struct {
    const char *name;
    DWORD number;
} events[] = {{"c", CTRL_C_EVENT}, {"break", CTRL_BREAK_EVENT}, {"close", CTRL_CLOSE_EVENT}, {"logoff", CTRL_LOGOFF_EVENT},
              {"shutdown", CTRL_SHUTDOWN_EVENT}};

static PROCESS_INFORMATION process;
static char seen[65536];

/* The console shows what it is told with much around it: a file has it as it is. */
static void report(const char *what, DWORD number)
{
    FILE *file = fopen("keys.log", "a");

    if (file != NULL) {
        fprintf(file, "%s: %#lx\n", what, (unsigned long)number);
        fclose(file);
    }
}

static int fail(const char *what, DWORD number)
{
    char text[200];

    snprintf(text, sizeof text, "not ok %s", what);
    report(text, number);
    TerminateProcess(process.hProcess, 99);
    return 1;
}

/* Starts it with its output in a pipe; the end to read from. */
static HANDLE start(char *command)
{
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    STARTUPINFOA how = {.cb = sizeof how};
    HANDLE out, in;

    CreatePipe(&out, &in, &inherited, 0);
    SetHandleInformation(out, HANDLE_FLAG_INHERIT, 0);
    how.dwFlags = STARTF_USESTDHANDLES;
    how.hStdOutput = in;
    how.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &how, &process)) {
        fprintf(stderr, "%s: %lu\n", command, (unsigned long)GetLastError());
        exit(3);
    }
    CloseHandle(in);
    return out;
}

/* Makes it one of the session without a user, where services are: it is told so in its environment block. */
static int serve(void)
{
    struct {
        void *status;
        BYTE *environment;
        void *others[4];
    } known;
    typedef LONG(WINAPI *ask)(HANDLE, ULONG, void *, ULONG, ULONG *);
    ask query = (ask)(void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtQueryInformationProcess");
    ULONG session = 0;

    memset(&known, 0, sizeof known);
    return query(process.hProcess, 0, &known, sizeof known, NULL) == 0 &&
           WriteProcessMemory(process.hProcess, known.environment + (sizeof(void *) == 8 ? 0x2C0 : 0x1D4), &session,
                              sizeof session, NULL);
}

static int bring(DWORD event)
{
    HMODULE system = GetModuleHandleA("kernelbase.dll");
    LPTHREAD_START_ROUTINE routine = (LPTHREAD_START_ROUTINE)(void *)GetProcAddress(system, "CtrlRoutine");
    HANDLE thread;

    if (event == CTRL_C_EVENT) {
        SetConsoleCtrlHandler(NULL, TRUE); /* not for this program itself */
        return GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0) != 0;
    }
    /* The system's libraries stand at one address in all processes. */
    thread = CreateRemoteThread(process.hProcess, NULL, 0, routine, (void *)(DWORD_PTR)event, 0, NULL);
    if (thread == NULL)
        return 0;
    CloseHandle(thread);
    return 1;
}

static SOCKET dial(void)
{
    const char *found = strstr(seen, "127.0.0.1:");
    struct sockaddr_in address;
    SOCKET connection = socket(AF_INET, SOCK_STREAM, 0);

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((u_short)(found != NULL ? atoi(found + strlen("127.0.0.1:")) : 0));
    if (connect(connection, (struct sockaddr *)&address, sizeof address) == 0)
        return connection;
    closesocket(connection);
    return INVALID_SOCKET;
}

/* Sends some text and reads until there is a whole reply: the code of the first, 0 when the connection has ended. */
static int say(SOCKET connection, const char *text)
{
    static char reply[4096];
    int length = 0, got;

    send(connection, text, (int)strlen(text), 0);
    while ((got = recv(connection, reply + length, (int)sizeof reply - 1 - length, 0)) > 0) {
        reply[length += got] = '\0';
        for (const char *line = reply, *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
            if (end - line >= 4 && line[3] == ' ')
                return atoi(line);
    }
    return 0;
}

/* Its port is closed: it has been told, and is ending. */
static int takes_nobody(void)
{
    for (int tries = 0; tries < 1000; tries++) {
        SOCKET connection = dial();

        if (connection == INVALID_SOCKET)
            return 1;
        closesocket(connection);
        Sleep(20);
    }
    return 0;
}

static int with_a_mail(DWORD event, int twice)
{
    SOCKET connection = dial();
    int code;

    if (connection == INVALID_SOCKET || say(connection, "") != 220 || say(connection, "EHLO pc.example\r\n") != 250 ||
        say(connection, "MAIL FROM:<ann@pc.example>\r\n") != 250 || say(connection, "RCPT TO:<bob@example.test>\r\n") != 250 ||
        say(connection, "DATA\r\n") != 354)
        return fail("no mail begins", (DWORD)WSAGetLastError());
    send(connection, "Subject: the key\r\n\r\n", 20, 0);
    if (!bring(event))
        return fail("no event", GetLastError());
    if (!takes_nobody())
        return fail("new connections are taken after the event", event);
    if (WaitForSingleObject(process.hProcess, 0) == WAIT_OBJECT_0)
        return fail("it has ended in the middle of a mail", event);
    if (twice) {
        if (!bring(event))
            return fail("no second event", GetLastError());
    } else if ((code = say(connection, "hello\r\n.\r\n")) != 250) {
        return fail("the mail that was on its way was not taken", (DWORD)code);
    }
    return 0;
}

int main(int argc, char **argv)
{
    static char command[4000];
    WSADATA data;
    HANDLE out;
    DWORD got, length = 0, code = 1, event = 0;
    size_t known = 0;
    int order, twice, end, stay;

    if (argc < 5)
        return 2;
    while (known < sizeof events / sizeof *events && strcmp(events[known].name, argv[1]) != 0)
        known++;
    if (known == sizeof events / sizeof *events)
        return 2;
    event = events[known].number;
    order = strcmp(argv[2], "order") == 0, twice = strcmp(argv[2], "twice") == 0;
    end = strcmp(argv[2], "end") == 0, stay = strcmp(argv[2], "stay") == 0;
    for (int i = 4; i < argc; i++)
        snprintf(command + strlen(command), sizeof command - strlen(command), "%s%s", i > 4 ? " " : "", argv[i]);
    WSAStartup(MAKEWORD(2, 2), &data);
    if (event == CTRL_C_EVENT && GetConsoleWindow() == NULL && !AllocConsole())
        fprintf(stderr, "no console: %lu\n", (unsigned long)GetLastError());
    out = start(command);
    while (strstr(seen, argv[3]) == NULL && length < sizeof seen - 1 &&
           ReadFile(out, seen + length, sizeof seen - 1 - length, &got, NULL) && got > 0)
        length += got;
    if (strstr(seen, argv[3]) == NULL)
        return fail("it has not said what it should", length);

    if (stay && !serve())
        return fail("it is no service", GetLastError());
    if (order || twice) {
        if (with_a_mail(event, twice) != 0)
            return 1;
    } else if (!bring(event)) {
        return fail("no event", GetLastError());
    }
    if (stay) {
        if (WaitForSingleObject(process.hProcess, 1000) == WAIT_OBJECT_0)
            return fail("it has not stayed", event);
        if (with_a_mail(CTRL_BREAK_EVENT, 0) != 0)
            return 1;
    }
    if (WaitForSingleObject(process.hProcess, 20000) != WAIT_OBJECT_0)
        return fail("it has not ended", event);
    GetExitCodeProcess(process.hProcess, &code);
    snprintf(command, sizeof command, "%s, %s: %s ended with", argv[1], argv[2], argv[4]);
    report(command, code);
    if (twice || end) /* by the system's own hand; what Wine's system says there is 0 */
        return !(code == 0 || code == 0xC000013A);
    return code != 0;
}
