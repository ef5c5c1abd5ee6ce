/* Tells callgrind what to count. Outside of it, these do nothing. */
#include <valgrind/callgrind.h>

/* Follow every instruction from now on; the start of Python, which is slow enough, is over. */
void start(void) { CALLGRIND_START_INSTRUMENTATION; }

/* Count from here, or no more. */
void toggle(void) { CALLGRIND_TOGGLE_COLLECT; }
