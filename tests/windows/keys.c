/* Starts a program in a group of its own, waits for a line that it prints, and presses Ctrl-Break, or Ctrl-C for all of the
 * console: says how the program has ended, and is 0 if it was with 0.
 *
 *     keys.exe break|c LINE PROGRAM ARGUMENTS... */
#include <stdio.h>
#include <string.h>
#include <windows.h>

int main(int argc, char **argv)
{
    static char command[4000], seen[65536];
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    STARTUPINFOA start = {.cb = sizeof start};
    PROCESS_INFORMATION process;
    HANDLE out, in;
    DWORD got, length = 0, code = 1;
    int is_break;

    if (argc < 4)
        return 2;
    is_break = strcmp(argv[1], "break") == 0;
    for (int i = 3; i < argc; i++)
        snprintf(command + strlen(command), sizeof command - strlen(command), "%s%s", i > 3 ? " " : "", argv[i]);
    if (GetConsoleWindow() == NULL && !AllocConsole())
        fprintf(stderr, "no console: %lu\n", (unsigned long)GetLastError());
    CreatePipe(&out, &in, &inherited, 0);
    SetHandleInformation(out, HANDLE_FLAG_INHERIT, 0);
    start.dwFlags = STARTF_USESTDHANDLES;
    start.hStdOutput = in;
    start.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!CreateProcessA(NULL, command, NULL, NULL, TRUE, is_break ? CREATE_NEW_PROCESS_GROUP : 0, NULL, NULL, &start,
                        &process)) {
        fprintf(stderr, "%s: %lu\n", command, (unsigned long)GetLastError());
        return 3;
    }
    CloseHandle(in);
    while (strstr(seen, argv[2]) == NULL && length < sizeof seen - 1 &&
           ReadFile(out, seen + length, sizeof seen - 1 - length, &got, NULL) && got > 0)
        length += got;
    if (!is_break)
        SetConsoleCtrlHandler(NULL, TRUE); /* not for this program itself */
    if (!GenerateConsoleCtrlEvent(is_break ? CTRL_BREAK_EVENT : CTRL_C_EVENT, is_break ? process.dwProcessId : 0))
        fprintf(stderr, "no key: %lu\n", (unsigned long)GetLastError());
    if (WaitForSingleObject(process.hProcess, 60000) != WAIT_OBJECT_0) {
        TerminateProcess(process.hProcess, 99);
        WaitForSingleObject(process.hProcess, 5000);
    }
    GetExitCodeProcess(process.hProcess, &code);
    printf("ended with %#lx\n", (unsigned long)code);
    return code != 0;
}
