// commy/host/messages/process_event.hpp: what became of a child process.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace commy {

/// Published for each change of a process the manifest names.
struct process_event {
  enum class kind : std::uint8_t {
    started,
    exited,        // `text` says how: "killed by signal 9 (Killed)".
    restarting,    // It will be started again; `text` says after which pause.
    gave_up,       // It ended too often; `text` says how often.
    start_failed,  // The program could not be run; `text` says why.
    stopped,       // It ended because the host asked it to.
    stopped_late,  // It had to be killed.
  };
  std::string name;  // Its key in the manifest.
  kind what = kind::started;
  std::uint32_t pid = 0;       // Zero when there is none.
  std::uint32_t restarts = 0;  // How often it was started again so far.
  std::string text;
};
std::string_view describe(process_event::kind kind) noexcept;

}  // namespace commy
