/* Generated from src/faces/distinct: do not edit. make headers writes it anew. */
/* Threads, events and critical sections of Windows over those of POSIX, for programs that mail beside their other work or
 * wait for smtp_xhelo by an event; windows.h brings them, unless HELO_WINDOWS_TYPES_ONLY is defined. Events and threads have
 * no names, belong to this process, and are waited for one at a time. Link with -lpthread where the system wants it.
 *
 * They are compiled into the program: the library exports none of them. */
/* Before the guard: whoever includes this first gets it through windows.h. */
#include "windows.h"

#ifndef HELO_DISTINCT_HELO_WINDOWS_THREADS_H
#define HELO_DISTINCT_HELO_WINDOWS_THREADS_H

#if (!defined(_WIN32) || defined(__unix__) || defined(__APPLE__)) && !defined(HELO_WINDOWS_TYPES_ONLY)

#include <pthread.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WAIT_OBJECT_0 0x00000000UL
#define WAIT_TIMEOUT 0x00000102UL
#define WAIT_FAILED 0xFFFFFFFFUL

typedef struct _SECURITY_ATTRIBUTES {
    DWORD nLength;
    LPVOID lpSecurityDescriptor;
    BOOL bInheritHandle;
} SECURITY_ATTRIBUTES, *PSECURITY_ATTRIBUTES, *LPSECURITY_ATTRIBUTES;

typedef DWORD (WINAPI *LPTHREAD_START_ROUTINE)(LPVOID parameter);

/* An event, or the event that a thread has ended. A thread and whoever has its handle both hold it. */
typedef struct helo_windows_object {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int set, stays, holders;
    DWORD result;
    LPTHREAD_START_ROUTINE function;
    LPVOID parameter;
} helo_windows_object;

HELO_WINDOWS_INLINE helo_windows_object *helo_windows_new_object(int stays, int set, int holders)
{
    helo_windows_object *object = (helo_windows_object *)calloc(1, sizeof *object);
    if (object != NULL) {
        pthread_mutex_init(&object->lock, NULL);
        pthread_cond_init(&object->changed, NULL);
        object->stays = stays;
        object->set = set;
        object->holders = holders;
    }
    return object;
}

HELO_WINDOWS_INLINE void helo_windows_change(helo_windows_object *object, int set)
{
    pthread_mutex_lock(&object->lock);
    object->set = set;
    pthread_cond_broadcast(&object->changed);
    pthread_mutex_unlock(&object->lock);
}

HELO_WINDOWS_INLINE HANDLE CreateEvent(LPSECURITY_ATTRIBUTES security, BOOL manual, BOOL set, LPCSTR name)
{
    (void)security;
    (void)name;
    return helo_windows_new_object(manual != FALSE, set != FALSE, 1);
}

HELO_WINDOWS_INLINE BOOL SetEvent(HANDLE event)
{
    if (event == NULL) {
        return FALSE;
    }
    helo_windows_change((helo_windows_object *)event, 1);
    return TRUE;
}

HELO_WINDOWS_INLINE BOOL ResetEvent(HANDLE event)
{
    if (event == NULL) {
        return FALSE;
    }
    helo_windows_change((helo_windows_object *)event, 0);
    return TRUE;
}

/* Of an event or a thread. */
HELO_WINDOWS_INLINE BOOL CloseHandle(HANDLE handle)
{
    helo_windows_object *object = (helo_windows_object *)handle;
    int left;
    if (object == NULL || handle == INVALID_HANDLE_VALUE) {
        return FALSE;
    }
    pthread_mutex_lock(&object->lock);
    left = --object->holders;
    pthread_mutex_unlock(&object->lock);
    if (left == 0) {
        pthread_cond_destroy(&object->changed);
        pthread_mutex_destroy(&object->lock);
        free(object);
    }
    return TRUE;
}

