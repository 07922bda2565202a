#include <commy/host/messages/authenticate.hpp>
#include <commy/host/messages/health.hpp>
#include <commy/host/messages/participant_event.hpp>
#include <commy/host/messages/process_event.hpp>

#include <algorithm>

namespace commy {
namespace {

// Cuts the first part off `path`; an empty part is no part.
bool take_part(std::string_view& path, std::string_view& part, bool last) {
  const auto slash = path.find('/');
  if ((slash == std::string_view::npos) != last) return false;
  part = path.substr(0, slash);
  path.remove_prefix(last ? path.size() : slash + 1);
  return !part.empty();
}

bool matches(std::string_view pattern, std::string_view path) noexcept {
  for (int i = 0; i < 3; ++i) {
    std::string_view wanted;
    std::string_view found;
    if (!take_part(pattern, wanted, i == 2) ||
        !take_part(path, found, i == 2)) {
      return false;
    }
    if (wanted != "*" && wanted != found) return false;
  }
  return true;
}

}  // namespace

bool allows(const principal& who, right wanted,
            std::string_view path) noexcept {
  const auto bit = 1U << static_cast<unsigned>(wanted);
  return std::any_of(who.grants.begin(), who.grants.end(), [&](const grant& g) {
    return (g.rights & bit) != 0 && matches(g.pattern, path);
  });
}

std::string_view describe(right r) noexcept {
  switch (r) {
    case right::create:
      return "create";
    case right::read:
      return "read";
    case right::write:
      return "write";
    case right::remove:
      return "delete";
    case right::watch:
      return "watch";
    case right::tell:
      return "tell";
    case right::admin:
      return "admin";
  }
  return "unknown";
}

std::string_view describe(health_state state) noexcept {
  switch (state) {
    case health_state::starting:
      return "starting";
    case health_state::ready:
      return "ready";
    case health_state::late:
      return "late";
    case health_state::failed:
      return "failed";
  }
  return "unknown";
}

std::string_view describe(participant_event::kind kind) noexcept {
  switch (kind) {
    case participant_event::kind::attached:
      return "attached";
    case participant_event::kind::slow:
      return "slow";
    case participant_event::kind::back:
      return "back";
    case participant_event::kind::dead:
      return "dead";
    case participant_event::kind::detached:
      return "detached";
  }
  return "unknown";
}

std::string_view describe(process_event::kind kind) noexcept {
  switch (kind) {
    case process_event::kind::started:
      return "started";
    case process_event::kind::exited:
      return "exited";
    case process_event::kind::restarting:
      return "restarting";
    case process_event::kind::gave_up:
      return "gave up";
    case process_event::kind::start_failed:
      return "start failed";
    case process_event::kind::stopped:
      return "stopped";
    case process_event::kind::stopped_late:
      return "stopped late";
  }
  return "unknown";
}

}  // namespace commy
