// modules/gateway/module.hpp: the module where outside traffic enters.
#pragma once

#include <commy/host/module.hpp>

namespace commy::modules {

/// Serves one port: the page at `/`, `/healthz`, and the protocol commy.v1 as
/// JSON over WebSocket at `/v1/ws` (docs/protocol.md).
const module_description& gateway();

}  // namespace commy::modules
