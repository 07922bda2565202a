// commy/actor/watch.hpp: learning that another actor has ended.
#pragma once

#include <commy/actor/cell.hpp>
#include <commy/message/envelope.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace commy {

/// One watch of one actor on another, made by `actor::watch`. A number of this
/// process; a default one is none.
struct watch_id {
  std::uint64_t number = 0;

  friend bool operator==(const watch_id&, const watch_id&) = default;
};

/// The message that ends a watch: the other actor, its members destroyed, is
/// gone. A restart is no end.
struct stopped {
  watch_id watch;
  /// What it was called, or "#7"; empty when it was gone before the watch.
  std::string name;
  /// Why it failed, the last consequence first; empty if it was stopped.
  std::vector<std::string> reasons;
};

namespace actors {

/// Who wants to know. Without code for `stopped` it is a link.
struct watcher {
  cell_handle who;
  const message::envelope_ops* ops = nullptr;
  watch_id id{};
  /// Which of its objects: see cell_extra.
  std::uint16_t life = 0;
};

/// From now on `who` learns when `target` ends; at once when it is gone. The
/// number is given to it. Threads: any.
watch_id watch(const cell_handle& target, watcher who);
/// For the actor in `c`, by its object of now. Owner of `c` only.
watch_id watch_by(cell& c, const cell_handle& target,
                  const message::envelope_ops* ops);
/// Both fail when one does. Owner of `c` only.
void link(cell& c, const cell_handle& other);
/// False when it is over. A notice may be on its way all the same: `forget`
/// what has this number.
bool unwatch(const cell_handle& target, watch_id which);
/// Tells all who watched the actor that was in this cell. To be called when its
/// generation is over. Without memory for a notice it is left out.
void tell_watchers(const cell_handle& ended, std::string_view name,
                   const std::vector<std::string>& reasons) noexcept;
/// Ends an actor, and no supervisor restarts it: its watchers are told these
/// reasons, who waits for its answers `text`. For one that stands for something
/// else, which is gone. No bound refuses it; it comes before what is in the
/// mailbox. False when there is no such actor, or no memory for the news.
/// Threads: any.
bool end_because(const cell_handle& whom,
                 const std::vector<std::string>& reasons,
                 std::string_view text) noexcept;
/// What a link brings: who failed, and why.
struct link_broken {
  std::vector<std::string> reasons;
  bool is_own_end = false;  // By `end_because`, with its text.
  std::string text = {};
};
/// Handled by the turn itself.
extern const message::envelope_ops link_ops;

}  // namespace actors
}  // namespace commy
