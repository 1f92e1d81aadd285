/* Generated from src/faces/rtos: do not edit. make headers writes it anew. */
/*
 * The ThreadX names that SMTP applications use, for hosts without ThreadX, on threads of the host.
 *
 * For all services here: pointers are NULL, which gives the documented error, or lead to what the parameter's name
 * says. A control block stays where it is from its create to its delete and is not copied. One that was never created,
 * was deleted or overwritten gives the documented error. Services may be called from any thread, also from those of the
 * host program that tx_thread_create did not make; in tx_application_define nothing can be waited for.
 *
 * What differs from the original: threads of different priorities run at the same time; stacks and the memory for
 * queues are left alone; tx_thread_suspend and tx_thread_terminate of another thread wait for that thread's next
 * service; tx_kernel_enter returns when no thread can run any more.
 *
 * Every name maps to a symbol that begins with helo_rtos_: a firmware with the real ThreadX never meets these.
 */
#ifndef HELO_RTOS_TX_API_H
#define HELO_RTOS_TX_API_H

#include "tx_port.h"

#ifdef __cplusplus
extern "C" {
#endif

#define __PRODUCT_THREADX__
#define __THREADX_MAJOR_VERSION__ 5
#define __THREADX_MINOR_VERSION__ 6

#define TX_WAIT_FOREVER ((ULONG) 0xFFFFFFFFUL)
#define TX_TRUE 1
#define TX_FALSE 0
#define TX_NULL 0

/* Bytes that tx_application_define gets as its first unused memory. */
#ifndef HELO_RTOS_MEMORY_SIZE
#define HELO_RTOS_MEMORY_SIZE ((size_t) 16 * 1024 * 1024)
#endif

/**
 * 0x00: Done.
 */
#define TX_SUCCESS 0

/**
 * 0x01: The object was deleted while the thread waited for it.
 */
#define TX_DELETED 1

/**
 * 0x02: Not a byte or block pool.
 */
#define TX_POOL_ERROR 2

/**
 * 0x03: A pointer is NULL or not what it should be.
 */
#define TX_PTR_ERROR 3

/**
 * 0x04: Waiting is not possible here.
 */
#define TX_WAIT_ERROR 4

/**
 * 0x05: A size is too small or too large.
 */
#define TX_SIZE_ERROR 5

/**
 * 0x06: Not an event flags group.
 */
#define TX_GROUP_ERROR 6

/**
 * 0x07: The event flags did not come in time.
 */
#define TX_NO_EVENTS 7

/**
 * 0x08: An option has no such value.
 */
#define TX_OPTION_ERROR 8

/**
 * 0x09: Not a queue.
 */
#define TX_QUEUE_ERROR 9

/**
 * 0x0A: No message came in time.
 */
#define TX_QUEUE_EMPTY 10

/**
 * 0x0B: No room came free in time.
 */
#define TX_QUEUE_FULL 11

/**
 * 0x0C: Not a semaphore.
 */
#define TX_SEMAPHORE_ERROR 12

/**
 * 0x0D: The semaphore was not put in time.
 */
#define TX_NO_INSTANCE 13

/**
 * 0x0E: Not a thread.
 */
#define TX_THREAD_ERROR 14

/**
 * 0x0F: A priority is not below TX_MAX_PRIORITIES.
 */
#define TX_PRIORITY_ERROR 15

/**
 * 0x10: No memory came free in time, or the system has none for a thread.
 */
#define TX_NO_MEMORY 16

/**
 * 0x10: Neither TX_AUTO_START nor TX_DONT_START.
 */
#define TX_START_ERROR 16

/**
 * 0x11: The thread has not ended.
 */
#define TX_DELETE_ERROR 17

/**
 * 0x12: The thread is not suspended.
 */
#define TX_RESUME_ERROR 18

/**
 * 0x13: The service cannot be called from here.
 */
#define TX_CALLER_ERROR 19

/**
 * 0x14: The thread has ended.
 */
#define TX_SUSPEND_ERROR 20

/**
 * 0x18: The preemption threshold is lower than the priority.
 */
#define TX_THRESH_ERROR 24

/**
 * 0x1A: Another thread ended the wait with tx_thread_wait_abort.
 */
#define TX_WAIT_ABORTED 26

/**
 * 0x1B: The thread does not wait.
 */
#define TX_WAIT_ABORT_ERROR 27

/**
 * 0x1C: Not a mutex.
 */
#define TX_MUTEX_ERROR 28

/**
 * 0x1D: The mutex did not come free in time.
 */
#define TX_NOT_AVAILABLE 29

/**
 * 0x1E: The mutex belongs to another thread.
 */
#define TX_NOT_OWNED 30

/**
 * 0x1F: Neither TX_INHERIT nor TX_NO_INHERIT.
 */
#define TX_INHERIT_ERROR 31

/**
 * 0x21: The semaphore stands at its ceiling.
 */
#define TX_CEILING_EXCEEDED 33

/**
 * 0x22: A ceiling of 0.
 */
#define TX_INVALID_CEILING 34

/**
 * Do not wait.
 */
#define TX_NO_WAIT 0

/**
 * All of the flags.
 */
#define TX_AND 2

/**
 * All of the flags, and clear them.
 */
#define TX_AND_CLEAR 3

/**
 * Any of the flags.
 */
#define TX_OR 0

/**
 * Any of the flags, and clear them.
 */
#define TX_OR_CLEAR 1

/**
 * Messages of one ULONG.
 */
#define TX_1_ULONG 1

/**
 * Messages of two.
 */
#define TX_2_ULONG 2

/**
 * Messages of four.
 */
#define TX_4_ULONG 4

/**
 * Messages of eight.
 */
#define TX_8_ULONG 8

/**
 * Messages of sixteen.
 */
#define TX_16_ULONG 16

/**
 * No time slice.
 */
#define TX_NO_TIME_SLICE 0

/**
 * Start the thread at once.
 */
#define TX_AUTO_START 1

/**
 * Start the thread with tx_thread_resume.
 */
#define TX_DONT_START 0

/**
 * Priority inheritance: noted.
 */
#define TX_INHERIT 1

/**
 * No priority inheritance.
 */
#define TX_NO_INHERIT 0

/**
 * Priorities are 0 to 31.
 */
#define TX_MAX_PRIORITIES 32

/**
 * The smallest stack that is accepted.
 */
#define TX_MINIMUM_STACK 200

/**
 * The smallest byte pool.
 */
#define TX_BYTE_POOL_MIN 100

/**
 * A thread's state: can run.
 */
#define TX_READY 0

/**
 * A thread's state: its function returned.
 */
#define TX_COMPLETED 1

/**
 * A thread's state: terminated.
 */
#define TX_TERMINATED 2

/**
 * A thread's state: suspended or not started.
 */
#define TX_SUSPENDED 3

/**
 * A thread's state: sleeps.
 */
#define TX_SLEEP 4

/**
 * A thread's state: waits for a queue.
 */
#define TX_QUEUE_SUSP 5

/**
 * A thread's state: waits for a semaphore.
 */
#define TX_SEMAPHORE_SUSP 6

/**
 * A thread's state: waits for event flags.
 */
#define TX_EVENT_FLAG 7

/**
 * A thread's state: waits for a block.
 */
#define TX_BLOCK_MEMORY 8

/**
 * A thread's state: waits for bytes.
 */
#define TX_BYTE_MEMORY 9

/**
 * A thread's state: waits for the network.
 */
#define TX_TCP_IP 12

/**
 * A thread's state: waits for a mutex.
 */
#define TX_MUTEX_SUSP 13

/**
 * Ticks in a second.
 */
#define TX_TIMER_TICKS_PER_SECOND 100

/**
 * The magic number of a thread.
 */
#define TX_THREAD_ID 1414025796

/**
 * The magic number of a mutex.
 */
#define TX_MUTEX_ID 1297437765

/**
 * The magic number of a semaphore.
 */
#define TX_SEMAPHORE_ID 1397050689

/**
 * The magic number of an event flags group.
 */
#define TX_EVENT_FLAGS_ID 1146504270

/**
 * The magic number of a queue.
 */
#define TX_QUEUE_ID 1364542805

/**
 * The magic number of a byte pool.
 */
#define TX_BYTE_POOL_ID 1113150533

/**
 * The magic number of a block pool.
 */
#define TX_BLOCK_POOL_ID 1112297283

/**
 * A thread's control block, allocated by the program, filled by `tx_thread_create`.
 */
struct TX_THREAD_STRUCT {
    /**
     * `TX_THREAD_ID` while the thread exists.
     */
    ULONG tx_thread_id;
    /**
     * The library's.
     */
    ULONG helo_reserved[5];
    /**
     * The name that was given.
     */
    CHAR *tx_thread_name;
};

/**
 * A thread's control block.
 */
typedef struct TX_THREAD_STRUCT TX_THREAD;

/**
 * A block pool's control block, filled by `tx_block_pool_create`.
 */
struct TX_BLOCK_POOL_STRUCT {
    /**
     * `TX_BLOCK_POOL_ID` while the pool exists.
     */
    ULONG tx_block_pool_id;
    /**
     * The library's.
     */
    ULONG helo_reserved[5];
    /**
     * The name that was given.
     */
    CHAR *tx_block_pool_name;
};

/**
 * A block pool's control block.
 */
typedef struct TX_BLOCK_POOL_STRUCT TX_BLOCK_POOL;

/**
 * A byte pool's control block, filled by `tx_byte_pool_create`.
 */
struct TX_BYTE_POOL_STRUCT {
    /**
     * `TX_BYTE_POOL_ID` while the pool exists.
     */
    ULONG tx_byte_pool_id;
    /**
     * The library's.
     */
    ULONG helo_reserved[5];
    /**
     * The name that was given.
     */
    CHAR *tx_byte_pool_name;
};

/**
 * A byte pool's control block.
 */
typedef struct TX_BYTE_POOL_STRUCT TX_BYTE_POOL;

/**
 * An event flags group's control block, filled by `tx_event_flags_create`.
 */
struct TX_EVENT_FLAGS_GROUP_STRUCT {
    /**
     * `TX_EVENT_FLAGS_ID` while the group exists.
     */
    ULONG tx_event_flags_group_id;
    /**
     * The library's.
     */
    ULONG helo_reserved[5];
    /**
     * The name that was given.
     */
    CHAR *tx_event_flags_group_name;
};

/**
 * An event flags group's control block.
 */
typedef struct TX_EVENT_FLAGS_GROUP_STRUCT TX_EVENT_FLAGS_GROUP;

/**
 * A mutex's control block, filled by `tx_mutex_create`.
 */
struct TX_MUTEX_STRUCT {
    /**
     * `TX_MUTEX_ID` while the mutex exists.
     */
    ULONG tx_mutex_id;
    /**
     * The library's.
     */
    ULONG helo_reserved[5];
    /**
     * The name that was given.
     */
    CHAR *tx_mutex_name;
};

/**
 * A mutex's control block.
 */
typedef struct TX_MUTEX_STRUCT TX_MUTEX;

/**
 * A message queue's control block, filled by `tx_queue_create`.
 */
struct TX_QUEUE_STRUCT {
    /**
     * `TX_QUEUE_ID` while the queue exists.
     */
    ULONG tx_queue_id;
    /**
     * The library's.
     */
    ULONG helo_reserved[5];
    /**
     * The name that was given.
     */
    CHAR *tx_queue_name;
};

/**
 * A message queue's control block.
 */
typedef struct TX_QUEUE_STRUCT TX_QUEUE;

/**
 * A counting semaphore's control block, filled by `tx_semaphore_create`.
 */
struct TX_SEMAPHORE_STRUCT {
    /**
     * `TX_SEMAPHORE_ID` while the semaphore exists.
     */
    ULONG tx_semaphore_id;
    /**
     * The library's.
     */
    ULONG helo_reserved[5];
    /**
     * The name that was given.
     */
    CHAR *tx_semaphore_name;
};

/**
 * A counting semaphore's control block.
 */
typedef struct TX_SEMAPHORE_STRUCT TX_SEMAPHORE;

/**
 * Runs `tx_application_define` on `memory_size` bytes of zeroed memory that are the program's until it ends, starts
 * the threads that it created, and returns when none of them can run any more: all have ended or are suspended with
 * nobody left to resume them. (The original never returns; a host program's `main` has to end.) A call from a thread
 * or while another one has not returned does nothing. Programs call it as `tx_kernel_enter()`.
 */
void helo_rtos_tx_kernel_enter(void (*application_define)(VOID*),
                               size_t memory_size);

/**
 * Creates a thread. It runs on a thread of the host with a stack of its own: `stack_start` is left alone. Priority,
 * threshold and time slice are noted, not enforced: threads of different priorities run at the same time.
 */
UINT helo_rtos_tx_thread_create(TX_THREAD *thread_ptr,
                                CHAR *name_ptr,
                                void (*entry_function)(ULONG),
                                ULONG entry_input,
                                VOID *stack_start,
                                ULONG stack_size,
                                UINT priority,
                                UINT preempt_threshold,
                                ULONG time_slice,
                                UINT auto_start,
                                UINT thread_control_block_size);

/**
 * Deletes a thread that has ended; TX_DELETE_ERROR for another.
 */
UINT helo_rtos_tx_thread_delete(TX_THREAD *thread_ptr);

/**
 * Starts a thread that was created with TX_DONT_START, or lets a suspended one go on.
 */
UINT helo_rtos_tx_thread_resume(TX_THREAD *thread_ptr);

/**
 * Suspends a thread: the caller at once, another one at its next call of a service that can wait.
 */
UINT helo_rtos_tx_thread_suspend(TX_THREAD *thread_ptr);

/**
 * Ends a thread: the caller at once, another one at its next call of a service that can wait. Its mutexes are
 * released; its host thread sleeps until the process ends, since a thread cannot be unwound through a C program.
 */
UINT helo_rtos_tx_thread_terminate(TX_THREAD *thread_ptr);

/**
 * Ends the wait of another thread: the service that it waits in returns TX_WAIT_ABORTED.
 */
UINT helo_rtos_tx_thread_wait_abort(TX_THREAD *thread_ptr);

/**
 * Lets the caller sleep for so many ticks, 100 a second. A host program's own threads may call it too.
 */
UINT helo_rtos_tx_thread_sleep(ULONG timer_ticks);

/**
 * Lets other threads run.
 */
void helo_rtos_tx_thread_relinquish(void);

/**
 * The calling thread's control block, NULL for a thread that `tx_thread_create` did not make.
 */
TX_THREAD *helo_rtos_tx_thread_identify(void);

/**
 * What is known of a thread. Each pointer may be NULL. No thread is ever given as the next one.
 */
UINT helo_rtos_tx_thread_info_get(TX_THREAD *thread_ptr,
                                  CHAR **name,
                                  UINT *state,
                                  ULONG *run_count,
                                  UINT *priority,
                                  UINT *preemption_threshold,
                                  ULONG *time_slice,
                                  TX_THREAD **next_thread,
                                  TX_THREAD **next_suspended_thread);

/**
 * Notes another priority, and the same as threshold.
 */
UINT helo_rtos_tx_thread_priority_change(TX_THREAD *thread_ptr,
                                         UINT new_priority,
                                         UINT *old_priority);

/**
 * Ticks, 100 a second.
 */
ULONG helo_rtos_tx_time_get(void);

/**
 * Sets the tick counter.
 */
void helo_rtos_tx_time_set(ULONG new_time);

/**
 * Creates a pool of blocks of `block_size` bytes in `pool_size` bytes of the program's memory; each block takes one
 * pointer more than its size, as in the original.
 */
UINT helo_rtos_tx_block_pool_create(TX_BLOCK_POOL *pool_ptr,
                                    CHAR *name_ptr,
                                    ULONG block_size,
                                    VOID *pool_start,
                                    ULONG pool_size,
                                    UINT pool_control_block_size);

/**
 * Deletes a block pool; threads that wait for a block get TX_DELETED.
 */
UINT helo_rtos_tx_block_pool_delete(TX_BLOCK_POOL *pool_ptr);

/**
 * Takes a block, waiting for one so many ticks. `*block_ptr` is NULL when there is none.
 */
UINT helo_rtos_tx_block_allocate(TX_BLOCK_POOL *pool_ptr, VOID **block_ptr, ULONG wait_option);

/**
 * Gives a block back; TX_PTR_ERROR when no block pool has given it.
 */
UINT helo_rtos_tx_block_release(VOID *block_ptr);

/**
 * The name, the blocks that are free and all blocks. Each pointer may be NULL. Waiting threads are not told.
 */
UINT helo_rtos_tx_block_pool_info_get(TX_BLOCK_POOL *pool_ptr,
                                      CHAR **name,
                                      ULONG *available_blocks,
                                      ULONG *total_blocks,
                                      TX_THREAD **first_suspended,
                                      ULONG *suspended_count,
                                      TX_BLOCK_POOL **next_pool);

/**
 * Creates a byte pool in `pool_size` bytes of the program's memory.
 */
UINT helo_rtos_tx_byte_pool_create(TX_BYTE_POOL *pool_ptr,
                                   CHAR *name_ptr,
                                   VOID *pool_start,
                                   ULONG pool_size,
                                   UINT pool_control_block_size);

/**
 * Deletes a byte pool; threads that wait for its memory get TX_DELETED.
 */
UINT helo_rtos_tx_byte_pool_delete(TX_BYTE_POOL *pool_ptr);

/**
 * Takes `memory_size` bytes, waiting for them so many ticks. `*memory_ptr` is NULL when there are none.
 */
UINT helo_rtos_tx_byte_allocate(TX_BYTE_POOL *pool_ptr,
                                VOID **memory_ptr,
                                ULONG memory_size,
                                ULONG wait_option);

/**
 * Gives memory back; TX_PTR_ERROR when no byte pool has given it.
 */
UINT helo_rtos_tx_byte_release(VOID *memory_ptr);

/**
 * The name, the bytes that are free and in how many pieces. Each pointer may be NULL. Waiting threads are not told.
 */
UINT helo_rtos_tx_byte_pool_info_get(TX_BYTE_POOL *pool_ptr,
                                     CHAR **name,
                                     ULONG *available_bytes,
                                     ULONG *fragments,
                                     TX_THREAD **first_suspended,
                                     ULONG *suspended_count,
                                     TX_BYTE_POOL **next_pool);

/**
 * Creates a group of event flags, none of them set.
 */
UINT helo_rtos_tx_event_flags_create(TX_EVENT_FLAGS_GROUP *group_ptr,
                                     CHAR *name_ptr,
                                     UINT event_control_block_size);

/**
 * Deletes a group; threads that wait for it get TX_DELETED.
 */
UINT helo_rtos_tx_event_flags_delete(TX_EVENT_FLAGS_GROUP *group_ptr);

/**
 * Sets flags (TX_OR) or keeps only those given (TX_AND).
 */
UINT helo_rtos_tx_event_flags_set(TX_EVENT_FLAGS_GROUP *group_ptr,
                                  ULONG flags_to_set,
                                  UINT set_option);

/**
 * Waits so many ticks for flags: any of those asked for (TX_OR) or all (TX_AND), cleared then or not. All flags that
 * were set are written to `actual_flags_ptr`.
 */
UINT helo_rtos_tx_event_flags_get(TX_EVENT_FLAGS_GROUP *group_ptr,
                                  ULONG requested_flags,
                                  UINT get_option,
                                  ULONG *actual_flags_ptr,
                                  ULONG wait_option);

/**
 * The name and the flags that are set. Each pointer may be NULL. Waiting threads are not told.
 */
UINT helo_rtos_tx_event_flags_info_get(TX_EVENT_FLAGS_GROUP *group_ptr,
                                       CHAR **name,
                                       ULONG *current_flags,
                                       TX_THREAD **first_suspended,
                                       ULONG *suspended_count,
                                       TX_EVENT_FLAGS_GROUP **next_group);

/**
 * Creates a mutex. Priority inheritance is noted, not done.
 */
UINT helo_rtos_tx_mutex_create(TX_MUTEX *mutex_ptr,
                               CHAR *name_ptr,
                               UINT inherit,
                               UINT mutex_control_block_size);

/**
 * Deletes a mutex; threads that wait for it get TX_DELETED.
 */
UINT helo_rtos_tx_mutex_delete(TX_MUTEX *mutex_ptr);

/**
 * Gets the mutex, waiting for it so many ticks. Its owner may get it again.
 */
UINT helo_rtos_tx_mutex_get(TX_MUTEX *mutex_ptr, ULONG wait_option);

/**
 * Puts the mutex back; TX_NOT_OWNED when it is another thread's or nobody's.
 */
UINT helo_rtos_tx_mutex_put(TX_MUTEX *mutex_ptr);

/**
 * The name and how often the owner has the mutex. Each pointer may be NULL. Owner and waiting threads are not told.
 */
UINT helo_rtos_tx_mutex_info_get(TX_MUTEX *mutex_ptr,
                                 CHAR **name,
                                 ULONG *count,
                                 TX_THREAD **owner,
                                 TX_THREAD **first_suspended,
                                 ULONG *suspended_count,
                                 TX_MUTEX **next_mutex);

/**
 * Creates a queue of messages of `message_size` ULONGs, as many as `queue_size` bytes hold. The memory is left alone.
 */
UINT helo_rtos_tx_queue_create(TX_QUEUE *queue_ptr,
                               CHAR *name_ptr,
                               UINT message_size,
                               VOID *queue_start,
                               ULONG queue_size,
                               UINT queue_control_block_size);

/**
 * Deletes a queue; threads that wait for it get TX_DELETED.
 */
UINT helo_rtos_tx_queue_delete(TX_QUEUE *queue_ptr);

/**
 * Empties a queue.
 */
UINT helo_rtos_tx_queue_flush(TX_QUEUE *queue_ptr);

/**
 * Sends a message, waiting for room so many ticks.
 */
UINT helo_rtos_tx_queue_send(TX_QUEUE *queue_ptr, VOID *source_ptr, ULONG wait_option);

/**
 * Sends a message before all that wait.
 */
UINT helo_rtos_tx_queue_front_send(TX_QUEUE *queue_ptr, VOID *source_ptr, ULONG wait_option);

/**
 * Receives the oldest message, waiting for one so many ticks.
 */
UINT helo_rtos_tx_queue_receive(TX_QUEUE *queue_ptr, VOID *destination_ptr, ULONG wait_option);

/**
 * The name, the messages that wait and the room that is left. Each pointer may be NULL. Waiting threads are not told.
 */
UINT helo_rtos_tx_queue_info_get(TX_QUEUE *queue_ptr,
                                 CHAR **name,
                                 ULONG *enqueued,
                                 ULONG *available_storage,
                                 TX_THREAD **first_suspended,
                                 ULONG *suspended_count,
                                 TX_QUEUE **next_queue);

/**
 * Creates a semaphore with `initial_count` instances.
 */
UINT helo_rtos_tx_semaphore_create(TX_SEMAPHORE *semaphore_ptr,
                                   CHAR *name_ptr,
                                   ULONG initial_count,
                                   UINT semaphore_control_block_size);

/**
 * Deletes a semaphore; threads that wait for it get TX_DELETED.
 */
UINT helo_rtos_tx_semaphore_delete(TX_SEMAPHORE *semaphore_ptr);

/**
 * Takes an instance, waiting for one so many ticks.
 */
UINT helo_rtos_tx_semaphore_get(TX_SEMAPHORE *semaphore_ptr, ULONG wait_option);

/**
 * Puts an instance.
 */
UINT helo_rtos_tx_semaphore_put(TX_SEMAPHORE *semaphore_ptr);

/**
 * Puts an instance unless there are `ceiling` of them already.
 */
UINT helo_rtos_tx_semaphore_ceiling_put(TX_SEMAPHORE *semaphore_ptr, ULONG ceiling);

/**
 * The name and the count. Each pointer may be NULL. Waiting threads are not told.
 */
UINT helo_rtos_tx_semaphore_info_get(TX_SEMAPHORE *semaphore_ptr,
                                     CHAR **name,
                                     ULONG *current_value,
                                     TX_THREAD **first_suspended,
                                     ULONG *suspended_count,
                                     TX_SEMAPHORE **next_semaphore);

HELO_RTOS_ASSERT_CONTROL_BLOCK(TX_THREAD);
HELO_RTOS_ASSERT_CONTROL_BLOCK(TX_MUTEX);
HELO_RTOS_ASSERT_CONTROL_BLOCK(TX_SEMAPHORE);
HELO_RTOS_ASSERT_CONTROL_BLOCK(TX_EVENT_FLAGS_GROUP);
HELO_RTOS_ASSERT_CONTROL_BLOCK(TX_QUEUE);
HELO_RTOS_ASSERT_CONTROL_BLOCK(TX_BYTE_POOL);
HELO_RTOS_ASSERT_CONTROL_BLOCK(TX_BLOCK_POOL);

/* The program's: what the system looks like at first. */
VOID tx_application_define(VOID *first_unused_memory);

/* The names. */
#define tx_block_allocate helo_rtos_tx_block_allocate
#define tx_block_pool_create(p, n, b, s, l) \
    helo_rtos_tx_block_pool_create(p, n, b, s, l, sizeof(TX_BLOCK_POOL))
#define tx_block_pool_delete helo_rtos_tx_block_pool_delete
#define tx_block_pool_info_get helo_rtos_tx_block_pool_info_get
#define tx_block_release helo_rtos_tx_block_release
#define tx_byte_allocate helo_rtos_tx_byte_allocate
#define tx_byte_pool_create(p, n, s, l) \
    helo_rtos_tx_byte_pool_create(p, n, s, l, sizeof(TX_BYTE_POOL))
#define tx_byte_pool_delete helo_rtos_tx_byte_pool_delete
#define tx_byte_pool_info_get helo_rtos_tx_byte_pool_info_get
#define tx_byte_release helo_rtos_tx_byte_release
#define tx_event_flags_create(g, n) \
    helo_rtos_tx_event_flags_create(g, n, sizeof(TX_EVENT_FLAGS_GROUP))
#define tx_event_flags_delete helo_rtos_tx_event_flags_delete
#define tx_event_flags_get helo_rtos_tx_event_flags_get
#define tx_event_flags_info_get helo_rtos_tx_event_flags_info_get
#define tx_event_flags_set helo_rtos_tx_event_flags_set
#define tx_kernel_enter() helo_rtos_tx_kernel_enter(tx_application_define, HELO_RTOS_MEMORY_SIZE)
#define tx_mutex_create(m, n, i) \
    helo_rtos_tx_mutex_create(m, n, i, sizeof(TX_MUTEX))
#define tx_mutex_delete helo_rtos_tx_mutex_delete
#define tx_mutex_get helo_rtos_tx_mutex_get
#define tx_mutex_info_get helo_rtos_tx_mutex_info_get
#define tx_mutex_put helo_rtos_tx_mutex_put
#define tx_queue_create(q, n, m, s, l) \
    helo_rtos_tx_queue_create(q, n, m, s, l, sizeof(TX_QUEUE))
#define tx_queue_delete helo_rtos_tx_queue_delete
#define tx_queue_flush helo_rtos_tx_queue_flush
#define tx_queue_front_send helo_rtos_tx_queue_front_send
#define tx_queue_info_get helo_rtos_tx_queue_info_get
#define tx_queue_receive helo_rtos_tx_queue_receive
#define tx_queue_send helo_rtos_tx_queue_send
#define tx_semaphore_ceiling_put helo_rtos_tx_semaphore_ceiling_put
#define tx_semaphore_create(s, n, i) \
    helo_rtos_tx_semaphore_create(s, n, i, sizeof(TX_SEMAPHORE))
#define tx_semaphore_delete helo_rtos_tx_semaphore_delete
#define tx_semaphore_get helo_rtos_tx_semaphore_get
#define tx_semaphore_info_get helo_rtos_tx_semaphore_info_get
#define tx_semaphore_put helo_rtos_tx_semaphore_put
#define tx_thread_create(t, n, e, i, s, l, p, r, c, a) \
    helo_rtos_tx_thread_create(t, n, e, i, s, l, p, r, c, a, sizeof(TX_THREAD))
#define tx_thread_delete helo_rtos_tx_thread_delete
#define tx_thread_identify helo_rtos_tx_thread_identify
#define tx_thread_info_get helo_rtos_tx_thread_info_get
#define tx_thread_priority_change helo_rtos_tx_thread_priority_change
#define tx_thread_relinquish helo_rtos_tx_thread_relinquish
#define tx_thread_resume helo_rtos_tx_thread_resume
#define tx_thread_sleep helo_rtos_tx_thread_sleep
#define tx_thread_suspend helo_rtos_tx_thread_suspend
#define tx_thread_terminate helo_rtos_tx_thread_terminate
#define tx_thread_wait_abort helo_rtos_tx_thread_wait_abort
#define tx_time_get helo_rtos_tx_time_get
#define tx_time_set helo_rtos_tx_time_set

#ifdef __cplusplus
}
#endif

#endif /* HELO_RTOS_TX_API_H */
