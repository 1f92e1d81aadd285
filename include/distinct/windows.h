/* Generated from src/faces/distinct: do not edit. make headers writes it anew. */
/* The Windows types that programs for Distinct SMTP-32 use, so that they compile unchanged on systems that are not
 * Windows. Only types and macros: no function of Windows is here.
 *
 * On Windows this is the system's own windows.h. */
#if defined(_WIN32)

#if defined(__GNUC__)
#pragma GCC system_header
#include_next <windows.h>
#else
#include <../um/windows.h>
#endif

#elif !defined(HELO_DISTINCT_WINDOWS_H)
#define HELO_DISTINCT_WINDOWS_H

#include <stddef.h>

/* Words of 16-bit compilers and calling conventions. */
#ifndef FAR
#define FAR
#endif
#ifndef NEAR
#define NEAR
#endif
#ifndef far
#define far
#endif
#ifndef near
#define near
#endif
#define PASCAL
#define WINAPI
#define CALLBACK
#define APIENTRY

#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif
#ifndef MAX_PATH
#define MAX_PATH 260
#endif

typedef int BOOL;
typedef unsigned char BYTE;
typedef unsigned short WORD;
typedef unsigned int DWORD;
typedef int INT;
typedef unsigned int UINT;
typedef int LONG;
typedef unsigned int ULONG;
typedef char CHAR;
typedef void *PVOID;
typedef void *LPVOID;
typedef char *PSTR;
typedef char *LPSTR;
typedef const char *LPCSTR;
typedef int *LPINT;
typedef WORD *LPWORD;
typedef DWORD *LPDWORD;

/* Numbers as wide as a pointer. */
typedef long INT_PTR;
typedef unsigned long UINT_PTR;
typedef long LONG_PTR;
typedef unsigned long ULONG_PTR;
typedef unsigned long DWORD_PTR;
typedef char helo_dword_ptr_size[sizeof(DWORD_PTR) == sizeof(void *) ? 1 : -1];
typedef UINT_PTR WPARAM;
typedef LONG_PTR LPARAM;
typedef LONG_PTR LRESULT;

typedef void *HANDLE;
typedef HANDLE HGLOBAL;
typedef HANDLE GLOBALHANDLE;
typedef HANDLE HINSTANCE;
typedef HANDLE HWND;

/* Any function. C before C23 takes callbacks of every prototype for it, without a cast. */
#if defined(__cplusplus) || (defined(__STDC_VERSION__) && __STDC_VERSION__ > 201710L)
typedef int (WINAPI *FARPROC)(void);
#else
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wstrict-prototypes"
#endif
typedef int (WINAPI *FARPROC)();
#if defined(__clang__)
#pragma clang diagnostic pop
#endif
#endif

/* What 16-bit Windows needed before a callback could be passed. */
#define MakeProcInstance(function, instance) (function)
#define FreeProcInstance(function) ((void)(function))

#endif
