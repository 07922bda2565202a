// commy/containers/shared_string.hpp: one shared text.
#pragma once

#include <commy/containers/element.hpp>
#include <commy/containers/object_handle.hpp>

namespace commy {

/// A text as an object of its own; as the key, value or element type of other
/// containers it stands for a text inside them.
/// In the root: motion[0] and motion[1] are its text cell.
class shared_string : public object_handle {
public:
  shared_string(std::shared_ptr<memory::engine> engine,
                memory::object_place place) noexcept
      : object_handle{std::move(engine), place} {}

  [[nodiscard]] static std::string type_descriptor() { return "text"; }
  static void initialise(transaction& txn, memory::root& object,
                         std::string_view initial = {}) {
    const auto cell = memory::make_text(txn, initial);
    object.motion[0].store(cell.words[0], std::memory_order_relaxed);
    object.motion[1].store(cell.words[1], std::memory_order_relaxed);
  }

  /// A copy of the text. Lock-free, works on a read-only mapping.
  [[nodiscard]] result<std::string, read_error> get() const {
    std::string text;
    auto outcome = read_whole([&] {
      const auto cell = load();
      if (!cell.sound(engine_->img())) return memory::lookup::damaged;
      memory::copy_text(engine_->img(), cell, text);
      return memory::lookup::found;
    });
    if (!outcome) return unexpected{outcome.error()};
    return text;
  }
  /// Bytes of text. Lock-free.
  [[nodiscard]] result<std::uint64_t, read_error> size() const {
    std::uint64_t bytes = 0;
    auto outcome = read_whole([&] {
      bytes = load().size();
      return memory::lookup::found;
    });
    if (!outcome) return unexpected{outcome.error()};
    return bytes;
  }

  /// Replaces the text.
  result<void, write_error> assign(std::string_view text) {
    return change([&](transaction& txn) { write(txn, text); });
  }
  result<void, write_error> append(std::string_view more) {
    return change([&](transaction& txn) {
      const auto cell = load();
      if (!cell.sound(txn.img())) {
        throw memory::write_failed{write_error::damaged};
      }
      std::string text;
      memory::copy_text(txn.img(), cell, text);
      text += more;
      write(txn, text);
    });
  }
  result<void, write_error> clear() { return assign({}); }

private:
  [[nodiscard]] memory::text_cell load() const noexcept {
    return {{root().motion[0].load(std::memory_order_relaxed),
             root().motion[1].load(std::memory_order_relaxed)}};
  }
  void write(transaction& txn, std::string_view text) {
    const auto old = load();
    const auto cell = memory::make_text(txn, text);
    txn.touch(root().sequence);
    txn.store(root().motion[0], cell.words[0]);
    txn.store(root().motion[1], cell.words[1]);
    memory::drop_text(txn, old);
  }
};

}  // namespace commy
