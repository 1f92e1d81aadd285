/* Connects to the host that it is told and says what came of it: its own user, the code, the last error in words. */
#include <helo.h>
#include <stdio.h>
#include <unistd.h>
#include <windows.h>
#include <d32-smtp.h>

int main(int argc, char **argv)
{
    GLOBALHANDLE conn = NULL;
    int code = smtp_helo(argc > 1 ? argv[1] : NULL, "me.example", &conn, NULL, 0);

    printf("user %d: %d %s\n", (int)geteuid(), code, helo_last_error());
    return 0;
}
