// commy/host/plugin.h: the line between a Commy host and its plugins.
//
// Plain C, so that both sides may be built by different compilers, in different
// years, in different languages. The whole contract is in this file; C++
// authors use plugin.hpp on top of it, which needs nothing else either.
//
// A plugin is a shared library that exports one function, `commy_plugin`. It
// returns a table that says what the plugin is and which types of actors it
// has. The host reads the table, checks it, starts the plugin once with a table
// of its own, and creates one object for each actor the manifest names. Linked
// statically, the same function is called `commy_plugin_<id>`, where each byte
// of the id that C does not allow in names is an underscore.
//
// Rules for everything below:
//
//  - Tables begin with their size in bytes. Later minor versions add members
//    at the end; a member beyond the other side's `size` does not exist.
//  - Texts are UTF-8 with a length, without a terminating zero. Numbers have
//    fixed width. There is no bool, no enum and no long.
//  - What a function is given (texts, bytes, tables) belongs to its caller and
//    is valid until it returns, unless it says otherwise. Nobody frees what the
//    other side has allocated.
//  - The first argument is the opaque object the call is about.
//  - Nothing is thrown across the line, in either direction.
//  - Threads are named in brackets: [starter] is whichever thread starts or
//    stops the host, one at a time; [turn] is any thread, but calls for one
//    actor never overlap, and each sees what the ones before it have written;
//    [any] is any thread at any time between the plugin's `start` and `stop`.
//  - A loaded library is never unloaded, so code and constants stay valid.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A plugin runs in hosts of the same major version whose minor version is not
 * below the plugin's own. */
#define COMMY_PLUGIN_ABI_MAJOR 1
#define COMMY_PLUGIN_ABI_MINOR 0

/* NOLINTBEGIN(modernize-use-using): this is also C. */
typedef struct commy_text {
  const char* data; /* May be null when `size` is 0. */
  uint64_t size;
} commy_text;

/* What a function answers. 0 is success; every other value is a failure, also
 * those that this version does not name. */
typedef int32_t commy_status;
#define COMMY_OK 0
#define COMMY_FAILED 1          /* See the error's text. */
#define COMMY_NOT_FOUND 2       /* No such actor, option, extension. */
#define COMMY_REFUSED 3         /* Full, stopped or not allowed. */
#define COMMY_BAD_ARGUMENT 4    /* The caller broke this contract. */
#define COMMY_UNKNOWN_MESSAGE 5 /* The actor does not know this message. */
#define COMMY_UNAVAILABLE 6     /* The host has no such service running. */

/* Why something failed. The caller provides it, filled with zeros, and sets
 * `size`; the callee may fill the rest. Texts end with a zero byte and are cut
 * to fit. A null pointer says that the caller does not want to know. */
typedef struct commy_error {
  uint32_t size;
  commy_status code;
  char text[256];  /* One sentence: what, where, what to do. */
  char wanted[64]; /* Both sides of a mismatch, or empty. */
  char found[64];
} commy_error;

/* A position in a segment, valid in every process that maps it. Opaque here;
 * `commy_host.resolve` finds its bytes. */
typedef struct commy_handle {
  uint64_t word[2];
} commy_handle;

typedef struct commy_view {
  const void* data;
  uint64_t size;
} commy_view;

/* A kind of messages, known by what they look like. The layout text names the
 * message, then each field with its kind and offset, then the size:
 *
 *     shop::add {amount: i32 @0} 4
 *
 * It is what the host's `commy::wire_layout<shop::add>()` gives. */
typedef struct commy_message {
  uint32_t size;  /* Of this table. */
  uint32_t bytes; /* Of the message. At most 65536. */
  uint64_t id;    /* commy_message_id(layout) */
  commy_text layout;
} commy_message;

/* The id of a kind of messages: the FNV-1a hash of its layout text. Two sides
 * who see a message differently have different ids, so that they never misread
 * each other. */
static inline uint64_t commy_message_id(commy_text layout) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  uint64_t i;
  for (i = 0; i < layout.size; ++i) {
    hash ^= (unsigned char)layout.data[i];
    hash *= UINT64_C(0x100000001b3);
  }
  return hash;
}

/* ---- What the host offers ---------------------------------------------- */

#define COMMY_LOG_DEBUG 0U
#define COMMY_LOG_INFO 1U
#define COMMY_LOG_WARNING 2U
#define COMMY_LOG_ERROR 3U

