// commy/containers/shared_vec.hpp: a shared array that grows.
#pragma once

#include <commy/containers/element.hpp>
#include <commy/containers/nested_element.hpp>
#include <commy/containers/object_handle.hpp>
#include <commy/containers/swap_contents.hpp>
#include <commy/memory/loan.hpp>
#include <commy/memory/vec_block.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <limits>
#include <ranges>
#include <vector>

namespace commy {

/// Elements side by side, as in std::vector; see memory::vec_block for how they
/// lie in the segment. `T` is a plain type of at most 4 KiB, shared_string, or
/// a container: then `at(index)` is a handle to it, `update` edits it in place,
/// and wherever else a value is asked for or given it is a copy of its content.
///
/// A vector that grows moves into a new block: what is logged is the pointer,
/// never the payload. Operations that move many elements (append, assign, sort,
/// erase_if, insertions far from the end) build their result aside likewise.
template <shared_element T>
class shared_vec : public object_handle {
  using element = memory::element<T>;
  using stored = typename element::stored;
  static_assert(sizeof(stored) <= memory::vec_block::element_max,
                "keep large data in loans");
  static_assert(alignof(stored) <= 16, "blocks are aligned to 16 bytes");

public:
  using value_type = typename element::out;
  using value_in = typename element::in;
  using view_type = typename element::view;
  /// What it is as an element of another container.
  static constexpr std::uint32_t nesting = memory::nesting_of<T> + 1;
  using content_type = std::vector<value_type>;
  class elements;
  using content_view = elements;
  static constexpr std::uint64_t all = ~std::uint64_t{0};

  shared_vec(std::shared_ptr<memory::engine> engine,
             memory::object_place place) noexcept
      : object_handle{std::move(engine), place} {}

  [[nodiscard]] static std::string type_descriptor() {
    return "vec<" + memory::type_line<T>() + ">";
  }
  static void initialise(transaction& /*txn*/, memory::root& /*object*/) {}

  [[nodiscard]] result<std::uint64_t, read_error> size() const {
    return load_whole([](const state& s) { return s.size; });
  }
  [[nodiscard]] result<std::uint64_t, read_error> capacity() const {
    return load_whole([](const state& s) { return s.capacity; });
  }
  /// A copy of element `index`; `absent` when there is none. Lock-free, works
  /// on a read-only mapping, and is disturbed only by who writes an element
  /// within 4 KiB of it, or moves the vector.
  [[nodiscard]] result<value_type, read_error> get(std::uint64_t index) const;
  /// A handle to the container that is element `index`; `absent` when there is
  /// none. It stays good while the element does: see object_handle.
  [[nodiscard]] result<T, read_error> at(std::uint64_t index) const
    requires nested_container<T>;
  [[nodiscard]] result<value_type, read_error> front() const { return get(0); }
  [[nodiscard]] result<value_type, read_error> back() const;
  /// Copies of all elements from `index` on, at most `count`, as of one moment.
  [[nodiscard]] result<std::vector<value_type>, read_error> copy(
      std::uint64_t index = 0, std::uint64_t count = all) const;

  result<void, write_error> push_back(value_in value) {
    return change([&](transaction& txn)
                      __attribute__((always_inline)) { add(txn, value); });
  }
  template <class... Args>
  result<void, write_error> emplace_back(Args&&... args) {
    if constexpr (element::is_text) {
      return push_back(std::string_view(std::forward<Args>(args)...));
    } else {
      return push_back(value_type(std::forward<Args>(args)...));
    }
  }
  /// Takes the last element away; nothing when there is none.
  result<std::optional<value_type>, write_error> pop_back();
  /// Replaces element `index`. False when there is none.
  result<bool, write_error> set(std::uint64_t index, value_in value);
  /// Lets `edit(value&)` change a private copy and stores it back; a container
  /// is edited in place, by its handle. False when there is no such element.
  template <class Edit>
  result<bool, write_error> update(std::uint64_t index, Edit&& edit);
  /// Replaces element `index` by `desired` if it is `expected`, by its `==`.
  /// True if it did; false also when there is no such element.
  result<bool, write_error> compare_exchange(std::uint64_t index,
                                             value_in expected,
                                             value_in desired)
    requires std::equality_comparable<value_type>
  {
    return change([&](transaction& txn) {
      const auto now = checked();
      if (index >= now.size) return false;
      const auto old = cell_at(now, index);
      if (!(value_of(old) == expected)) return false;
      put_in(txn, now, index, element::store(txn, desired));
      element::drop(txn, old);
      return true;
    });
  }
  /// Puts `value` before element `index`, or behind the last one. False when
  /// `index` is beyond that.
  result<bool, write_error> insert(std::uint64_t index, value_in value);
  /// Removes element `index`. False when there is none.
  result<bool, write_error> erase(std::uint64_t index) {
    return change([&](transaction& txn) { return cut(txn, index, 1) == 1; });
  }
  /// Removes up to `count` elements from `index` on; returns how many.
  result<std::uint64_t, write_error> erase(std::uint64_t index,
                                           std::uint64_t count) {
    return change([&](transaction& txn) { return cut(txn, index, count); });
  }
  /// Removes element `index` and returns it; nothing when there is none.
  result<std::optional<value_type>, write_error> extract(std::uint64_t index);
  /// Exchanges two elements. False when one of them is not there.
  result<bool, write_error> swap_elements(std::uint64_t a, std::uint64_t b);

