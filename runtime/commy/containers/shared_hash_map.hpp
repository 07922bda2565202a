// commy/containers/shared_hash_map.hpp: a shared map without order.
#pragma once

#include <commy/containers/element.hpp>
#include <commy/containers/object_handle.hpp>
#include <commy/memory/hash_table.hpp>

#include <iterator>
#include <utility>

namespace commy {

/// Keys to values, constant time; see memory::hash_table for how it lies in the
/// segment. Readers take no lock, and a growing table does not stall them.
template <shared_key K, shared_value V>
class shared_hash_map : public object_handle {
  using key_element = memory::element<K>;
  using value_element = memory::element<V>;
  struct slots {
    [[nodiscard]] static constexpr memory::hash_slots get() noexcept {
      return memory::hash_slots::of(key_element::bytes, value_element::bytes,
                                    value_element::align, key_element::is_text,
                                    value_element::is_text);
    }
  };
  static_assert(slots::get().stride <= memory::hash_slots::stride_max,
                "key and value together have at most 1 KiB; keep large data in "
                "an object of its own");
  using table = memory::hash_table<slots>;

public:
  using key_in = typename key_element::in;
  using value_in = typename value_element::in;
  using value_out = typename value_element::out;

  shared_hash_map(std::shared_ptr<memory::engine> engine,
                  memory::object_place place) noexcept
      : object_handle{std::move(engine), place} {}

  [[nodiscard]] static std::string type_descriptor() {
    return "hash_map<" + memory::type_line<K>() + ", " +
           memory::type_line<V>() + ">";
  }
  static void initialise(transaction& /*txn*/, memory::root& object) {
    object.shape[2].store(platform::random_u64(), std::memory_order_relaxed);
  }

  /// A copy of the value under `key`, or `absent`. Lock-free, works on a
  /// read-only mapping. Cost: three cache lines for small keys and values.
  [[nodiscard]] result<value_out, read_error> get(key_in key) const {
    value_out value{};
    auto outcome = find(key, [&](const std::uint64_t* words) {
      return value_element::get(engine_->img(), words, slots::get().value_at,
                                value);
    });
    if (!outcome) return unexpected{outcome.error()};
    return value;
  }
  [[nodiscard]] result<bool, read_error> contains(key_in key) const {
    auto outcome = find(key, [](const std::uint64_t*) { return true; });
    if (outcome) return true;
    if (outcome.error() == read_error::absent) return false;
    return unexpected{outcome.error()};
  }
  [[nodiscard]] result<std::uint64_t, read_error> size() const {
    std::uint64_t count = 0;
    auto outcome = read_whole([&] {
      count = at_table().size();
      return memory::lookup::found;
    });
    if (!outcome) return unexpected{outcome.error()};
    return count;
  }

  /// Sets the value under `key`. True if the key is new.
  result<bool, write_error> insert_or_assign(key_in key, value_in value) {
    return change([&](transaction& txn) {
      const auto place = at_table().locate(memory::as_key<K>(key));
      put(txn, place, key, value);
      return place.group == 0;
    });
  }
  /// Adds the value if there is none under `key`. True if it was added.
  result<bool, write_error> insert(key_in key, value_in value) {
    return change([&](transaction& txn) {
      const auto place = at_table().locate(memory::as_key<K>(key));
      if (place.group != 0) return false;
      put(txn, place, key, value);
      return true;
    });
  }
  /// Lets `edit(value&)` change a private copy of the value under `key` and
  /// stores it back. False when there is none.
  template <class Edit>
  result<bool, write_error> update(key_in key, Edit&& edit) {
    return change([&](transaction& txn) {
      auto view = at_table();
      const auto place = view.locate(memory::as_key<K>(key));
      if (place.group == 0) return false;
      std::array<std::uint64_t, stride_words> words{};
      view.load_slot(place, words.data());
      value_out value{};
      if (!value_element::get(engine_->img(), words.data(),
                              slots::get().value_at, value)) {
        throw memory::write_failed{write_error::damaged};
      }
      edit(value);
      put(txn, place, key, value);
      return true;
    });
  }
  /// True if there was something to erase.
  result<bool, write_error> erase(key_in key) {
    return change([&](transaction& txn) {
      auto view = at_table();
      const auto place = view.locate(memory::as_key<K>(key));
      if (place.group == 0) return false;
      view.erase(txn, place);
      return true;
    });
  }
  /// Makes room for `count` entries, so that inserting them moves nothing.
  result<void, write_error> reserve(std::uint64_t count) {
    return change([&](transaction& txn) {
      txn.touch(root().sequence);
      at_table().reserve(txn, count);
    });
  }

