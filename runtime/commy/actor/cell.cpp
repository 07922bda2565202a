#include <commy/actor/cell.hpp>
#include <commy/actor/cell_extra.hpp>

#include <charconv>
#include <iterator>

namespace commy::actors {

bool signal(const cell_handle& to, message::mailbox_signal what) noexcept {
  if (!to.at->inlet.raise(to.generation, what)) return false;
  if (to.at->inlet.try_wake()) schedule(*to.at);
  return true;
}

cell_name::cell_name(const cell& c) noexcept {
  if (c.extra != nullptr && !c.extra->name.empty()) {
    text_ = c.extra->name;
    return;
  }
  number_[0] = '#';
  const auto end =
      std::to_chars(number_ + 1, std::end(number_), c.spawn_number).ptr;
  text_ = {number_, static_cast<std::size_t>(end - number_)};
}

}  // namespace commy::actors
