/* A plugin in plain C that refuses to start, and says why. */
#include <commy/host/plugin.h>

#include <string.h>

COMMY_PLUGIN_EXPORT const commy_plugin_table* commy_plugin(void);

static commy_status start(const commy_host* host, void** instance,
                          commy_error* error) {
  (void)host;
  (void)instance;
  strcpy(error->text, "no licence for this machine");
  return COMMY_REFUSED;
}

static commy_status stop(void* instance, uint64_t deadline_ns,
                         commy_error* error) {
  (void)instance;
  (void)deadline_ns;
  (void)error;
  return COMMY_OK;
}

const commy_plugin_table* commy_plugin(void) {
  static const commy_plugin_table table = {.size = sizeof(commy_plugin_table),
                                           .abi_major = COMMY_PLUGIN_ABI_MAJOR,
                                           .abi_minor = COMMY_PLUGIN_ABI_MINOR,
                                           .id = {"test_refusing", 13},
                                           .version = {"1", 1},
                                           .start = start,
                                           .stop = stop};
  return &table;
}
