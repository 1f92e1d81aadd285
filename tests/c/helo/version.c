/* The library says which version it is. */
#include "check.h"
#include <helo.h>

int main(void)
{
    const char *version = helo_version();
    int major, minor, patch;

    CHECK("there is a version", version != NULL);
    CHECK("it is three numbers", sscanf(version, "%d.%d.%d", &major, &minor, &patch) == 3);
    CHECK("it is the same text each time", helo_version() == version);
    return checks_done();
}
