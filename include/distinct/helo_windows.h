/* Generated from src/faces/distinct: do not edit. make headers writes it anew. */
/* Small functions of Windows and of its compilers' libraries, for programs on other systems; windows.h brings them, unless
 * HELO_WINDOWS_TYPES_ONLY is defined. Each does what the original does as far as a program that mails can tell; where that
 * is less, its comment says so. A name that the program has made a macro before is left to the program.
 *
 * They are compiled into the program: the library exports none of them. */
/* Before the guard: whoever includes this first gets it through windows.h. */
#include "windows.h"

#ifndef HELO_DISTINCT_HELO_WINDOWS_H
#define HELO_DISTINCT_HELO_WINDOWS_H

#if !defined(_WIN32) || defined(__unix__) || defined(__APPLE__)

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>

#if defined(__GNUC__)
#define HELO_WINDOWS_INLINE static __inline__ __attribute__((__unused__))
#define HELO_WINDOWS_FORMAT(text, values) __attribute__((__format__(__printf__, text, values)))
#else
#define HELO_WINDOWS_FORMAT(text, values)
#if defined(__cplusplus) || (defined(__STDC_VERSION__) && __STDC_VERSION__ >= 199901L)
#define HELO_WINDOWS_INLINE static inline
#else
#define HELO_WINDOWS_INLINE static
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* -- Strings ------------------------------------------------------------------------------------------------------------ */

/* ASCII only, whatever the locale is. */
HELO_WINDOWS_INLINE int helo_windows_lower(int letter)
{
    return letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter;
}

HELO_WINDOWS_INLINE int helo_windows_compare(const char *one, const char *other, size_t most)
{
    while (most > 0) {
        int left = helo_windows_lower((unsigned char)*one++), right = helo_windows_lower((unsigned char)*other++);
        if (left != right || left == 0) {
            return left - right;
        }
        most--;
    }
    return 0;
}

#ifndef lstrlen
HELO_WINDOWS_INLINE int lstrlen(LPCSTR text)
{
    return text == NULL ? 0 : (int)strlen(text);
}
#endif

#ifndef lstrcpy
HELO_WINDOWS_INLINE LPSTR lstrcpy(LPSTR to, LPCSTR from)
{
    return to == NULL || from == NULL ? NULL : strcpy(to, from);
}
#endif

#ifndef lstrcat
HELO_WINDOWS_INLINE LPSTR lstrcat(LPSTR to, LPCSTR from)
{
    return to == NULL || from == NULL ? NULL : strcat(to, from);
}
#endif

/* At most size - 1 characters, and always a NUL. */
#ifndef lstrcpyn
HELO_WINDOWS_INLINE LPSTR lstrcpyn(LPSTR to, LPCSTR from, int size)
{
    int i = 0;
    if (to == NULL || from == NULL) {
        return NULL;
    }
    if (size > 0) {
        for (; i < size - 1 && from[i] != 0; i++) {
            to[i] = from[i];
        }
        to[i] = 0;
    }
    return to;
}
#endif

/* By the characters' numbers: the original goes by the language of the user. */
#ifndef lstrcmp
HELO_WINDOWS_INLINE int lstrcmp(LPCSTR one, LPCSTR other)
{
    return strcmp(one, other);
}
#endif

#ifndef lstrcmpi
HELO_WINDOWS_INLINE int lstrcmpi(LPCSTR one, LPCSTR other)
{
    return helo_windows_compare(one, other, (size_t)-1);
}
#endif

#ifndef stricmp
HELO_WINDOWS_INLINE int stricmp(const char *one, const char *other)
{
    return helo_windows_compare(one, other, (size_t)-1);
}
#endif

#ifndef _stricmp
HELO_WINDOWS_INLINE int _stricmp(const char *one, const char *other)
{
    return helo_windows_compare(one, other, (size_t)-1);
}
#endif

#ifndef strcmpi
HELO_WINDOWS_INLINE int strcmpi(const char *one, const char *other)
{
    return helo_windows_compare(one, other, (size_t)-1);
}
#endif

#ifndef strnicmp
HELO_WINDOWS_INLINE int strnicmp(const char *one, const char *other, size_t most)
{
    return helo_windows_compare(one, other, most);
}
#endif

