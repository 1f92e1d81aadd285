/* Mutexes, semaphores, event flags and queues, between threads that wait for each other. */
#include "tx_api.h"
#include "check.h"

static TX_THREAD first, second;
static TX_MUTEX mutex;
static TX_SEMAPHORE semaphore, doomed, entered, sent;
static TX_EVENT_FLAGS_GROUP events;
static TX_QUEUE queue;
static ULONG queue_memory[4];

static VOID first_entry(ULONG input)
{
    ULONG flags = 0, message = 0;

    (void) input;
    CHECK_INT("getting a free mutex", tx_mutex_get(&mutex, TX_NO_WAIT), TX_SUCCESS);
    CHECK_INT("getting it again", tx_mutex_get(&mutex, TX_NO_WAIT), TX_SUCCESS);
    tx_semaphore_put(&entered);
    /* The other thread has found the mutex taken before it sets the flag. */
    CHECK_INT("all of the flags", tx_event_flags_get(&events, 0x3, TX_AND_CLEAR, &flags, TX_WAIT_FOREVER), TX_SUCCESS);
    CHECK_INT("all that were set", flags, 0x13);
    CHECK_INT("putting it once", tx_mutex_put(&mutex), TX_SUCCESS);
    CHECK_INT("putting it twice", tx_mutex_put(&mutex), TX_SUCCESS);
    CHECK_INT("putting what one does not own", tx_mutex_put(&mutex), TX_NOT_OWNED);

    tx_semaphore_get(&sent, TX_WAIT_FOREVER);
    CHECK_INT("first message", tx_queue_receive(&queue, &message, TX_WAIT_FOREVER), TX_SUCCESS);
    CHECK_INT("is the one in front", message, 7);
    CHECK_INT("second message", tx_queue_receive(&queue, &message, TX_WAIT_FOREVER), TX_SUCCESS);
    CHECK_INT("is the older one", message, 1);
    tx_semaphore_put(&entered);
    CHECK_INT("a semaphore deleted under a waiting thread", tx_semaphore_get(&doomed, TX_WAIT_FOREVER), TX_DELETED);
    /* It ends with the mutex: whoever ends gives back what it owns. */
    tx_mutex_get(&mutex, TX_WAIT_FOREVER);
}

static VOID second_entry(ULONG input)
{
    ULONG message, i;
    UINT state = TX_READY;

    (void) input;
    tx_semaphore_get(&entered, TX_WAIT_FOREVER);
    CHECK_INT("getting a taken mutex", tx_mutex_get(&mutex, TX_NO_WAIT), TX_NOT_AVAILABLE);
    CHECK_INT("waiting for it a while", tx_mutex_get(&mutex, 2), TX_NOT_AVAILABLE);
    CHECK_INT("putting another's", tx_mutex_put(&mutex), TX_NOT_OWNED);
    CHECK_INT("one flag is not enough", tx_event_flags_set(&events, 0x11, TX_OR), TX_SUCCESS);
    CHECK_INT("both are", tx_event_flags_set(&events, 0x02, TX_OR), TX_SUCCESS);
    CHECK_INT("getting the mutex when it is free", tx_mutex_get(&mutex, TX_WAIT_FOREVER), TX_SUCCESS);
    tx_mutex_put(&mutex);

    message = 1;
    CHECK_INT("sending", tx_queue_send(&queue, &message, TX_NO_WAIT), TX_SUCCESS);
    message = 7;
    CHECK_INT("sending in front", tx_queue_front_send(&queue, &message, TX_NO_WAIT), TX_SUCCESS);
    tx_semaphore_put(&sent);
    tx_semaphore_get(&entered, TX_WAIT_FOREVER);
    while (state != TX_SEMAPHORE_SUSP) {
        tx_thread_info_get(&first, NULL, &state, NULL, NULL, NULL, NULL, NULL, NULL);
        tx_thread_relinquish();
    }
    CHECK_INT("deleting a semaphore", tx_semaphore_delete(&doomed), TX_SUCCESS);

    for (i = 0; i < 4; i++) {
        CHECK_INT("filling the queue", tx_queue_send(&queue, &i, TX_NO_WAIT), TX_SUCCESS);
    }
    CHECK_INT("until it is full", tx_queue_send(&queue, &i, 1), TX_QUEUE_FULL);
    CHECK_INT("emptying it", tx_queue_flush(&queue), TX_SUCCESS);
    CHECK_INT("it is empty", tx_queue_receive(&queue, &i, TX_NO_WAIT), TX_QUEUE_EMPTY);
}

