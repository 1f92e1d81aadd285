/* Generated from src/faces/distinct: do not edit. make headers writes it anew. */
/* The Windows types, macros and small functions that programs for Distinct SMTP-32 use, so that their files that mail
 * compile and run unchanged on systems that are not Windows. Windows itself, its messages and dialogues, is not here.
 *
 * DWORD, LONG and ULONG are "unsigned long" and "long" as in the original, and so as wide as a pointer: 8 bytes on 64-bit
 * systems, where "(DWORD)&context" keeps the whole address. printf's %lu, %ld and %lx fit them as ever. A program that
 * writes them to files, sends them, or counts on their overflow at 32 bits defines HELO_DWORD_32 before it includes this;
 * it then passes addresses as DWORD_PTR. docs/porting.md of libhelo has more of this kind.
 *
 * HELO_WINDOWS_TYPES_ONLY leaves out the functions (helo_windows.h, helo_windows_threads.h), for programs that bring their own.
 *
 * On Windows this is the system's own windows.h. */
#if defined(_WIN32) && !defined(__unix__) && !defined(__APPLE__)

#if defined(__GNUC__)
#pragma GCC system_header
#include_next <windows.h>
#else
#include <../um/windows.h>
#endif

#elif !defined(HELO_DISTINCT_WINDOWS_H)
#define HELO_DISTINCT_WINDOWS_H

#include <stdarg.h>
#include <stddef.h>

/* Words of 16-bit compilers, and calling conventions: there is one only. */
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
#ifndef _far
#define _far
#endif
#ifndef __far
#define __far
#endif
#ifndef _near
#define _near
#endif
#ifndef __near
#define __near
#endif
#ifndef _huge
#define _huge
#endif
#ifndef __huge
#define __huge
#endif
#ifndef _export
#define _export
#endif
#ifndef __export
#define __export
#endif
#ifndef _loadds
#define _loadds
#endif
#ifndef __loadds
#define __loadds
#endif
#ifndef pascal
#define pascal
#endif
#ifndef _pascal
#define _pascal
#endif
#ifndef __pascal
#define __pascal
#endif
#ifndef cdecl
#define cdecl
#endif
#ifndef _cdecl
#define _cdecl
#endif
#ifndef __cdecl
#define __cdecl
#endif
#ifndef _stdcall
#define _stdcall
#endif
#ifndef __stdcall
#define __stdcall
#endif
#ifndef _fastcall
#define _fastcall
#endif
#ifndef __fastcall
#define __fastcall
#endif
#ifndef __declspec
#define __declspec(what)
#endif
#ifndef PASCAL
#define PASCAL
#endif
#ifndef CDECL
#define CDECL
#endif
#ifndef WINAPI
#define WINAPI
#endif
#ifndef WINAPIV
#define WINAPIV
#endif
#ifndef CALLBACK
#define CALLBACK
#endif
#ifndef APIENTRY
#define APIENTRY
#endif

#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif
#ifndef MAX_PATH
#define MAX_PATH 260
#endif
#ifndef _MAX_PATH
#define _MAX_PATH MAX_PATH
#endif
#ifndef CONST
#define CONST const
#endif
#ifndef VOID
#define VOID void
#endif
#ifndef IN
#define IN
#endif
#ifndef OUT
#define OUT
#endif
#ifndef OPTIONAL
#define OPTIONAL
#endif
#ifndef INFINITE
#define INFINITE 0xFFFFFFFFUL
#endif
#ifndef __int64
#define __int64 long long
#endif
#ifndef UNREFERENCED_PARAMETER
#define UNREFERENCED_PARAMETER(parameter) ((void)(parameter))
#endif

/* libhelo's headers for ThreadX bring these too. */
#ifndef HELO_RTOS_TX_PORT_H
typedef char CHAR;
typedef unsigned char UCHAR;
typedef short SHORT;
typedef unsigned short USHORT;
typedef int INT;
typedef unsigned int UINT;
#ifdef HELO_DWORD_32
typedef int LONG;
typedef unsigned int ULONG;
#else
typedef long LONG;
typedef unsigned long ULONG;
#endif
#endif

typedef int BOOL;
typedef unsigned char BYTE;
typedef BYTE BOOLEAN;
typedef unsigned short WORD;
#ifdef HELO_DWORD_32
typedef unsigned int DWORD;
#else
typedef unsigned long DWORD;
#endif
typedef float FLOAT;
typedef wchar_t WCHAR;

/* Characters are bytes, as in the original's functions; there is no UNICODE. */
typedef char TCHAR;

