/* Threads and the kernel: tx_kernel_enter runs the program's threads and comes back when they have ended. */
#include "tx_api.h"
#include "check.h"

static TX_THREAD worker, sleeper, never_started, ended_early;
static TX_SEMAPHORE asleep;
static UCHAR stack[4096];
static ULONG first_input, order[2];
static UINT order_length, woken_with;
static TX_THREAD *identified;
static int defined;

static VOID worker_entry(ULONG input)
{
    UINT state;
    CHAR *name;

    first_input = input;
    identified = tx_thread_identify();
    order[order_length++ % 2] = 1;
    CHECK_INT("suspending oneself waits for a resume", tx_thread_suspend(&worker), TX_SUCCESS);
    order[order_length++ % 2] = 2;

    /* The other thread sleeps for ever: only an abort wakes it. */
    CHECK_INT("wait for the sleeper", tx_semaphore_get(&asleep, TX_WAIT_FOREVER), TX_SUCCESS);
    do {
        CHECK("state can be asked for",
                   tx_thread_info_get(&sleeper, &name, &state, NULL, NULL, NULL, NULL, NULL, NULL) == TX_SUCCESS);
        tx_thread_relinquish();
    } while (state != TX_SLEEP);
    CHECK("a thread has its name", strcmp(name, "sleeper") == 0);
    CHECK_INT("deleting a thread that runs", tx_thread_delete(&sleeper), TX_DELETE_ERROR);
    CHECK_INT("resuming a thread that sleeps", tx_thread_resume(&sleeper), TX_RESUME_ERROR);
    CHECK_INT("aborting a sleep", tx_thread_wait_abort(&sleeper), TX_SUCCESS);
}

static VOID sleeper_entry(ULONG input)
{
    UINT state = TX_READY;

    (void) input;
    /* Only when the worker has suspended itself can it be resumed. */
    while (state != TX_SUSPENDED) {
        tx_thread_info_get(&worker, NULL, &state, NULL, NULL, NULL, NULL, NULL, NULL);
        tx_thread_relinquish();
    }
    CHECK_INT("resuming a suspended thread", tx_thread_resume(&worker), TX_SUCCESS);
    tx_semaphore_put(&asleep);
    woken_with = tx_thread_sleep(TX_WAIT_FOREVER);
}

static VOID ended_early_entry(ULONG input)
{
    (void) input;
    tx_thread_terminate(&ended_early);
    CHECK("a terminated thread goes on", 0);
}

void tx_application_define(void *first_unused_memory)
{
    UCHAR *memory = first_unused_memory;

    defined = 1;
    CHECK("there is memory", memory != NULL && memory[0] == 0 && memory[1024 * 1024] == 0);
    CHECK_INT("a semaphore", tx_semaphore_create(&asleep, "asleep", 0), TX_SUCCESS);
    CHECK_INT("no waiting while the system initialises", tx_semaphore_get(&asleep, 10), TX_WAIT_ERROR);
    CHECK_INT("no sleeping either", tx_thread_sleep(1), TX_CALLER_ERROR);
    CHECK_INT("nothing to take", tx_semaphore_get(&asleep, TX_NO_WAIT), TX_NO_INSTANCE);

    CHECK_INT("no thread", tx_thread_create(NULL, "x", worker_entry, 0, memory, 4096, 1, 1, 0, 0), TX_THREAD_ERROR);
    CHECK_INT("no function", tx_thread_create(&worker, "x", NULL, 0, memory, 4096, 1, 1, 0, 0), TX_PTR_ERROR);
    CHECK_INT("no stack", tx_thread_create(&worker, "x", worker_entry, 0, NULL, 4096, 1, 1, 0, 0), TX_PTR_ERROR);
    CHECK_INT("small stack", tx_thread_create(&worker, "x", worker_entry, 0, memory, 100, 1, 1, 0, 0), TX_SIZE_ERROR);
    CHECK_INT("priority", tx_thread_create(&worker, "x", worker_entry, 0, memory, 4096, 32, 1, 0, 0), TX_PRIORITY_ERROR);
    CHECK_INT("threshold", tx_thread_create(&worker, "x", worker_entry, 0, memory, 4096, 1, 2, 0, 0), TX_THRESH_ERROR);
    CHECK_INT("start", tx_thread_create(&worker, "x", worker_entry, 0, memory, 4096, 1, 1, 0, 2), TX_START_ERROR);
    CHECK_INT("not a thread", tx_thread_resume(&worker), TX_THREAD_ERROR);

    CHECK_INT("a thread",
          tx_thread_create(&worker, "worker", worker_entry, 0xFEEDBEEFUL, memory, 4096, 5, 5, TX_NO_TIME_SLICE, TX_AUTO_START),
          TX_SUCCESS);
    CHECK_INT("twice at one place",
          tx_thread_create(&worker, "worker", worker_entry, 1, memory, 4096, 5, 5, TX_NO_TIME_SLICE, TX_AUTO_START),
          TX_THREAD_ERROR);
    CHECK_INT("a second",
          tx_thread_create(&sleeper, "sleeper", sleeper_entry, 0, memory + 4096, 4096, 16, 16, TX_NO_TIME_SLICE, TX_DONT_START),
          TX_SUCCESS);
    CHECK_INT("a third that never starts",
          tx_thread_create(&never_started, "never", sleeper_entry, 0, stack, sizeof(stack), 16, 16, 0, TX_DONT_START),
          TX_SUCCESS);
    CHECK_INT("a fourth",
          tx_thread_create(&ended_early, "early", ended_early_entry, 0, memory + 8192, 4096, 16, 16, 0, TX_AUTO_START),
          TX_SUCCESS);
    CHECK_INT("no thread runs before the initialisation is done", first_input, 0);
    CHECK_INT("starting the second", tx_thread_resume(&sleeper), TX_SUCCESS);
    CHECK_INT("starting it again", tx_thread_resume(&sleeper), TX_RESUME_ERROR);
}