/* For an event or a thread. The clock of the limit is the system's time. */
HELO_WINDOWS_INLINE DWORD WaitForSingleObject(HANDLE handle, DWORD milliseconds)
{
    helo_windows_object *object = (helo_windows_object *)handle;
    struct timeval now;
    struct timespec end;
    int failed = 0, set;
    if (object == NULL || handle == INVALID_HANDLE_VALUE) {
        return WAIT_FAILED;
    }
    gettimeofday(&now, NULL);
    end.tv_sec = now.tv_sec + (long)(milliseconds / 1000UL);
    end.tv_nsec = (long)now.tv_usec * 1000L + (long)(milliseconds % 1000UL) * 1000000L;
    if (end.tv_nsec >= 1000000000L) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&object->lock);
    while (!object->set && failed == 0) {
        failed = milliseconds == INFINITE ? pthread_cond_wait(&object->changed, &object->lock)
                                          : pthread_cond_timedwait(&object->changed, &object->lock, &end);
    }
    set = object->set;
    if (set && !object->stays) {
        object->set = 0;
    }
    pthread_mutex_unlock(&object->lock);
    return set ? WAIT_OBJECT_0 : WAIT_TIMEOUT;
}

HELO_WINDOWS_INLINE void *helo_windows_run(void *parameter)
{
    helo_windows_object *object = (helo_windows_object *)parameter;
    DWORD result = object->function(object->parameter);
    pthread_mutex_lock(&object->lock);
    object->result = result;
    pthread_mutex_unlock(&object->lock);
    helo_windows_change(object, 1);
    CloseHandle(object);
    return NULL;
}

/* The size of the stack and the flags are not looked at: a thread runs at once. */
HELO_WINDOWS_INLINE HANDLE CreateThread(LPSECURITY_ATTRIBUTES security, DWORD_PTR stack, LPTHREAD_START_ROUTINE function,
                                        LPVOID parameter, DWORD flags, LPDWORD id)
{
    helo_windows_object *object = helo_windows_new_object(1, 0, 2);
    pthread_t thread;
    (void)security;
    (void)stack;
    (void)flags;
    if (object == NULL) {
        return NULL;
    }
    object->function = function;
    object->parameter = parameter;
    if (pthread_create(&thread, NULL, helo_windows_run, object) != 0) {
        CloseHandle(object);
        CloseHandle(object);
        return NULL;
    }
    if (id != NULL) {
        *id = (DWORD)(DWORD_PTR)thread;
    }
    pthread_detach(thread);
    return object;
}

/* STILL_ACTIVE while it runs. */
#define STILL_ACTIVE 0x00000103UL
HELO_WINDOWS_INLINE BOOL GetExitCodeThread(HANDLE handle, LPDWORD code)
{
    helo_windows_object *object = (helo_windows_object *)handle;
    if (object == NULL || code == NULL) {
        return FALSE;
    }
    pthread_mutex_lock(&object->lock);
    *code = object->set ? object->result : (DWORD)STILL_ACTIVE;
    pthread_mutex_unlock(&object->lock);
    return TRUE;
}

HELO_WINDOWS_INLINE DWORD GetCurrentThreadId(void)
{
    return (DWORD)(DWORD_PTR)pthread_self();
}

/* One thread at a time; the thread that is in it may enter again. */
typedef struct _CRITICAL_SECTION {
    pthread_mutex_t lock;
    pthread_cond_t free;
    pthread_t owner;
    int depth;
} CRITICAL_SECTION, *PCRITICAL_SECTION, *LPCRITICAL_SECTION;

HELO_WINDOWS_INLINE void InitializeCriticalSection(LPCRITICAL_SECTION section)
{
    memset(section, 0, sizeof *section);
    pthread_mutex_init(&section->lock, NULL);
    pthread_cond_init(&section->free, NULL);
}

HELO_WINDOWS_INLINE void EnterCriticalSection(LPCRITICAL_SECTION section)
{
    pthread_mutex_lock(&section->lock);
    while (section->depth > 0 && !pthread_equal(section->owner, pthread_self())) {
        pthread_cond_wait(&section->free, &section->lock);
    }
    section->owner = pthread_self();
    section->depth++;
    pthread_mutex_unlock(&section->lock);
}

HELO_WINDOWS_INLINE void LeaveCriticalSection(LPCRITICAL_SECTION section)
{
    pthread_mutex_lock(&section->lock);
    if (--section->depth == 0) {
        pthread_cond_signal(&section->free);
    }
    pthread_mutex_unlock(&section->lock);
}

HELO_WINDOWS_INLINE void DeleteCriticalSection(LPCRITICAL_SECTION section)
{
    pthread_cond_destroy(&section->free);
    pthread_mutex_destroy(&section->lock);
}

#ifdef __cplusplus
}
#endif

#endif

#endif /* HELO_DISTINCT_HELO_WINDOWS_THREADS_H */
