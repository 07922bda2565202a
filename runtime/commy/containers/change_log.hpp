// commy/containers/change_log.hpp: following what changes in one object.
#pragma once

#include <commy/containers/element.hpp>
#include <commy/containers/object_handle.hpp>
#include <commy/memory/change_reader.hpp>

#include <concepts>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

namespace commy {
namespace memory {

/// The key type of a container's entries; `void` where changes have none.
template <class Container>
struct changed_key {
  using type = void;
};
template <class Container>
  requires requires { typename Container::key_type; }
struct changed_key<Container> {
  using out = typename Container::key_type;
  using type =
      std::conditional_t<std::is_same_v<out, std::string>, shared_string, out>;
};

}  // namespace memory

/// One change of an object: what happened, not the new value, which may have
/// changed again by now and is read from the object.
template <class Container>
class object_change {
  using key_element = typename memory::changed_key<Container>::type;

public:
  explicit object_change(const memory::change_entry& entry) noexcept
      : entry_{entry} {}

  [[nodiscard]] change_kind kind() const noexcept { return entry_.kind; }
  /// The object's version with this change: what `version()` answered then.
  /// Changes of one transaction have the same.
  [[nodiscard]] std::uint64_t version() const noexcept {
    return entry_.version;
  }

  /// Of a map or set: the key that was `set` or `erased`. Nothing for other
  /// kinds, for a text longer than 96 bytes, and for bytes that are no key.
  [[nodiscard]] auto key() const
    requires(!std::is_void_v<key_element>)
  {
    using element = memory::element<key_element>;
    std::optional<typename element::out> found;
    const bool named =
        entry_.kind == change_kind::set || entry_.kind == change_kind::erased;
    if (!named || entry_.key_cut) return found;
    if constexpr (element::is_text) {
      found.emplace(reinterpret_cast<const char*>(entry_.key.data()),
                    entry_.key_bytes);
    } else if (entry_.key_bytes >= element::bytes) {
      static_assert(element::bytes <= memory::change_key_max,
                    "keys above 96 bytes cannot be followed");
      // Plain words: the image is not looked at.
      static_cast<void>(
          element::get(memory::image{}, entry_.key.data(), 0, found.emplace()));
    }
    return found;
  }
  /// Of a vector or queue: the first element that was `set`, `inserted` or
  /// `erased`, counted as it was then, and how many.
  [[nodiscard]] std::uint64_t index() const noexcept
    requires std::is_void_v<key_element>
  {
    return entry_.index();
  }
  [[nodiscard]] std::uint64_t count() const noexcept
    requires std::is_void_v<key_element>
  {
    return entry_.count();
  }
  /// Of `beneath`: the nested container, to compare with a handle's `place()`.
  [[nodiscard]] memory::object_place place() const noexcept {
    return entry_.place();
  }

private:
  memory::change_entry entry_;
};

/// Follows the changes of one object, from the moment it is made or from a mark
/// on. The object must keep a log: `keep_changes(n)`, once, by anybody.
///
///     must(prices.keep_changes(1024));
///     change_log log{prices};
///     show(prices.copy());                       // All, and from there on
///     for (;;) {
///       const auto next = log.next(1s);          // what changes.
///       if (!next && next.error() == read_error::behind) {
///         show(prices.copy());
///       } else if (next && *next) {
///         show_one((**next).key());
///       }
///     }
///
/// Every committed change has one entry, in the order of commits; what was
/// undone has none. Whoever follows costs writers nothing more, and need not be
/// able to write. Threads: one at a time; each has a log of its own.
template <class Container>
class change_log {
public:
  explicit change_log(const Container& object)
      : reader_{object.engine(), object.lock_place(), object.patience()} {
    // When this fails, the first `next` tries again and says why.
    static_cast<void>(reader_.seek_now());
  }
  change_log(const Container& object, const change_mark& from)
      : reader_{object.engine(), object.lock_place(), object.patience()} {
    reader_.seek(from);
  }

  /// The next change, or nothing when there is none yet. Fails with `behind`
  /// when entries were overwritten before they were read, once, and then goes
  /// on from the present; with absent (no log is kept), removed, damaged,
  /// detached, and with busy when a writer was stopped in the middle.
  result<std::optional<object_change<Container>>, read_error> try_next() {
    return typed(reader_.try_next());
  }
  /// The same, but sleeps for one, at most so long. Also woken by changes that
  /// were undone; costs nothing while nothing happens.
  result<std::optional<object_change<Container>>, read_error> next(
      std::chrono::nanoseconds at_most) {
    return typed(reader_.next(at_most));
  }

  /// Where the next entry is, to go on from later or elsewhere.
  [[nodiscard]] const change_mark& mark() const noexcept {
    return reader_.mark();
  }
  void seek(const change_mark& mark) noexcept { reader_.seek(mark); }

private:
  static result<std::optional<object_change<Container>>, read_error> typed(
      const result<std::optional<memory::change_entry>, read_error>& found) {
    if (!found) return unexpected{found.error()};
    std::optional<object_change<Container>> typed;
    if (*found) typed.emplace(**found);
    return typed;
  }

  memory::change_reader reader_;
};

}  // namespace commy