int main(void)
{
    ULONG before;
    UINT state, old;

    CHECK("main is no thread of the kernel", tx_thread_identify() == NULL);
    tx_kernel_enter();
    CHECK_INT("tx_application_define was called", defined, 1);
    CHECK_INT("a thread gets its input", first_input, 0xFEEDBEEFUL);
    CHECK("a thread knows itself", identified == &worker);
    CHECK_INT("it ran in two parts", order_length, 2);
    CHECK("in this order", order[0] == 1 && order[1] == 2);
    CHECK_INT("an aborted sleep says so", woken_with, TX_WAIT_ABORTED);

    tx_thread_info_get(&worker, NULL, &state, NULL, NULL, NULL, NULL, NULL, NULL);
    CHECK_INT("state of a thread that returned", state, TX_COMPLETED);
    tx_thread_info_get(&ended_early, NULL, &state, NULL, NULL, NULL, NULL, NULL, NULL);
    CHECK_INT("state of one that was terminated", state, TX_TERMINATED);
    tx_thread_info_get(&never_started, NULL, &state, NULL, NULL, NULL, NULL, NULL, NULL);
    CHECK_INT("state of one that was not started", state, TX_SUSPENDED);
    CHECK_INT("priorities are noted", tx_thread_priority_change(&never_started, 3, &old), TX_SUCCESS);
    CHECK_INT("and given back", old, 16);

    CHECK_INT("resuming a thread that ended", tx_thread_resume(&worker), TX_RESUME_ERROR);
    CHECK_INT("suspending it", tx_thread_suspend(&worker), TX_SUSPEND_ERROR);
    CHECK_INT("aborting a wait that is none", tx_thread_wait_abort(&worker), TX_WAIT_ABORT_ERROR);
    CHECK_INT("deleting it", tx_thread_delete(&worker), TX_SUCCESS);
    CHECK_INT("deleting it twice", tx_thread_delete(&worker), TX_THREAD_ERROR);
    CHECK_INT("terminating one that was not started", tx_thread_terminate(&never_started), TX_SUCCESS);
    CHECK_INT("deleting that", tx_thread_delete(&never_started), TX_SUCCESS);

    before = tx_time_get();
    CHECK_INT("main may sleep too", tx_thread_sleep(2), TX_SUCCESS);
    CHECK("and time goes on", tx_time_get() - before >= 1);
    tx_time_set(5000);
    CHECK("from where it is set", tx_time_get() - 5000 < 1000);
    return checks_done();
}
