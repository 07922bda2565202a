// commy/containers/shared_vec_deque.hpp: a shared double-ended queue.
#pragma once

#include <commy/base/units.hpp>
#include <commy/containers/element.hpp>
#include <commy/containers/nested_element.hpp>
#include <commy/containers/object_handle.hpp>
#include <commy/containers/swap_contents.hpp>

#include <bit>
#include <ranges>
#include <vector>

namespace commy {

/// A ring of elements in one block that doubles when it is full. Any index in
/// constant time.
/// In the root: shape[0] block, shape[1] capacity (a power of two, 0: none);
/// motion[0] and motion[1] are the positions of the first element and behind
/// the last, counted up for ever; position p lies in slot p mod capacity.
/// The unit of a deque is the whole object: every change moves its ends.
template <memory::plain T>
class shared_vec_deque : public object_handle {
public:
  using value_type = T;
  /// What it is as an element of another container.
  static constexpr std::uint32_t nesting = 1;
  using content_type = std::vector<T>;
  class elements;
  using content_view = elements;

  shared_vec_deque(std::shared_ptr<memory::engine> engine,
                   memory::object_place place) noexcept
      : object_handle{std::move(engine), place} {}

  [[nodiscard]] static std::string type_descriptor() {
    return "vec_deque<" + memory::type_line<T>() + ">";
  }
  static void initialise(transaction& /*txn*/, memory::root& object) {
    // In the middle of the number range: push_front never meets zero.
    object.motion[0].store(middle, std::memory_order_relaxed);
    object.motion[1].store(middle, std::memory_order_relaxed);
  }

  [[nodiscard]] result<std::uint64_t, read_error> size() const {
    std::uint64_t count = 0;
    auto outcome = read_whole([&] {
      count = load_ends().count();
      return memory::lookup::found;
    });
    if (!outcome) return unexpected{outcome.error()};
    return count;
  }
  /// A copy of the element `index` places behind the front; `absent` when there
  /// is none. Lock-free, works on a read-only mapping.
  [[nodiscard]] result<T, read_error> get(std::uint64_t index) const {
    return look_at([&](const ends& e) { return e.first + index; });
  }
  [[nodiscard]] result<T, read_error> front() const { return get(0); }
  [[nodiscard]] result<T, read_error> back() const {
    return look_at([](const ends& e) { return e.last - 1; });
  }
  /// Copies of all elements from `index` on, at most `count`, as of one moment.
  [[nodiscard]] result<std::vector<T>, read_error> copy(
      std::uint64_t index = 0, std::uint64_t count = ~std::uint64_t{0}) const;

  result<void, write_error> push_back(const T& value) {
    return change([&](transaction& txn) __attribute__((always_inline)) {
      auto& object = root();
      auto e = checked_ends();
      if (e.count() == e.capacity) [[unlikely]]
        e = make_room(txn);
      txn.touch_and_save<1, 1>({&object.sequence}, {&object.motion[1]});
      write(txn, e.at(e.last), value);
      object.motion[1].store(e.last + 1, std::memory_order_relaxed);
      memory::note_elements(txn, object, change_kind::inserted, e.count(), 1);
    });
  }
  result<void, write_error> push_front(const T& value) {
    return change([&](transaction& txn) __attribute__((always_inline)) {
      auto& object = root();
      auto e = checked_ends();
      if (e.count() == e.capacity) [[unlikely]]
        e = make_room(txn);
      txn.touch_and_save<1, 1>({&object.sequence}, {&object.motion[0]});
      write(txn, e.at(e.first - 1), value);
      object.motion[0].store(e.first - 1, std::memory_order_relaxed);
      memory::note_elements(txn, object, change_kind::inserted, 0, 1);
    });
  }
  /// Takes the first element away; nothing when there is none.
  result<std::optional<T>, write_error> pop_front() {
    return change([&](transaction& txn) __attribute__((
                      always_inline)) -> std::optional<T> {
      auto& object = root();
      const auto e = checked_ends();
      if (e.count() == 0) return std::nullopt;
      const auto value = load(txn.img(), e.at(e.first));
      txn.touch_and_save<1, 1>({&object.sequence}, {&object.motion[0]});
      txn.note_emptied();
      object.motion[0].store(e.first + 1, std::memory_order_relaxed);
      memory::note_elements(txn, object, change_kind::erased, 0, 1);
      return value;
    });
  }
  result<std::optional<T>, write_error> pop_back() {
    return change([&](transaction& txn) __attribute__((
                      always_inline)) -> std::optional<T> {
      auto& object = root();
      const auto e = checked_ends();
      if (e.count() == 0) return std::nullopt;
      const auto value = load(txn.img(), e.at(e.last - 1));
      txn.touch_and_save<1, 1>({&object.sequence}, {&object.motion[1]});
      txn.note_emptied();
      object.motion[1].store(e.last - 1, std::memory_order_relaxed);
      memory::note_elements(txn, object, change_kind::erased, e.count() - 1, 1);
      return value;
    });
  }