#ifndef _strnicmp
HELO_WINDOWS_INLINE int _strnicmp(const char *one, const char *other, size_t most)
{
    return helo_windows_compare(one, other, most);
}
#endif

#ifndef strlwr
HELO_WINDOWS_INLINE char *strlwr(char *text)
{
    char *next;
    for (next = text; *next != 0; next++) {
        *next = (char)helo_windows_lower(*next);
    }
    return text;
}
#endif

#ifndef _strlwr
#define _strlwr strlwr
#endif

#ifndef strupr
HELO_WINDOWS_INLINE char *strupr(char *text)
{
    char *next;
    for (next = text; *next != 0; next++) {
        if (*next >= 'a' && *next <= 'z') {
            *next = (char)(*next - 'a' + 'A');
        }
    }
    return text;
}
#endif

#ifndef _strupr
#define _strupr strupr
#endif

/* To be freed with free(). */
#ifndef _strdup
HELO_WINDOWS_INLINE char *_strdup(const char *text)
{
    char *copy = (char *)malloc(strlen(text) + 1);
    return copy == NULL ? NULL : strcpy(copy, text);
}
#endif

/* The original knows fewer formats. As there, what would be longer than 1,023 characters is cut. */
#ifndef wvsprintf
HELO_WINDOWS_FORMAT(2, 0)
HELO_WINDOWS_INLINE int wvsprintf(LPSTR to, LPCSTR format, va_list values)
{
#if defined(__GNUC__)
    int length = __builtin_vsnprintf(to, 1024, format, values);
    return length < 1024 ? length : 1023;
#else
    return vsprintf(to, format, values);
#endif
}
#endif

#ifndef wsprintf
HELO_WINDOWS_FORMAT(2, 3)
HELO_WINDOWS_INLINE int wsprintf(LPSTR to, LPCSTR format, ...)
{
    va_list values;
    int length;
    va_start(values, format);
    length = wvsprintf(to, format, values);
    va_end(values);
    return length;
}
#endif

#if defined(__GNUC__)
/* -1, and no NUL behind it, where the text does not fit. */
#ifndef _vsnprintf
HELO_WINDOWS_FORMAT(3, 0)
HELO_WINDOWS_INLINE int _vsnprintf(char *to, size_t size, const char *format, va_list values)
{
    va_list again;
    char *whole;
    int length;
    __builtin_va_copy(again, values);
    length = __builtin_vsnprintf(NULL, 0, format, again);
    va_end(again);
    whole = length < 0 ? NULL : (char *)malloc((size_t)length + 1);
    if (whole == NULL) {
        return -1;
    }
    __builtin_vsnprintf(whole, (size_t)length + 1, format, values);
    memcpy(to, whole, (size_t)length < size ? (size_t)length + 1 : size);
    free(whole);
    return (size_t)length <= size ? length : -1;
}
#endif

#ifndef _snprintf
HELO_WINDOWS_FORMAT(3, 4)
HELO_WINDOWS_INLINE int _snprintf(char *to, size_t size, const char *format, ...)
{
    va_list values;
    int length;
    va_start(values, format);
    length = _vsnprintf(to, size, format, values);
    va_end(values);
    return length;
}
#endif
#endif

HELO_WINDOWS_INLINE char *helo_windows_digits(unsigned long number, int minus, char *to, int radix)
{
    char digits[8 * sizeof number + 1], *next = to;
    int count = 0;
    if (radix < 2 || radix > 36) {
        *to = 0;
        return to;
    }
    do {
        digits[count++] = "0123456789abcdefghijklmnopqrstuvwxyz"[number % (unsigned long)radix];
        number /= (unsigned long)radix;
    } while (number != 0);
    if (minus) {
        *next++ = '-';
    }
    while (count > 0) {
        *next++ = digits[--count];
    }
    *next = 0;
    return to;
}

#ifndef itoa
HELO_WINDOWS_INLINE char *itoa(int number, char *to, int radix)
{
    int minus = radix == 10 && number < 0;
    return helo_windows_digits(minus ? 0U - (unsigned int)number : (unsigned int)number, minus, to, radix);
}
#endif

#ifndef _itoa
#define _itoa itoa
#endif

