/* The native face's functions with garbage. */
#include "garbage.h"
#include <helo.h>

int main(void)
{
    CALL(helo_version);
    return checks_done();
}
