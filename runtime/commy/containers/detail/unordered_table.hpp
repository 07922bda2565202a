// commy/containers/detail/unordered_table.hpp: many entries of a hash map or
// set at once.
#pragma once

#include <commy/containers/unordered_table.hpp>

namespace commy {

/// Entries under a read guard: an input range.
template <shared_key K, class V>
class unordered_table<K, V>::entries {
public:
  using value_type = view_type;

  explicit entries(memory::read_guard held) noexcept : held_{std::move(held)} {
    if (held_.root_at() == 0) return;
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
      return look(all_->held_.img(), reinterpret_cast<const std::uint64_t*>(
                                         all_->held_.img().bytes(at)));
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

template <shared_key K, class V>
template <class Each>
result<void, read_error> unordered_table<K, V>::for_each(Each&& each) const {
  const auto all = read();
  if (!all) return unexpected{all.error()};
  for (const auto& entry : *all) {
    if constexpr (std::is_void_v<std::invoke_result_t<Each&, view_type>>) {
      each(entry);
    } else {
      if (!each(entry)) break;
    }
  }
  return {};
}

template <shared_key K, class V>
result<std::vector<typename unordered_table<K, V>::value_type>, read_error>
unordered_table<K, V>::copy() const {
  content_type all;
  auto outcome = read_at_length(
      [&] {
        all.clear();
        return copy_out(engine_->img(), root_at_, all)
                   ? memory::lookup::found
                   : memory::lookup::damaged;
      },
      deep);
  if (!outcome) return unexpected{outcome.error()};
  return all;
}

template <shared_key K, class V>
bool unordered_table<K, V>::copy_out(const memory::copy_source& from,
                                     memory::offset root_at,
                                     content_type& into) {
  into.clear();  // Of a look that was disturbed.
  bool sound = true;
  const table view{from.img(), root_at, {}};
  const auto groups =
      from.img().root_at(root_at).shape[1].load(std::memory_order_relaxed);
  if (!from.take(groups)) return false;
  view.for_each([&](const std::uint64_t* words) {
    value_type entry{};
    sound = from.take(1) && get_entry(from, words, entry);
    into.push_back(std::move(entry));
    return sound;
  });
  return sound;
}

template <shared_key K, class V>
result<std::vector<typename unordered_table<K, V>::value_type>, write_error>
unordered_table<K, V>::take() {
  return change([&](transaction& txn) {
    content_type taken;
    if (!copy_out(txn.img(), root_at_, taken)) {
      throw memory::write_failed{write_error::damaged};
    }
    at_table().clear(txn);
    return taken;
  });
}

/// A few entries go each by itself, more by building the table of the others
/// aside.
template <shared_key K, class V>
template <class Wanted>
result<std::uint64_t, write_error> unordered_table<K, V>::erase_if(
    Wanted&& wanted) {
  return change([&](transaction& txn) -> std::uint64_t {
    constexpr std::size_t few = 8;
    auto view = at_table();
    std::vector<slot_words> gone;
    view.for_each([&](const std::uint64_t* words) {
      if (wanted(look(txn.img(), words))) {
        std::copy_n(words, stride_words, gone.emplace_back().begin());
      }
      return true;
    });
    const auto key_of = [&](const std::uint64_t* words) {
      return memory::as_key<K>(key_element::look(txn.img(), words, 0));
    };
    if (gone.size() <= few) {
      for (const auto& words : gone) {
        const auto place = view.locate(key_of(words.data()));
        if (place.group != 0) view.erase(txn, place);
      }
      return gone.size();
    }
    std::unordered_map<key_type, bool> keys;
    for (const auto& words : gone) {
      keys.emplace(key_type(key_element::look(txn.img(), words.data(), 0)),
                   true);
      view.drop_entry(txn, words.data());
    }
    view.rebuild(txn,
                 [&](const std::uint64_t* words) {
                   return !keys.contains(
                       key_type(key_element::look(txn.img(), words, 0)));
                 },
                 {});
    return gone.size();
  });
}

template <shared_key K, class V>
template <std::ranges::input_range Range>
result<void, write_error> unordered_table<K, V>::bulk_load(Range&& range) {
  std::unordered_map<key_type,
                     std::conditional_t<is_map, mapped_type, std::uint8_t>>
      fresh;
  for (auto&& entry : range) {
    if constexpr (is_map) {
      fresh.insert_or_assign(key_type(entry.first), mapped_type(entry.second));
    } else {
      fresh.emplace(key_type(entry), 0);
    }
  }
  return change([&](transaction& txn) {
    auto view = at_table();
    constexpr std::size_t few = 4;
    if (fresh.size() <= few) {
      for (const auto& [key, value] : fresh) {
        const auto place = view.locate(memory::as_key<K>(key));
        if (is_map || place.group == 0) put(txn, place, key, value);
      }
      return;
    }
    std::vector<std::uint64_t> added(fresh.size() * stride_words);
    auto* at = added.data();
    for (const auto& [key, value] : fresh) {
      fill(txn, at, key, value);
      at += stride_words;
    }
    const auto is_kept = [&](const std::uint64_t* words) {
      return !fresh.contains(key_type(key_element::look(txn.img(), words, 0)));
    };
    view.for_each([&](const std::uint64_t* words) {
      if (!is_kept(words)) view.drop_entry(txn, words);
      return true;
    });
    view.rebuild(txn, is_kept, added);
  });
}

}  // namespace commy