#ifndef ltoa
HELO_WINDOWS_INLINE char *ltoa(long number, char *to, int radix)
{
    int minus = radix == 10 && number < 0;
    return helo_windows_digits(minus ? 0UL - (unsigned long)number : (unsigned long)number, minus, to, radix);
}
#endif

#ifndef _ltoa
#define _ltoa ltoa
#endif

#ifndef ultoa
HELO_WINDOWS_INLINE char *ultoa(unsigned long number, char *to, int radix)
{
    return helo_windows_digits(number, 0, to, radix);
}
#endif

#ifndef _ultoa
#define _ultoa ultoa
#endif

/* Of 16-bit compilers, for far pointers. */
#ifndef _fstrcpy
#define _fstrcpy strcpy
#define _fstrncpy strncpy
#define _fstrcat strcat
#define _fstrlen strlen
#define _fstrcmp strcmp
#define _fstricmp _stricmp
#define _fstrchr strchr
#define _fstrstr strstr
#define _fmemcpy memcpy
#define _fmemset memset
#define _fmemcmp memcmp
#define hmemcpy memcpy
#endif

/* -- Memory ------------------------------------------------------------------------------------------------------------- */

#ifndef ZeroMemory
#define ZeroMemory(place, size) ((void)memset((place), 0, (size)))
#endif
#ifndef FillMemory
#define FillMemory(place, size, byte) ((void)memset((place), (byte), (size)))
#endif
#ifndef CopyMemory
#define CopyMemory(to, from, size) ((void)memcpy((to), (from), (size)))
#endif
#ifndef MoveMemory
#define MoveMemory(to, from, size) ((void)memmove((to), (from), (size)))
#endif

#define GMEM_FIXED 0x0000
#define GMEM_MOVEABLE 0x0002
#define GMEM_NOCOMPACT 0x0010
#define GMEM_NODISCARD 0x0020
#define GMEM_ZEROINIT 0x0040
#define GMEM_MODIFY 0x0080
#define GMEM_DISCARDABLE 0x0100
#define GMEM_SHARE 0x2000
#define GMEM_DDESHARE 0x2000
#define GHND (GMEM_MOVEABLE | GMEM_ZEROINIT)
#define GPTR (GMEM_FIXED | GMEM_ZEROINIT)
#define LMEM_FIXED GMEM_FIXED
#define LMEM_MOVEABLE GMEM_MOVEABLE
#define LMEM_ZEROINIT GMEM_ZEROINIT
#define LHND GHND
#define LPTR GPTR

/* Before each piece of memory: its size, and room for what follows to be aligned for everything. */
typedef union helo_windows_block {
    size_t size;
    double room[2];
    void *places[2];
} helo_windows_block;

/* The handle is the address: what is movable does not move. */
HELO_WINDOWS_INLINE HGLOBAL GlobalAlloc(UINT flags, DWORD_PTR bytes)
{
    helo_windows_block *block;
    if (bytes > (size_t)-1 / 2) {
        return NULL;
    }
    block = (helo_windows_block *)malloc(sizeof *block + bytes);
    if (block == NULL) {
        return NULL;
    }
    block->size = bytes;
    if (flags & GMEM_ZEROINIT) {
        memset(block + 1, 0, bytes);
    }
    return block + 1;
}

HELO_WINDOWS_INLINE DWORD_PTR GlobalSize(HGLOBAL memory)
{
    return memory == NULL ? 0 : ((helo_windows_block *)memory - 1)->size;
}

HELO_WINDOWS_INLINE HGLOBAL GlobalReAlloc(HGLOBAL memory, DWORD_PTR bytes, UINT flags)
{
    helo_windows_block *block;
    DWORD_PTR before = GlobalSize(memory);
    if (memory == NULL || (flags & GMEM_MODIFY)) {
        return memory;
    }
    if (bytes > (size_t)-1 / 2) {
        return NULL;
    }
    block = (helo_windows_block *)realloc((helo_windows_block *)memory - 1, sizeof *block + bytes);
    if (block == NULL) {
        return NULL;
    }
    block->size = bytes;
    if ((flags & GMEM_ZEROINIT) && bytes > before) {
        memset((char *)(block + 1) + before, 0, bytes - before);
    }
    return block + 1;
}

