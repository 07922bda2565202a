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
    return update([&](std::string& text) { text += more; });
  }
  /// Lets `edit(std::string&)` change a private copy and stores it back, as one
  /// transaction. When `edit` throws, nothing has happened.
  template <class Edit>
  result<void, write_error> update(Edit&& edit) {
    return change([&](transaction& txn) {
      auto text = copy_text(txn.img());
      edit(text);
      write(txn, text);
    });
  }
  /// Replaces the text by `desired` if it is `expected`. True if it did. One
  /// transaction; touches nothing otherwise.
  result<bool, write_error> compare_exchange(std::string_view expected,
                                             std::string_view desired) {
    return change([&](transaction& txn) {
      if (copy_text(txn.img()) != expected) return false;
      write(txn, desired);
      return true;
    });
  }
  result<void, write_error> clear() { return assign({}); }

  class view;
  /// The text itself, under a read guard that lives as long as the answer.
  /// Writers wait meanwhile, so keep it short.
  [[nodiscard]] result<view, read_error> read() const;

private:
  [[nodiscard]] memory::text_cell load() const noexcept {
    return {{root().motion[0].load(std::memory_order_relaxed),
             root().motion[1].load(std::memory_order_relaxed)}};
  }
  [[nodiscard]] std::string copy_text(const memory::image& img) const {
    const auto cell = load();
    if (!cell.sound(img)) throw memory::write_failed{write_error::damaged};
    std::string text;
    memory::copy_text(img, cell, text);
    return text;
  }
  void write(transaction& txn, std::string_view text) {
    const auto old = load();
    const auto cell = memory::make_text(txn, text);
    txn.touch(root().sequence);
    txn.store(root().motion[0], cell.words[0]);
    txn.store(root().motion[1], cell.words[1]);
    memory::drop_text(txn, old);
    memory::note_whole(txn, root());
  }
};

/// A text in the segment that nobody can change while this lives.
class shared_string::view {
public:
  [[nodiscard]] std::string_view text() const noexcept {
    return memory::view_text(held_.img(), cell_);
  }
  // NOLINTNEXTLINE(google-explicit-constructor): it is one.
  operator std::string_view() const noexcept { return text(); }

private:
  friend class shared_string;
  view(memory::read_guard held, const memory::text_cell& cell) noexcept
      : held_{std::move(held)}, cell_{cell} {}

  memory::read_guard held_;
  memory::text_cell cell_;  // Short texts lie in it.
};

inline result<shared_string::view, read_error> shared_string::read() const {
  auto held = guard();
  if (!held) return unexpected{held.error()};
  const auto cell = load();
  if (!cell.sound(engine_->img())) return unexpected{read_error::damaged};
  return view{std::move(*held), cell};
}

}  // namespace commy