  /// Adds all of a range at the end, as one transaction.
  template <std::ranges::input_range Range>
  result<void, write_error> append(Range&& values);
  /// Becomes a copy of a range, as one transaction.
  template <std::ranges::input_range Range>
  result<void, write_error> assign(Range&& values);
  /// Becomes what `lent` holds, which stays where it is: nothing is copied,
  /// whatever its size. If that is undone, also later by a transaction that it
  /// was part of, `lent` has its elements again; until then it is empty and
  /// stays on its thread. Fails with wrong_type when it is empty or was taken
  /// through another attachment. Who makes the vector longer afterwards moves
  /// the elements once.
  template <class U>
    requires std::same_as<std::remove_const_t<U>, T>
  result<void, write_error> assign(loan<U>&& lent) {
    return keep(std::move(lent).block());
  }
  /// Cuts elements off, or adds copies of `value`.
  result<void, write_error> resize(std::uint64_t count, value_in value = {});
  result<void, write_error> clear() { return resize(0); }
  /// Makes room for `count` elements, so that adding them moves nothing.
  result<void, write_error> reserve(std::uint64_t count);
  result<void, write_error> shrink_to_fit();
  /// Removes what `wanted(view)` is true for; returns how many.
  template <class Wanted>
  result<std::uint64_t, write_error> erase_if(Wanted&& wanted);
  /// Removes all but the first of equal neighbours; returns how many.
  result<std::uint64_t, write_error> unique();
  /// Sorts by `less(view, view)`, as one transaction.
  template <class Less = std::less<>>
  result<void, write_error> sort(Less less = {});
  result<void, write_error> reverse();
  /// Moves everything out: a copy of all elements, and the vector is empty.
  result<std::vector<value_type>, write_error> take();

  /// Exchanges contents with another vector, in constant time.
  result<void, write_error> swap(shared_vec& other) {
    return swap_contents(*this, other);
  }

  /// All elements under a read guard that lives as long as the answer: a
  /// random-access range, for plain types contiguous, over the segment itself.
  /// Writers wait meanwhile, so keep it short.
  [[nodiscard]] result<elements, read_error> read() const;
  /// Calls `each(view)` in order until it returns false (if it returns
  /// anything), under a read guard.
  template <class Each>
  result<void, read_error> for_each(Each&& each) const;

  /// Parts of it that other containers use: see memory::element.
  static bool copy_out(const memory::copy_source& from, memory::offset root_at,
                       content_type& into, std::uint64_t index = 0,
                       std::uint64_t count = all);
  static content_view view_at(memory::read_guard held);
  auto fill(const content_type& content) { return append(content); }

private:
  using state = memory::vec_state;
  static constexpr bool deep = nested_container<T>;
  static constexpr auto shape = memory::vec_block::of(sizeof(stored));
  /// Moved in place, and so logged; more than this is built aside. A lane's
  /// smallest log has 1 KiB.
  static constexpr std::uint64_t shift_max = 512;

  template <class Pick>
  [[nodiscard]] result<std::uint64_t, read_error> load_whole(Pick pick) const;
  template <class Found>
  [[nodiscard]] result<void, read_error> look_at(std::uint64_t index,
                                                 Found&& found) const;
  [[nodiscard]] state checked() const {
    const auto now = state::load(root());
    if (!now.sound(engine_->img(), shape)) {
      throw memory::write_failed{write_error::damaged};
    }
    return now;
  }
  [[nodiscard]] stored cell_at(const state& s, std::uint64_t index) const {
    stored cell{};
    memory::load_bytes(engine_->img(), s.at(shape, index), sizeof cell, &cell);
    return cell;
  }
  [[nodiscard]] std::vector<stored> cells(const state& s, std::uint64_t from,
                                          std::uint64_t count) const;
  [[nodiscard]] std::vector<stored> cells(const state& s) const {
    return cells(s, 0, s.size);
  }
  [[nodiscard]] value_type value_of(const stored& cell) const {
    value_type value{};
    if (!element::load(engine_->img(), cell, value)) {
      throw memory::write_failed{write_error::damaged};
    }
    return value;
  }

  void touch(transaction& txn, const state& s, std::uint64_t first,
             std::uint64_t last) const;
  void touch_one(transaction& txn, const state& s, std::uint64_t index) const;
  [[nodiscard]] static state take_block(transaction& txn,
                                        std::uint64_t capacity,
                                        memory::offset lent = 0);
  void swap_in(transaction& txn, const state& old, const state& fresh) const;
  [[nodiscard]] state moved(transaction& txn, const state& old,
                            std::uint64_t capacity) const;
  [[nodiscard]] state room_for(transaction& txn, std::uint64_t more) const;
  void become(transaction& txn, const state& old,
              const std::vector<stored>& cells, std::uint64_t capacity) const;
  result<void, write_error> keep(memory::loan_block& lent);
  void drop_all(transaction& txn, const std::vector<stored>& cells) const;

  [[nodiscard]] bool empty_as_trash(transaction& txn, const state& now) const;

  void add(transaction& txn, value_in value) const;
  [[gnu::noinline]] void add_slowly(transaction& txn, const stored& cell) const;
  void add_all(transaction& txn, const std::vector<stored>& cells) const;
  void put_in(transaction& txn, const state& s, std::uint64_t index,
              const stored& cell) const;
  std::uint64_t cut(transaction& txn, std::uint64_t index,
                    std::uint64_t count) const;
};

}  // namespace commy

#include <commy/containers/detail/shared_vec_bulk.hpp>
#include <commy/containers/detail/shared_vec_ends.hpp>
#include <commy/containers/detail/shared_vec_read.hpp>