HELO_WINDOWS_INLINE LPVOID GlobalLock(HGLOBAL memory)
{
    return memory;
}

HELO_WINDOWS_INLINE BOOL GlobalUnlock(HGLOBAL memory)
{
    (void)memory;
    return FALSE;
}

/* Returns NULL: it is done. */
HELO_WINDOWS_INLINE HGLOBAL GlobalFree(HGLOBAL memory)
{
    if (memory != NULL) {
        free((helo_windows_block *)memory - 1);
    }
    return NULL;
}

#define GlobalHandle(place) ((HGLOBAL)(place))
#define GlobalAllocPtr(flags, bytes) GlobalLock(GlobalAlloc((flags), (bytes)))
#define GlobalFreePtr(place) ((BOOL)(GlobalFree(place) == NULL))
#define LocalAlloc GlobalAlloc
#define LocalReAlloc GlobalReAlloc
#define LocalSize GlobalSize
#define LocalLock GlobalLock
#define LocalUnlock GlobalUnlock
#define LocalFree GlobalFree

/* -- Files, by the numbers that _lopen gives -------------------------------------------------------------------------------- */

#if defined(__GNUC__)

/* The system's calls under names of our own: <unistd.h> and <fcntl.h> bring many that a program may have given to its own
 * functions. */
#define HELO_WINDOWS_TEXT(text) #text
#define HELO_WINDOWS_SYMBOL(prefix, name) HELO_WINDOWS_TEXT(prefix) name
extern int helo_windows_open(const char *name, int how, ...) __asm__(HELO_WINDOWS_SYMBOL(__USER_LABEL_PREFIX__, "open"));
extern int helo_windows_creat(const char *name, unsigned int mode) __asm__(HELO_WINDOWS_SYMBOL(__USER_LABEL_PREFIX__, "creat"));
extern long helo_windows_read(int file, void *to, size_t size) __asm__(HELO_WINDOWS_SYMBOL(__USER_LABEL_PREFIX__, "read"));
extern long helo_windows_write(int file, const void *from, size_t size)
    __asm__(HELO_WINDOWS_SYMBOL(__USER_LABEL_PREFIX__, "write"));
extern int helo_windows_close(int file) __asm__(HELO_WINDOWS_SYMBOL(__USER_LABEL_PREFIX__, "close"));
extern long helo_windows_seek(int file, long offset, int from) __asm__(HELO_WINDOWS_SYMBOL(__USER_LABEL_PREFIX__, "lseek"));

typedef int HFILE;
#define HFILE_ERROR ((HFILE)-1)
#define OF_READ 0x0000
#define OF_WRITE 0x0001
#define OF_READWRITE 0x0002
#define OF_SHARE_COMPAT 0x0000
#define OF_SHARE_EXCLUSIVE 0x0010
#define OF_SHARE_DENY_WRITE 0x0020
#define OF_SHARE_DENY_READ 0x0030
#define OF_SHARE_DENY_NONE 0x0040
#define FILE_BEGIN 0
#define FILE_CURRENT 1
#define FILE_END 2

/* Who else may open the file is not looked at. */
#ifndef _lopen
HELO_WINDOWS_INLINE HFILE _lopen(LPCSTR name, int how)
{
    return helo_windows_open(name, how & 3);
}
#endif

/* Of the attributes only "read only" (1) counts. */
#ifndef _lcreat
HELO_WINDOWS_INLINE HFILE _lcreat(LPCSTR name, int attributes)
{
    return helo_windows_creat(name, attributes & 1 ? 0444U : 0666U);
}
#endif

#ifndef _lread
HELO_WINDOWS_INLINE UINT _lread(HFILE file, LPVOID to, UINT size)
{
    return (UINT)helo_windows_read(file, to, size);
}
#endif

#ifndef _lwrite
HELO_WINDOWS_INLINE UINT _lwrite(HFILE file, LPCVOID from, UINT size)
{
    return (UINT)helo_windows_write(file, from, size);
}
#endif

#ifndef _hread
HELO_WINDOWS_INLINE long _hread(HFILE file, LPVOID to, long size)
{
    return helo_windows_read(file, to, (size_t)size);
}
#endif