  class entries;
  /// All entries, in no order, under a read guard that lives as long as the
  /// answer: `for (auto [key, value] : map.read().value()) ...`. Texts are
  /// views into the segment. Writers wait meanwhile, so keep it short.
  [[nodiscard]] result<entries, read_error> read() const {
    auto held = guard();
    if (!held) return unexpected{held.error()};
    return entries{std::move(*held)};
  }

private:
  static constexpr std::uint32_t stride_words = slots::get().stride_words();

  [[nodiscard]] table at_table() const noexcept {
    return table{engine_->img(), root_at_, {}};
  }
  template <class Found>
  [[nodiscard]] result<void, read_error> find(key_in key, Found&& found) const {
    if (!engine_->usable()) return unexpected{read_error::detached};
    const auto view = at_table();
    return read_with([&](bool own) {
      return view.find(generation_, memory::as_key<K>(key), found, own);
    });
  }
  void put(transaction& txn, const typename table::place& place, key_in key,
           value_in value) {
    std::array<std::uint64_t, stride_words> words{};
    auto view = at_table();
    if (place.group != 0) {
      view.load_slot(place, words.data());
      value_element::put(txn, words.data(), slots::get().value_at, value);
      view.replace_value(txn, place, words.data());
    } else {
      key_element::put(txn, words.data(), 0, key);
      value_element::put(txn, words.data(), slots::get().value_at, value);
      view.insert(txn, memory::as_key<K>(key), words.data());
    }
  }
};

/// The entries of a map under a read guard: an input range of pairs.
template <shared_key K, shared_value V>
class shared_hash_map<K, V>::entries {
public:
  using value_type =
      std::pair<typename key_element::view, typename value_element::view>;

  explicit entries(memory::read_guard held) noexcept : held_{std::move(held)} {
    const auto& r = held_.object();
    table_ = r.shape[0].load(std::memory_order_relaxed);
    groups_ = r.shape[1].load(std::memory_order_relaxed);
    const auto bytes = slots::get().group_bytes;
    const auto& img = held_.img();
    if (table_ == 0 || groups_ > img.sizes().capacity / bytes ||
        !img.holds(table_, groups_ * bytes)) {
      groups_ = 0;
    }
  }

  class iterator {
  public:
    using value_type = entries::value_type;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    iterator() = default;
    explicit iterator(const entries* all) noexcept : all_{all} { settle(); }
    [[nodiscard]] value_type operator*() const noexcept {
      const auto at = all_->table_ + group_ * slots::get().group_bytes +
                      slots::get().slot_at(slot_);
      const auto& img = all_->held_.img();
      return {key_element::look(img, at),
              value_element::look(img, at + slots::get().value_at)};
    }
    iterator& operator++() noexcept {
      ++slot_;
      settle();
      return *this;
    }
    void operator++(int) noexcept { ++*this; }
    [[nodiscard]] bool operator==(std::default_sentinel_t) const noexcept {
      return all_ == nullptr || group_ >= all_->groups_;
    }

  private:
    /// On to the next full slot, from this one on.
    void settle() noexcept {
      const auto& img = all_->held_.img();
      for (; group_ < all_->groups_; ++group_, slot_ = 0) {
        const auto group = all_->table_ + group_ * slots::get().group_bytes;
        for (; slot_ < slots::get().count; ++slot_) {
          const auto word = img.word(group + 8 + 8ULL * (slot_ / 8))
                                .load(std::memory_order_relaxed);
          if ((word >> 8 * (slot_ % 8) & memory::control_full) != 0) return;
        }
      }
    }

    const entries* all_ = nullptr;
    std::uint64_t group_ = 0;
    std::uint32_t slot_ = 0;
  };

  [[nodiscard]] iterator begin() const noexcept { return iterator{this}; }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

private:
  memory::read_guard held_;
  memory::offset table_ = 0;
  std::uint64_t groups_ = 0;
};

}  // namespace commy
