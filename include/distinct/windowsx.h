/* Generated from src/faces/distinct: do not edit. make headers writes it anew. */
/* Macros of Windows that stand in a header of their own: windows.h has those that are here.
 *
 * On Windows this is the system's own windowsx.h. */
#if defined(_WIN32) && !defined(__unix__) && !defined(__APPLE__)

#if defined(__GNUC__)
#pragma GCC system_header
#include_next <windowsx.h>
#else
#include <../um/windowsx.h>
#endif

#else

#include "windows.h"

#endif