#ifndef _hwrite
HELO_WINDOWS_INLINE long _hwrite(HFILE file, LPCVOID from, long size)
{
    return helo_windows_write(file, from, (size_t)size);
}
#endif

#ifndef _llseek
HELO_WINDOWS_INLINE LONG _llseek(HFILE file, LONG offset, int from)
{
    return (LONG)helo_windows_seek(file, offset, from);
}
#endif

#ifndef _lclose
HELO_WINDOWS_INLINE HFILE _lclose(HFILE file)
{
    return helo_windows_close(file);
}
#endif

#endif

/* -- Time, errors, and what is shown ------------------------------------------------------------------------------------ */

/* Milliseconds since some moment; begins anew at 0 after 49.7 days, whatever the width of a DWORD is. */
#ifndef GetTickCount
HELO_WINDOWS_INLINE DWORD GetTickCount(void)
{
#ifdef CLOCK_MONOTONIC
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (DWORD)(((unsigned long)now.tv_sec * 1000UL + (unsigned long)now.tv_nsec / 1000000UL) & 0xFFFFFFFFUL);
#else
    struct timeval now;
    gettimeofday(&now, NULL);
    return (DWORD)(((unsigned long)now.tv_sec * 1000UL + (unsigned long)now.tv_usec / 1000UL) & 0xFFFFFFFFUL);
#endif
}
#endif

/* The whole time, also when a signal comes between. */
#ifndef Sleep
HELO_WINDOWS_INLINE void Sleep(DWORD milliseconds)
{
    unsigned long start = GetTickCount(), passed = 0;
    do {
        unsigned long left = milliseconds - passed;
        struct timeval wait;
        wait.tv_sec = (long)(left / 1000UL);
        wait.tv_usec = (int)(left % 1000UL) * 1000;
        if (select(0, NULL, NULL, NULL, &wait) == 0 && milliseconds != INFINITE) {
            return;
        }
        passed = (GetTickCount() - start) & 0xFFFFFFFFUL;
    } while (milliseconds == INFINITE || passed < milliseconds);
}
#endif

typedef struct _SYSTEMTIME {
    WORD wYear;
    WORD wMonth;
    WORD wDayOfWeek;
    WORD wDay;
    WORD wHour;
    WORD wMinute;
    WORD wSecond;
    WORD wMilliseconds;
} SYSTEMTIME, *PSYSTEMTIME, *LPSYSTEMTIME;

HELO_WINDOWS_INLINE void helo_windows_time(SYSTEMTIME *time, int local)
{
    struct timeval now;
    struct tm *parts;
    time_t seconds;
#if defined(_POSIX_C_SOURCE) || defined(__APPLE__)
    struct tm place;
#endif
    memset(time, 0, sizeof *time);
    gettimeofday(&now, NULL);
    seconds = now.tv_sec;
#if defined(_POSIX_C_SOURCE) || defined(__APPLE__)
    parts = local ? localtime_r(&seconds, &place) : gmtime_r(&seconds, &place);
#else
    parts = local ? localtime(&seconds) : gmtime(&seconds);
#endif
    if (parts != NULL) {
        time->wYear = (WORD)(parts->tm_year + 1900);
        time->wMonth = (WORD)(parts->tm_mon + 1);
        time->wDayOfWeek = (WORD)parts->tm_wday;
        time->wDay = (WORD)parts->tm_mday;
        time->wHour = (WORD)parts->tm_hour;
        time->wMinute = (WORD)parts->tm_min;
        time->wSecond = (WORD)parts->tm_sec;
        time->wMilliseconds = (WORD)(now.tv_usec / 1000);
    }
}

#ifndef GetLocalTime
HELO_WINDOWS_INLINE void GetLocalTime(LPSYSTEMTIME time)
{
    helo_windows_time(time, 1);
}
#endif

#ifndef GetSystemTime
HELO_WINDOWS_INLINE void GetSystemTime(LPSYSTEMTIME time)
{
    helo_windows_time(time, 0);
}
#endif

/* errno: other numbers than those of Windows. Why a call of SMTP-32 failed says helo_last_error() of helo.h. */
#ifndef GetLastError
HELO_WINDOWS_INLINE DWORD GetLastError(void)
{
    return (DWORD)errno;
}
#endif