typedef void *PVOID;
typedef void *LPVOID;
typedef const void *LPCVOID;
typedef char *PSTR;
typedef char *NPSTR;
typedef char *LPSTR;
typedef char *LPCH;
typedef char *PCHAR;
typedef char *PTSTR;
typedef char *LPTSTR;
typedef const char *PCSTR;
typedef const char *LPCSTR;
typedef const char *PCTSTR;
typedef const char *LPCTSTR;
typedef WCHAR *LPWSTR;
typedef const WCHAR *LPCWSTR;
typedef BOOL *PBOOL;
typedef BOOL *LPBOOL;
typedef BYTE *PBYTE;
typedef BYTE *LPBYTE;
typedef UCHAR *PUCHAR;
typedef SHORT *PSHORT;
typedef USHORT *PUSHORT;
typedef int *PINT;
typedef int *LPINT;
typedef UINT *PUINT;
typedef LONG *PLONG;
typedef LONG *LPLONG;
typedef ULONG *PULONG;
typedef WORD *PWORD;
typedef WORD *LPWORD;
typedef DWORD *PDWORD;
typedef DWORD *LPDWORD;

/* Numbers as wide as a pointer, whatever else is said. */
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
typedef HANDLE HLOCAL;
typedef HANDLE LOCALHANDLE;
typedef HANDLE HINSTANCE;
typedef HANDLE HMODULE;
typedef HANDLE HTASK;
typedef HANDLE HWND;

/* For the prototypes of a program's other files: nothing here takes them. */
typedef HANDLE HDC;
typedef HANDLE HMENU;
typedef HANDLE HICON;
typedef HANDLE HCURSOR;
typedef HANDLE HBRUSH;
typedef HANDLE HFONT;
typedef HANDLE HBITMAP;
typedef WORD ATOM;
typedef DWORD COLORREF;
typedef LRESULT (CALLBACK *WNDPROC)(HWND, UINT, WPARAM, LPARAM);
typedef BOOL (CALLBACK *DLGPROC)(HWND, UINT, WPARAM, LPARAM);
#ifndef DECLARE_HANDLE
#define DECLARE_HANDLE(name) typedef HANDLE name
#endif
#ifndef INVALID_HANDLE_VALUE
#define INVALID_HANDLE_VALUE ((HANDLE)(LONG_PTR)-1)
#endif

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

/* Numbers of parts and parts of numbers. A LONG that is made of two WORDs has 32 bits. */
#ifndef LOBYTE
#define LOBYTE(word) ((BYTE)((DWORD_PTR)(word) & 0xFF))
#endif
#ifndef HIBYTE
#define HIBYTE(word) ((BYTE)(((DWORD_PTR)(word) >> 8) & 0xFF))
#endif
#ifndef LOWORD
#define LOWORD(number) ((WORD)((DWORD_PTR)(number) & 0xFFFF))
#endif
#ifndef HIWORD
#define HIWORD(number) ((WORD)(((DWORD_PTR)(number) >> 16) & 0xFFFF))
#endif
#ifndef MAKEWORD
#define MAKEWORD(low, high) ((WORD)(LOBYTE(low) | (LOBYTE(high) << 8)))
#endif
#ifndef MAKELONG
#define MAKELONG(low, high) ((LONG)(int)(LOWORD(low) | ((unsigned int)LOWORD(high) << 16)))
#endif
#ifndef MAKEWPARAM
#define MAKEWPARAM(low, high) ((WPARAM)(unsigned int)MAKELONG(low, high))
#endif
#ifndef MAKELPARAM
#define MAKELPARAM(low, high) ((LPARAM)(unsigned int)MAKELONG(low, high))
#endif
#ifndef MAKELRESULT
#define MAKELRESULT(low, high) ((LRESULT)(unsigned int)MAKELONG(low, high))
#endif

#ifndef TEXT
#define TEXT(text) text
#endif
#ifndef _T
#define _T(text) text
#endif
#ifndef _TEXT
#define _TEXT(text) text
#endif

/* As in windows.h, NOMINMAX leaves them out; C++ has its own. */
#if !defined(NOMINMAX) && !defined(__cplusplus)
#ifndef min
#define min(one, other) ((one) < (other) ? (one) : (other))
#endif
#ifndef max
#define max(one, other) ((one) > (other) ? (one) : (other))
#endif
#endif

#ifndef HELO_WINDOWS_TYPES_ONLY
#include "helo_windows.h"
#include "helo_windows_threads.h"
#endif

#endif