  template <class... Args>
  result<void, write_error> emplace_back(Args&&... args) {
    return push_back(T(std::forward<Args>(args)...));
  }
  template <class... Args>
  result<void, write_error> emplace_front(Args&&... args) {
    return push_front(T(std::forward<Args>(args)...));
  }
  /// The same as pop_front and pop_back, but an empty queue is waited for, at
  /// most so long; then nothing. Whoever waits sleeps until somebody commits to
  /// the queue. Inside a transaction on it nobody could: there it only tries.
  result<std::optional<T>, write_error> pop_front_wait(
      std::chrono::nanoseconds at_most) {
    return pop_wait(at_most, [&] { return pop_front(); });
  }
  result<std::optional<T>, write_error> pop_back_wait(
      std::chrono::nanoseconds at_most) {
    return pop_wait(at_most, [&] { return pop_back(); });
  }
  /// Replaces the element `index` places behind the front. False when there is
  /// none.
  result<bool, write_error> set(std::uint64_t index, const T& value) {
    return update(index, [&](T& held) { held = value; });
  }
  /// Lets `edit(T&)` change a private copy and stores it back.
  template <class Edit>
  result<bool, write_error> update(std::uint64_t index, Edit&& edit);
  /// Adds all of a range at the back, as one transaction.
  template <std::ranges::input_range Range>
  result<void, write_error> append(Range&& values);
  /// Becomes a copy of a range, as one transaction.
  template <std::ranges::input_range Range>
  result<void, write_error> assign(Range&& values);
  /// Removes what `wanted(const T&)` is true for; returns how many.
  template <class Wanted>
  result<std::uint64_t, write_error> erase_if(Wanted&& wanted);
  result<void, write_error> clear();
  /// Makes room for `count` elements, so that adding them moves nothing.
  result<void, write_error> reserve(std::uint64_t count);
  /// Moves everything out: a copy of all elements, and the queue is empty.
  result<std::vector<T>, write_error> take();
  /// Exchanges contents with another queue, in constant time.
  result<void, write_error> swap(shared_vec_deque& other) {
    return swap_contents(*this, other);
  }

  /// All elements from front to back under a read guard that lives as long as
  /// the answer: a range of copies. Writers wait meanwhile, so
  /// keep it short.
  [[nodiscard]] result<elements, read_error> read() const;
  /// Calls `each(const T&)` from front to back until it returns false (if it
  /// returns anything), under a read guard.
  template <class Each>
  result<void, read_error> for_each(Each&& each) const;

  /// Parts of it that other containers use: see memory::element.
  static bool copy_out(const memory::copy_source& from, memory::offset root_at,
                       content_type& into, std::uint64_t index = 0,
                       std::uint64_t count = ~std::uint64_t{0});
  static content_view view_at(memory::read_guard held);
  auto fill(const content_type& content) { return append(content); }

private:
  static constexpr std::uint64_t middle = std::uint64_t{1} << 62U;
  static constexpr std::uint32_t words = (sizeof(T) + 7) / 8;
  static constexpr std::uint64_t stride = 8ULL * words;
  static_assert(sizeof(T) <= 4096, "keep large data in loans");

