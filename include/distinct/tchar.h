/* Generated from src/faces/distinct: do not edit. make headers writes it anew. */
/* The names by which programs for Windows call what exists for narrow and for wide characters: narrow here.
 *
 * On Windows this is the system's own tchar.h. */
#if defined(_WIN32) && !defined(__unix__) && !defined(__APPLE__)

#if defined(__GNUC__)
#pragma GCC system_header
#include_next <tchar.h>
#else
#include <../ucrt/tchar.h>
#endif

#elif !defined(HELO_DISTINCT_TCHAR_H)
#define HELO_DISTINCT_TCHAR_H

#include "windows.h"

#define _TCHAR TCHAR
#define _tmain main
#define _tcslen strlen
#define _tcscpy strcpy
#define _tcsncpy strncpy
#define _tcscat strcat
#define _tcsncat strncat
#define _tcscmp strcmp
#define _tcsncmp strncmp
#define _tcsicmp _stricmp
#define _tcsnicmp _strnicmp
#define _tcschr strchr
#define _tcsrchr strrchr
#define _tcsstr strstr
#define _tcstok strtok
#define _tcsdup _strdup
#define _tcslwr _strlwr
#define _tcsupr _strupr
#define _ttoi atoi
#define _ttol atol
#define _itot _itoa
#define _ltot _ltoa
#define _tprintf printf
#define _ftprintf fprintf
#define _stprintf sprintf
#define _sntprintf _snprintf
#define _vstprintf vsprintf
#define _tfopen fopen
#define _fgetts fgets
#define _fputts fputs
#define _tgetenv getenv

#endif