void tx_application_define(void *first_unused_memory)
{
    UCHAR *memory = first_unused_memory;

    CHECK_INT("a mutex", tx_mutex_create(&mutex, "mutex", TX_NO_INHERIT), TX_SUCCESS);
    CHECK_INT("a mutex with a wrong option", tx_mutex_create(&mutex, "mutex", 7), TX_INHERIT_ERROR);
    tx_semaphore_create(&semaphore, "semaphore", 1);
    tx_semaphore_create(&doomed, "doomed", 0);
    tx_semaphore_create(&entered, "entered", 0);
    tx_semaphore_create(&sent, "sent", 0);
    CHECK_INT("event flags", tx_event_flags_create(&events, "events"), TX_SUCCESS);
    CHECK_INT("messages of no size", tx_queue_create(&queue, "queue", 0, queue_memory, sizeof(queue_memory)), TX_SIZE_ERROR);
    CHECK_INT("messages of 17", tx_queue_create(&queue, "queue", 17, queue_memory, sizeof(queue_memory)), TX_SIZE_ERROR);
    CHECK_INT("no memory", tx_queue_create(&queue, "queue", TX_1_ULONG, NULL, 16), TX_PTR_ERROR);
    CHECK_INT("a queue", tx_queue_create(&queue, "queue", TX_1_ULONG, queue_memory, sizeof(queue_memory)), TX_SUCCESS);
    tx_thread_create(&first, "first", first_entry, 0, memory, 4096, 1, 1, 0, TX_AUTO_START);
    tx_thread_create(&second, "second", second_entry, 0, memory + 4096, 4096, 1, 1, 0, TX_AUTO_START);
}

int main(void)
{
    ULONG count = 0, flags = 0;
    CHAR *name = NULL;

    tx_kernel_enter();
    CHECK_INT("the mutex of a thread that ended", tx_mutex_get(&mutex, TX_NO_WAIT), TX_SUCCESS);
    CHECK_INT("its count", tx_mutex_info_get(&mutex, &name, &count, NULL, NULL, NULL, NULL), TX_SUCCESS);
    CHECK("is one, and its name", count == 1 && strcmp(name, "mutex") == 0);
    CHECK_INT("ceiling of 0", tx_semaphore_ceiling_put(&semaphore, 0), TX_INVALID_CEILING);
    CHECK_INT("ceiling reached", tx_semaphore_ceiling_put(&semaphore, 1), TX_CEILING_EXCEEDED);
    CHECK_INT("ceiling not reached", tx_semaphore_ceiling_put(&semaphore, 2), TX_SUCCESS);
    CHECK_INT("its count", tx_semaphore_info_get(&semaphore, NULL, &count, NULL, NULL, NULL), TX_SUCCESS);
    CHECK_INT("is two", count, 2);
    CHECK_INT("flags are left", tx_event_flags_info_get(&events, NULL, &flags, NULL, NULL, NULL), TX_SUCCESS);
    CHECK_INT("but not those that were cleared", flags, 0x10);
    CHECK_INT("no place for flags", tx_event_flags_get(&events, 1, TX_OR, NULL, TX_NO_WAIT), TX_PTR_ERROR);
    CHECK_INT("no such option", tx_event_flags_get(&events, 1, 9, &flags, TX_NO_WAIT), TX_OPTION_ERROR);
    CHECK_INT("flags that are not set", tx_event_flags_get(&events, 1, TX_OR, &flags, TX_NO_WAIT), TX_NO_EVENTS);

    CHECK_INT("deleting all", tx_mutex_delete(&mutex) | tx_event_flags_delete(&events) | tx_queue_delete(&queue), TX_SUCCESS);
    CHECK_INT("a mutex that is gone", tx_mutex_get(&mutex, TX_NO_WAIT), TX_MUTEX_ERROR);
    CHECK_INT("flags that are gone", tx_event_flags_set(&events, 1, TX_OR), TX_GROUP_ERROR);
    CHECK_INT("a queue that is gone", tx_queue_flush(&queue), TX_QUEUE_ERROR);
    return checks_done();
}
