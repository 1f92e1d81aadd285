/* Generated from src/faces/distinct: do not edit. make headers writes it anew. */
/* d32-smtp.h for programs that are compiled on Windows or for it: the folder of this file is in their include path. That above
 * it has stand-ins for the headers of Windows, for other systems; the compiler's own are to be found here. */
#include "../d32-smtp.h"