#ifndef SetLastError
HELO_WINDOWS_INLINE void SetLastError(DWORD error)
{
    errno = (int)error;
}
#endif

/* To stderr. */
#ifndef OutputDebugString
HELO_WINDOWS_INLINE void OutputDebugString(LPCSTR text)
{
    if (text != NULL) {
        fputs(text, stderr);
    }
}
#endif

#define MB_OK 0x0000
#define MB_OKCANCEL 0x0001
#define MB_ABORTRETRYIGNORE 0x0002
#define MB_YESNOCANCEL 0x0003
#define MB_YESNO 0x0004
#define MB_RETRYCANCEL 0x0005
#define MB_ICONHAND 0x0010
#define MB_ICONSTOP MB_ICONHAND
#define MB_ICONERROR MB_ICONHAND
#define MB_ICONQUESTION 0x0020
#define MB_ICONEXCLAMATION 0x0030
#define MB_ICONWARNING MB_ICONEXCLAMATION
#define MB_ICONASTERISK 0x0040
#define MB_ICONINFORMATION MB_ICONASTERISK
#define MB_APPLMODAL 0x0000
#define MB_SYSTEMMODAL 0x1000
#define MB_TASKMODAL 0x2000
#define MB_SETFOREGROUND 0x10000
#define IDOK 1
#define IDCANCEL 2
#define IDABORT 3
#define IDRETRY 4
#define IDIGNORE 5
#define IDYES 6
#define IDNO 7

/* The text goes to stderr. Nobody can be asked: the answer is the one that tries nothing again and goes on with nothing. */
#ifndef MessageBox
HELO_WINDOWS_INLINE int MessageBox(HWND window, LPCSTR text, LPCSTR title, UINT type)
{
    (void)window;
    fprintf(stderr, "%s: %s\n", title == NULL ? "Error" : title, text == NULL ? "" : text);
    switch (type & 0x000F) {
        case MB_OK:
            return IDOK;
        case MB_ABORTRETRYIGNORE:
            return IDABORT;
        case MB_YESNO:
            return IDNO;
        default:
            return IDCANCEL;
    }
}
#endif

#ifndef MessageBeep
#define MessageBeep(type) ((void)(type), TRUE)
#endif

/* -- Messages, for functions that let them run while they wait: there are none ------------------------------------------ */

typedef struct tagPOINT {
    LONG x;
    LONG y;
} POINT;

typedef struct tagMSG {
    HWND hwnd;
    UINT message;
    WPARAM wParam;
    LPARAM lParam;
    DWORD time;
    POINT pt;
} MSG, *PMSG, *LPMSG;

#define PM_NOREMOVE 0x0000
#define PM_REMOVE 0x0001
#define PM_NOYIELD 0x0002

/* Returns FALSE: no message waits. */
#ifndef PeekMessage
HELO_WINDOWS_INLINE BOOL PeekMessage(LPMSG message, HWND window, UINT first, UINT last, UINT how)
{
    (void)window;
    (void)first;
    (void)last;
    (void)how;
    if (message != NULL) {
        memset(message, 0, sizeof *message);
    }
    return FALSE;
}
#endif

#ifndef TranslateMessage
HELO_WINDOWS_INLINE BOOL TranslateMessage(const MSG *message)
{
    (void)message;
    return FALSE;
}
#endif

#ifndef DispatchMessage
HELO_WINDOWS_INLINE LRESULT DispatchMessage(const MSG *message)
{
    (void)message;
    return 0;
}
#endif

/* -- The same functions by their other names ---------------------------------------------------------------------------- */

#ifndef lstrlenA
#define lstrlenA lstrlen
#define lstrcpyA lstrcpy
#define lstrcpynA lstrcpyn
#define lstrcatA lstrcat
#define lstrcmpA lstrcmp
#define lstrcmpiA lstrcmpi
#define wsprintfA wsprintf
#define wvsprintfA wvsprintf
#define OutputDebugStringA OutputDebugString
#define MessageBoxA MessageBox
#define PeekMessageA PeekMessage
#define DispatchMessageA DispatchMessage
#endif

#ifdef __cplusplus
}
#endif

#endif

#endif /* HELO_DISTINCT_HELO_WINDOWS_H */
