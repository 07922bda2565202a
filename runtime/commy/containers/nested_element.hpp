// commy/containers/nested_element.hpp: containers as elements of containers.
#pragma once

#include <commy/containers/copy_source.hpp>
#include <commy/containers/element.hpp>
#include <commy/containers/object_handle.hpp>

#include <concepts>
#include <optional>

namespace commy {

/// A container that may be the value of a map or the element of a vector:
/// vectors, queues, maps and sets, themselves of anything that they accept, up
/// to four levels with the outermost object. (A box or a text needs no object
/// of its own there: their values are elements themselves.)
template <class T>
concept nested_container = requires {
  typename T::content_type;
  { T::nesting } -> std::convertible_to<std::uint32_t>;
} && T::nesting <= memory::nesting_max;

/// What may be a value or an element: texts, plain types without pointers (see
/// memory::plain; structs need BOOST_DESCRIBE_STRUCT), and containers.
template <class T>
concept shared_element = shared_value<T> || nested_container<T>;

namespace memory {

/// Containers below a value or element, itself counted.
template <class T>
inline constexpr std::uint32_t nesting_of = 0;
template <nested_container T>
inline constexpr std::uint32_t nesting_of<T> = T::nesting;

template <nested_container T>
struct type_of<T> {
  static void append(std::string& line) { line += T::type_descriptor(); }
};

}  // namespace memory

/// Makes handles to nested containers.
class nested_access {
public:
  /// To what `cell`, an element of `parent`, leads to.
  template <class C>
  [[nodiscard]] static C child(const object_handle& parent,
                               const memory::nested_cell& cell,
                               std::uint64_t era) {
    C made{parent.engine_, cell.place()};
    made.patience_ = parent.patience_;
    made.way_ = parent.way_.below(parent.place(), era);
    made.within_ = parent.within_;
    return made;
  }
  /// The same inside an operation of the parent that holds the lock.
  template <class C>
  [[nodiscard]] static C child(const object_handle& parent,
                               const memory::nested_cell& cell,
                               transaction& txn) {
    auto made = child<C>(
        parent, cell, parent.root().shape[4].load(std::memory_order_relaxed));
    made.within_ = &txn;
    return made;
  }
  /// Lets `edit(nested)` change what `cell` leads to, as part of `parent`'s
  /// operation. Throws `write_failed{damaged}`.
  template <class C, class Edit>
  static void edit(const object_handle& parent, const memory::nested_cell& cell,
                   transaction& txn, Edit&& edit) {
    if (!cell.sound(txn.img())) {
      throw memory::write_failed{write_error::damaged};
    }
    txn.touch(parent.root().sequence);
    auto nested = child<C>(parent, cell, txn);
    edit(nested);
  }
  /// To a new one that nothing leads to yet.
  template <class C>
  [[nodiscard]] static C fresh(transaction& txn,
                               const memory::object_place& place) {
    // Shares no ownership: it lives as long as the transaction.
    C made{
        std::shared_ptr<memory::engine>{std::shared_ptr<void>{}, &txn.engine()},
        place};
    made.within_ = &txn;
    return made;
  }
};

namespace memory {

template <nested_container C>
struct element<C> {
  using out = typename C::content_type;
  using in = const out&;
  using view = typename C::content_view;
  using stored = nested_cell;
  static constexpr bool is_text = false;
  static constexpr std::uint32_t bytes = 16;
  static constexpr std::uint32_t align = 8;

  static stored make(transaction& txn) {
    const auto place = take_root(txn);
    C::initialise(txn, txn.img().root_at(place.root));
    return {{place.root, place.generation}};
  }
  static stored store(transaction& txn, in content) {
    const auto cell = make(txn);
    auto fresh = nested_access::fresh<C>(txn, cell.place());
    // Within the transaction: fails by throwing.
    if (!content.empty()) static_cast<void>(fresh.fill(content));
    return cell;
  }
  static bool load(const copy_source& from, const stored& cell, out& into) {
    // relaxed: whoever looks validates the outermost object's sequence.
    return cell.sound(from.img()) &&
           from.img()
                   .root_at(cell.words[0])
                   .generation.load(std::memory_order_relaxed) ==
               cell.words[1] &&
           C::copy_out(from, cell.words[0], into);
  }
  static view look(const image& img, const stored& cell) {
    return C::view_at(
        read_guard::borrowed(img, cell.sound(img) ? cell.words[0] : 0));
  }
  static void drop(transaction& txn, const stored& cell) {
    trash_nested(txn, cell);
  }

  static stored cell_in(const std::uint64_t* words, std::uint32_t byte) {
    return {{words[byte / 8], words[byte / 8 + 1]}};
  }
  static void put(transaction& txn, std::uint64_t* words, std::uint32_t byte,
                  in content) {
    put_cell(words, byte, store(txn, content));
  }
  static void put_cell(std::uint64_t* words, std::uint32_t byte,
                       const stored& cell) {
    words[byte / 8] = cell.words[0];
    words[byte / 8 + 1] = cell.words[1];
  }
  static bool get(const copy_source& from, const std::uint64_t* words,
                  std::uint32_t byte, out& into) {
    return load(from, cell_in(words, byte), into);
  }
  static view look(const image& img, const std::uint64_t* words,
                   std::uint32_t byte) {
    return look(img, cell_in(words, byte));
  }
  static view look(const image& img, offset at) {
    return look(img, {{img.word(at).load(std::memory_order_relaxed),
                       img.word(at + 8).load(std::memory_order_relaxed)}});
  }
};

/// A value whose bytes are more than its cell.
template <class T>
inline constexpr bool owns_blocks =
    std::is_same_v<T, shared_string> || nested_container<T>;

}  // namespace memory
}  // namespace commy