  struct ends {
    std::uint64_t first;
    std::uint64_t last;
    memory::offset table;
    std::uint64_t capacity;
    [[nodiscard]] std::uint64_t count() const noexcept { return last - first; }
    [[nodiscard]] memory::offset at(std::uint64_t position) const noexcept {
      return table + (position & (capacity - 1)) * stride;
    }
  };
  [[nodiscard]] ends load_ends() const noexcept { return load_ends(root()); }
  [[nodiscard]] static ends load_ends(const memory::root& r) noexcept {
    return {r.motion[0].load(std::memory_order_relaxed),
            r.motion[1].load(std::memory_order_relaxed),
            r.shape[0].load(std::memory_order_relaxed),
            r.shape[1].load(std::memory_order_relaxed)};
  }
  [[nodiscard]] bool sound(const ends& e) const noexcept {
    return sound(engine_->img(), e);
  }
  [[nodiscard]] static bool sound(const memory::image& img,
                                  const ends& e) noexcept {
    if (e.capacity == 0) return e.first == e.last;
    return is_power_of_two(e.capacity) && e.count() <= e.capacity &&
           e.table % 8 == 0 && e.capacity <= img.sizes().capacity / stride &&
           img.holds(e.table, e.capacity * stride);
  }
  [[nodiscard]] ends checked_ends() const {
    const auto e = load_ends();
    if (!sound(e)) throw memory::write_failed{write_error::damaged};
    return e;
  }
  void copy_words(memory::offset at, std::uint64_t* into) const noexcept {
    for (std::uint32_t i = 0; i < words; ++i) {
      into[i] =
          engine_->img().word(at + 8ULL * i).load(std::memory_order_relaxed);
    }
  }
  [[nodiscard]] static T load(const memory::image& img,
                              memory::offset at) noexcept {
    std::array<std::uint64_t, words> copy;
    for (std::uint32_t i = 0; i < words; ++i)
      copy[i] = img.word(at + 8ULL * i).load(std::memory_order_relaxed);
    T value;
    std::memcpy(static_cast<void*>(&value), copy.data(), sizeof(T));
    return value;
  }
  [[nodiscard]] T at_position(std::uint64_t position) const noexcept {
    return load(engine_->img(), load_ends().at(position));
  }
  template <class Position>
  [[nodiscard]] result<T, read_error> look_at(Position&& position) const {
    std::array<std::uint64_t, words> copied{};
    auto outcome = read_whole([&] {
      const auto e = load_ends();
      if (!sound(e)) return memory::lookup::damaged;
      const auto at = position(e);
      if (at - e.first >= e.count()) return memory::lookup::absent;
      copy_words(e.at(at), copied.data());
      return memory::lookup::found;
    });
    if (!outcome) return unexpected{outcome.error()};
    T value;
    std::memcpy(static_cast<void*>(&value), copied.data(), sizeof(T));
    return value;
  }
  static void write(transaction& txn, memory::offset at, const T& value) {
    txn.save_unused(at, words);
    store(txn, at, value);
  }
  static void store(transaction& txn, memory::offset at, const T& value) {
    std::array<std::uint64_t, words> copied{};
    std::memcpy(copied.data(), &value, sizeof(T));
    for (std::uint32_t i = 0; i < words; ++i) {
      txn.img().word(at + 8ULL * i).store(copied[i], std::memory_order_relaxed);
    }
  }
  /// Touches the object, and moves the ring when it has no room for so many.
  /// Returns where the ends are then.
  [[gnu::noinline]] ends make_room(transaction& txn, std::uint64_t more = 1);
  [[nodiscard]] std::vector<T> all_of(const ends& e) const;
  void become(transaction& txn, const std::vector<T>& values);
  template <class Pop>
  result<std::optional<T>, write_error> pop_wait(
      std::chrono::nanoseconds at_most, Pop&& pop);
};

template <memory::plain T>
result<std::vector<T>, read_error> shared_vec_deque<T>::copy(
    std::uint64_t index, std::uint64_t count) const {
  content_type values;
  auto outcome = read_at_length([&] {
    values.clear();
    return copy_out(engine_->img(), root_at_, values, index, count)
               ? memory::lookup::found
               : memory::lookup::damaged;
  });
  if (!outcome) return unexpected{outcome.error()};
  return values;
}

template <memory::plain T>
bool shared_vec_deque<T>::copy_out(const memory::copy_source& from,
                                   memory::offset root_at, content_type& into,
                                   std::uint64_t index, std::uint64_t count) {
  into.clear();  // Of a look that was disturbed.
  const auto& img = from.img();
  const auto e = load_ends(img.root_at(root_at));
  if (!sound(img, e)) return false;
  if (index >= e.count()) return true;
  const auto taken = std::min(count, e.count() - index);
  if (!from.take(taken)) return false;
  into.reserve(taken);
  for (std::uint64_t i = 0; i < taken; ++i)
    into.push_back(load(img, e.at(e.first + index + i)));
  return true;
}

/// A queue's elements under a read guard, each a copy.
template <memory::plain T>
class shared_vec_deque<T>::elements {
public:
  using value_type = T;

