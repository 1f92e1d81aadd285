/* Generated from src/faces/distinct: do not edit. make headers writes it anew. */
/* d32-fw.h for programs that are compiled on Windows or for it, as d32-smtp.h beside it. */
#include "../d32-fw.h"
