/* A plugin for a host that does not exist yet. */
#include <commy/host/plugin.h>

COMMY_PLUGIN_EXPORT const commy_plugin_table* commy_plugin(void);

const commy_plugin_table* commy_plugin(void) {
  /* Nothing but size and version: the host has to look no further. */
  static const struct {
    uint32_t size;
    uint16_t abi_major;
    uint16_t abi_minor;
  } table = {8, COMMY_PLUGIN_ABI_MAJOR + 1, 3};
  return (const commy_plugin_table*)&table;
}