  elements(memory::read_guard held, const ends& e) noexcept
      : held_{std::move(held)}, ends_{e} {}

  class iterator {
  public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::forward_iterator_tag;
    using iterator_category = std::input_iterator_tag;

    iterator() = default;
    iterator(const elements* all, std::uint64_t position) noexcept
        : all_{all}, position_{position} {}
    [[nodiscard]] T operator*() const noexcept {
      return load(all_->held_.img(), all_->ends_.at(position_));
    }
    iterator& operator++() noexcept { return ++position_, *this; }
    iterator operator++(int) noexcept {
      auto old = *this;
      ++*this;
      return old;
    }
    friend bool operator==(const iterator& a, const iterator& b) noexcept {
      return a.position_ == b.position_;
    }

  private:
    const elements* all_ = nullptr;
    std::uint64_t position_ = 0;
  };

  [[nodiscard]] iterator begin() const noexcept { return {this, ends_.first}; }
  [[nodiscard]] iterator end() const noexcept { return {this, ends_.last}; }
  [[nodiscard]] std::size_t size() const noexcept { return ends_.count(); }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  /// Requires: `index < size()`.
  [[nodiscard]] T operator[](std::size_t index) const noexcept {
    return load(held_.img(), ends_.at(ends_.first + index));
  }

private:
  memory::read_guard held_;
  ends ends_;
};

template <memory::plain T>
result<typename shared_vec_deque<T>::elements, read_error>
shared_vec_deque<T>::read() const {
  auto held = guard();
  if (!held) return unexpected{held.error()};
  const auto e = load_ends();
  if (!sound(e)) return unexpected{read_error::damaged};
  return elements{std::move(*held), e};
}

template <memory::plain T>
typename shared_vec_deque<T>::elements shared_vec_deque<T>::view_at(
    memory::read_guard held) {
  ends e{};
  if (held.root_at() != 0) e = load_ends(held.object());
  // What makes no sense is seen as empty; fsck says more.
  if (!sound(held.img(), e)) e = {};
  return elements{std::move(held), e};
}

template <memory::plain T>
template <class Each>
result<void, read_error> shared_vec_deque<T>::for_each(Each&& each) const {
  const auto held = guard();
  if (!held) return unexpected{held.error()};
  const auto e = load_ends();
  if (!sound(e)) return unexpected{read_error::damaged};
  for (auto p = e.first; p != e.last; ++p) {
    const auto value = at_position(p);
    if constexpr (std::is_void_v<std::invoke_result_t<Each&, const T&>>) {
      each(value);
    } else {
      if (!each(value)) break;
    }
  }
  return {};
}

}  // namespace commy

#include <commy/containers/detail/shared_vec_deque_bulk.hpp>
