// commy/containers/shared_box.hpp: one shared value.
#pragma once

#include <commy/containers/element.hpp>
#include <commy/containers/object_handle.hpp>

#include <concepts>

namespace commy {

/// One value of a plain type, read whole and written whole.
/// In the root: shape[0] is the block that holds it.
template <memory::plain T>
class shared_box : public object_handle {
public:
  using value_type = T;

  shared_box(std::shared_ptr<memory::engine> engine,
             memory::object_place place) noexcept
      : object_handle{std::move(engine), place} {}

  [[nodiscard]] static std::string type_descriptor() {
    return "box<" + memory::type_line<T>() + ">";
  }
  static void initialise(transaction& txn, memory::root& object,
                         const T& initial = T{}) {
    const auto at = txn.take(8 * words);
    store_fresh(txn, at, initial);
    object.shape[0].store(at, std::memory_order_relaxed);
  }

  /// A copy of the value as the last transaction left it. Lock-free, works on a
  /// read-only mapping. Cost: two lines of the root, the value, a copy.
  [[nodiscard]] result<T, read_error> get() const {
    std::array<std::uint64_t, words> copy{};
    auto outcome = read_whole([&] {
      const auto at = root().shape[0].load(std::memory_order_relaxed);
      const auto& img = engine_->img();
      if (at % 8 != 0 || !img.holds(at, 8 * words)) {
        return memory::lookup::damaged;
      }
      for (std::size_t i = 0; i < words; ++i) {
        copy[i] = img.word(at + 8ULL * i).load(std::memory_order_relaxed);
      }
      return memory::lookup::found;
    });
    if (!outcome) return unexpected{outcome.error()};
    return decode(copy.data());
  }

  /// Replaces the value. One transaction.
  result<void, write_error> set(const T& value) {
    return change([&](transaction& txn)
                      __attribute__((always_inline)) { write(txn, value); });
  }
  /// Lets `edit(T&)` change a private copy and stores it back, as one
  /// transaction. When `edit` throws, nothing has happened.
  template <class Edit>
  result<void, write_error> update(Edit&& edit) {
    return change([&](transaction& txn) {
      T value = load_value(txn);
      edit(value);
      write(txn, value);
    });
  }

  /// Replaces the value by `desired` if it is `expected`, by its `==`. True if
  /// it did. One transaction; touches nothing otherwise.
  result<bool, write_error> compare_exchange(const T& expected,
                                             const T& desired)
    requires std::equality_comparable<T>
  {
    return change([&](transaction& txn) {
      if (!(load_value(txn) == expected)) return false;
      write(txn, desired);
      return true;
    });
  }

private:
  static constexpr std::size_t words = (sizeof(T) + 7) / 8;
  // An edit logs the whole value.
  static_assert(sizeof(T) <= 8192, "keep large data in a loan or a deque");

  static T decode(const std::uint64_t* from) {
    T value;
    std::memcpy(static_cast<void*>(&value), from, sizeof(T));
    return value;
  }
  static void store_fresh(transaction& txn, memory::offset at, const T& value) {
    std::array<std::uint64_t, words> copy{};
    std::memcpy(copy.data(), &value, sizeof(T));
    for (std::size_t i = 0; i < words; ++i) {
      txn.img().word(at + 8ULL * i).store(copy[i], std::memory_order_relaxed);
    }
  }
  memory::offset place_of(transaction& txn) const {
    const auto at = root().shape[0].load(std::memory_order_relaxed);
    if (at % 8 != 0 || !txn.img().holds(at, 8 * words)) {
      throw memory::write_failed{write_error::damaged};
    }
    return at;
  }
  T load_value(transaction& txn) const {
    const auto at = place_of(txn);
    std::array<std::uint64_t, words> copy{};
    for (std::size_t i = 0; i < words; ++i) {
      // relaxed: ours by the lock.
      copy[i] = txn.img().word(at + 8ULL * i).load(std::memory_order_relaxed);
    }
    return decode(copy.data());
  }
  [[gnu::always_inline]] void write(transaction& txn, const T& value) {
    auto& object = root();
    const auto at = place_of(txn);
    if constexpr (words == 1) {
      txn.touch_and_save<1, 1>({&object.sequence}, {&txn.img().word(at)});
    } else {
      txn.touch(object.sequence);
      txn.save(at, words);
    }
    store_fresh(txn, at, value);
    memory::note_whole(txn, object);
  }
};

}  // namespace commy
