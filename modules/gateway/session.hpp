// modules/gateway/session.hpp: one client's conversation, as the hub keeps it.
#pragma once

#include "modules/gateway/feed.hpp"
#include <commy/host/messages/authenticate.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace commy::gateway {

/// A watch of one session. It goes round: joining → sending a snapshot → live,
/// and back to joining when events had to be left out.
struct watching {
  enum class stage : std::uint8_t {
    joining,   // The feed will make a snapshot; events before it are not ours.
    snapshot,  // Its pages leave as the client reads them.
    live,
    behind,  // Waits until the client has read what is queued.
  };
  std::uint64_t feed_number = 0;
  feed::joiner joiner = 0;  // Of the last `join`; a new one each time.
  std::uint64_t last = 0;
  stage now = stage::joining;
  std::deque<feed::tail> pages{};
  std::deque<feed::tail> held{};  // Events after the snapshot, meanwhile.
};

struct session {
  enum class stage : std::uint8_t {
    silent,    // Has not said hello.
    checking,  // Its key is being looked at.
    open,
    closing,
  };
  stage now = stage::silent;
  std::string peer;
  std::chrono::steady_clock::time_point opened_at{};
  principal who{};
  std::size_t in_flight = 0;
  std::uint64_t next_watch = 1;
  std::map<std::uint64_t, watching> watches{};
};

/// What comes before the tail of an event.
inline std::string event_head(std::uint64_t watch) {
  return R"({"jsonrpc":"2.0","method":"watch.event","params":{"w":)" +
         std::to_string(watch) + ",";
}

}  // namespace commy::gateway
