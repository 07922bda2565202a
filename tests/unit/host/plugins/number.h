// number.h: what the tests and their plugins tell each other.
#pragma once

#include <commy/host/plugin.h>

/* What the plugin is to do with a number. */
#define TEST_ADD_ONE 0U
#define TEST_THROW 1U        /* A std::runtime_error. */
#define TEST_THROW_OTHER 2U  /* Something else. */
#define TEST_TELL_OPTION 3U  /* Its option "number". */
#define TEST_TELL_TIME 4U    /* The host's clock. */
#define TEST_SEND_NOWHERE 5U /* The status of a send to nobody. */

struct test_number {
  int64_t value;
  uint32_t what;
  uint32_t reserved;
};
#define TEST_NUMBER_LAYOUT \
  "test_number {value: i64 @0, what: u32 @8, reserved: u32 @12} 16"

/* The plugin answers with the number the handle leads to, or with -1. */
struct test_handle {
  struct commy_handle handle;
};
#define TEST_HANDLE_LAYOUT "test_handle {handle: handle @0} 16"
