// tests/support/kills.hpp: the tag of tests that kill processes.
#pragma once

/// Wine says that a process has ended before its threads have: its server wakes
/// who waits for them, and sends the signal that ends them afterwards. What
/// they still do looks like damage. So these tests are run by hand under
/// Windows itself: `message_process_test.exe [kills]`.
#ifdef _WIN32
#define COMMY_KILLS "[.][kills]"
#else
#define COMMY_KILLS "[kills]"
#endif