typedef struct commy_host {
  uint32_t size;
  uint16_t abi_major;
  uint16_t abi_minor;
  /* The host program's name and version, for messages. */
  commy_text name;
  commy_text version;
  /* First argument of each function below. */
  void* context;

  /* Writes one line under the plugin's id. [any] */
  void (*log)(void* context, uint32_t level, commy_text text);

  /* Nanoseconds of a clock that never goes back. Under test it may be a fake:
   * take all time from here. [any] */
  uint64_t (*now_ns)(void* context);

  /* The value of an option the plugin has declared, after the host has checked
   * it. Integer and number are decimal, boolean is `true` or `false`, a
   * duration is decimal nanoseconds, a size is decimal bytes. COMMY_NOT_FOUND:
   * it is neither set nor has it a default. The text stays valid until `stop`
   * has returned. [starter, any] */
  commy_status (*option)(void* context, commy_text name, commy_text* value);

  /* Sends `bytes` to an actor of the host, as the message with that id (see
   * `commy_message_id`), and copies them. Never waits: COMMY_REFUSED when
   * its mailbox is full or it has stopped, COMMY_NOT_FOUND,
   * COMMY_UNKNOWN_MESSAGE, COMMY_BAD_ARGUMENT when the size is not that of the
   * message; refused messages are not sent. [any] */
  commy_status (*send)(void* context, commy_text actor, uint64_t message_id,
                       const void* bytes, uint64_t size, commy_error* error);

  /* Finds the bytes of a handle that came in a message. They are valid, and do
   * not change, until the `handle` call under way has returned, and are never
   * written to. COMMY_NOT_FOUND: gone; COMMY_UNAVAILABLE: no segments here.
   * Only while `handle` runs, in its thread. [turn] */
  commy_status (*resolve)(void* context, const commy_handle* handle,
                          commy_view* view, commy_error* error);

  /* More tables, by an id that ends in its revision ("acme.shapes/2"). Null
   * when this host has none of that id. The answer is constant. [starter, any]
   */
  const void* (*extension)(void* context, commy_text id);
} commy_host;

/* ---- What the plugin offers -------------------------------------------- */

#define COMMY_OPTION_TEXT 0U
#define COMMY_OPTION_INTEGER 1U
#define COMMY_OPTION_NUMBER 2U
#define COMMY_OPTION_BOOLEAN 3U
#define COMMY_OPTION_DURATION 4U /* "50ms" */
#define COMMY_OPTION_BYTES 5U    /* "64MiB" */

#define COMMY_OPTION_REQUIRED 1U
#define COMMY_OPTION_SECRET 2U /* Never printed or logged. */

/* One key that may stand in `options` of the plugin's entry in the manifest.
 * The host refuses all other keys and all values outside of the bounds before
 * the plugin is started. Empty texts mean "none". */
typedef struct commy_option {
  uint32_t size;
  uint32_t kind;  /* COMMY_OPTION_TEXT ... */
  uint32_t flags; /* COMMY_OPTION_REQUIRED | ... */
  uint32_t reserved;
  commy_text name;
  commy_text summary;  /* One line. */
  commy_text standard; /* The default, as written in a manifest: "50ms". */
  commy_text minimum;  /* Of a text, the bounds count its bytes. */
  commy_text maximum;
  commy_text choices; /* Of a text: "always|never". */
} commy_option;

/* A type of actors. All members are required. */
typedef struct commy_actor_type {
  uint32_t size;
  uint32_t reserved;
  commy_text name; /* What manifests call it: "acme.blur". */

  /* The messages it handles; others are refused before they get here. At least
   * one, at most 256. Constant. */
  const commy_message* const* messages;
  uint64_t message_count;

  /* Makes one actor. `instance` is the plugin's, `actor_name` its name in this
   * host. On success `*actor` is handed to the calls below until `destroy`; on
   * failure there is nothing to destroy. [starter] for the first, [turn] when
   * a failed actor is replaced by a new one. */
  commy_status (*create)(void* instance, commy_text actor_name, void** actor,
                         commy_error* error);

  /* Ends it. Never fails. [turn, starter] */
  void (*destroy)(void* actor);

  /* Handles one message: the bytes of one of `messages`, at an address
   * divisible by 8. They may come from another process, so the values are to be
   * checked. A failure counts as a failed handler: the message is dropped, the
   * error is logged, the actor is destroyed and a new one created in its place,
   * until its supervisor gives up. [turn] */
  commy_status (*handle)(void* actor, uint64_t message_id, const void* bytes,
                         uint64_t size, commy_error* error);
} commy_actor_type;

typedef struct commy_plugin_table {
  uint32_t size;
  uint16_t abi_major; /* COMMY_PLUGIN_ABI_MAJOR of its build. */
  uint16_t abi_minor; /* The lowest minor version it can live with. */
  commy_text id;      /* "acme_blur"; letters, digits, '_', '-', '.' */
  commy_text version; /* "1.2.0" */
  commy_text summary; /* One line. */

  const commy_option* const* options;
  uint64_t option_count; /* At most 64. */
  const commy_actor_type* const* actor_types;
  uint64_t actor_type_count; /* At most 256. */

  /* Starts the plugin, once. `host` and all it points to stay valid until the
   * process ends; calls through it are allowed until `stop` has returned. On
   * success `*instance` is handed to the calls below. [starter] */
  commy_status (*start)(const commy_host* host, void** instance,
                        commy_error* error);

  /* Ends the plugin's threads, if it has any, and frees the instance. All its
   * actors are destroyed. `deadline_ns` is on the host's clock. COMMY_FAILED
   * tells that something could not be ended; the host goes on. [starter] */
  commy_status (*stop)(void* instance, uint64_t deadline_ns,
                       commy_error* error);

  /* As `commy_host.extension`, the other way. May be null. [starter, any] */
  const void* (*extension)(void* instance, commy_text id);
} commy_plugin_table;

/* The exported function's type. Returns a constant; null when the plugin cannot
 * even describe itself. Called once, before everything else. [starter] */
typedef const commy_plugin_table* (*commy_plugin_entry)(void);
/* NOLINTEND(modernize-use-using) */

#if defined(_MSC_VER)
#define COMMY_PLUGIN_EXPORT __declspec(dllexport)
#else
#define COMMY_PLUGIN_EXPORT __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
}
#endif
