// commy/containers/detail/shared_vec_read.hpp: looking into a shared_vec.
#pragma once

#include <commy/containers/shared_vec.hpp>

namespace commy {

template <shared_element T>
template <class Pick>
result<std::uint64_t, read_error> shared_vec<T>::load_whole(Pick pick) const {
  std::uint64_t picked = 0;
  auto outcome = read_whole([&] {
    picked = pick(state::load(root()));
    return memory::lookup::found;
  });
  if (!outcome) return unexpected{outcome.error()};
  return picked;
}

template <shared_element T>
result<typename shared_vec<T>::value_type, read_error> shared_vec<T>::get(
    std::uint64_t index) const {
  value_type value{};
  if constexpr (deep) {
    auto outcome = read_at_length(
        [&] {
          content_type one;
          if (!copy_out(engine_->img(), root_at_, one, index, 1)) {
            return memory::lookup::damaged;
          }
          if (one.empty()) return memory::lookup::absent;
          value = std::move(one.front());
          return memory::lookup::found;
        },
        deep);
    if (!outcome) return unexpected{outcome.error()};
    return value;
  } else {
    auto outcome = look_at(index, [&](const stored& cell) {
      return element::load(engine_->img(), cell, value);
    });
    if (!outcome) return unexpected{outcome.error()};
    return value;
  }
}

template <shared_element T>
template <class Found>
result<void, read_error> shared_vec<T>::look_at(std::uint64_t index,
                                                Found&& found) const {
  if (!engine_->usable()) return unexpected{read_error::detached};
  const auto& img = engine_->img();
  return read_with([&](bool own) {
    return memory::look_at_element(
        img, root(), generation_, shape, index, own, [&](memory::offset at) {
          stored cell{};
          memory::load_bytes(img, at, sizeof cell, &cell);
          return found(cell);
        });
  });
}

template <shared_element T>
result<T, read_error> shared_vec<T>::at(std::uint64_t index) const
  requires nested_container<T>
{
  stored found{};
  std::uint64_t era = 0;
  auto outcome = look_at(index, [&](const stored& cell) {
    found = cell;
    era = root().shape[4].load(std::memory_order_relaxed);
    return cell.sound(engine_->img());
  });
  if (!outcome) return unexpected{outcome.error()};
  return nested_access::child<T>(*this, found, era);
}

template <shared_element T>
result<typename shared_vec<T>::value_type, read_error> shared_vec<T>::back()
    const {
  value_type value{};
  auto outcome = read_whole(
      [&] {
        const auto s = state::load(root());
        if (!s.sound(engine_->img(), shape)) return memory::lookup::damaged;
        if (s.size == 0) return memory::lookup::absent;
        return element::load(engine_->img(), cell_at(s, s.size - 1), value)
                   ? memory::lookup::found
                   : memory::lookup::damaged;
      },
      deep);
  if (!outcome) return unexpected{outcome.error()};
  return value;
}

template <shared_element T>
result<std::vector<typename shared_vec<T>::value_type>, read_error>
shared_vec<T>::copy(std::uint64_t index, std::uint64_t count) const {
  content_type values;
  auto outcome = read_at_length(
      [&] {
        values.clear();
        return copy_out(engine_->img(), root_at_, values, index, count)
                   ? memory::lookup::found
                   : memory::lookup::damaged;
      },
      deep);
  if (!outcome) return unexpected{outcome.error()};
  return values;
}

template <shared_element T>
bool shared_vec<T>::copy_out(const memory::copy_source& from,
                             memory::offset root_at, content_type& into,
                             std::uint64_t index, std::uint64_t count) {
  into.clear();  // Of a look that was disturbed.
  const auto& img = from.img();
  const auto s = state::load(img.root_at(root_at));
  if (!s.sound(img, shape)) return false;
  if (index >= s.size) return true;
  const auto taken = std::min(count, s.size - index);
  if (!from.take(taken)) return false;
  into.reserve(taken);
  for (std::uint64_t i = 0; i < taken; ++i) {
    stored cell{};
    memory::load_bytes(img, s.at(shape, index + i), sizeof cell, &cell);
    value_type value{};
    if (!element::load(from, cell, value)) return false;
    into.push_back(std::move(value));
  }
  return true;
}

/// A vector's elements under a read guard. Elements of plain types are seen
/// where they lie; bools and texts are made from what lies there.
template <shared_element T>
class shared_vec<T>::elements {
  static constexpr bool in_place = std::is_same_v<stored, T>;

  class maker {
  public:
    using value_type = view_type;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using iterator_concept = std::random_access_iterator_tag;
    using reference = view_type;
    using pointer = void;

    maker() = default;
    maker(const memory::image* img, const stored* at) noexcept
        : img_{img}, at_{at} {}
    [[nodiscard]] view_type operator*() const { return (*this)[0]; }
    [[nodiscard]] view_type operator[](difference_type n) const {
      return element::look(*img_, at_[n]);
    }
    maker& operator+=(difference_type n) noexcept { return at_ += n, *this; }
    maker& operator-=(difference_type n) noexcept { return at_ -= n, *this; }
    maker& operator++() noexcept { return *this += 1; }
    maker& operator--() noexcept { return *this -= 1; }
    maker operator++(int) noexcept {
      auto old = *this;
      ++*this;
      return old;
    }
    maker operator--(int) noexcept {
      auto old = *this;
      --*this;
      return old;
    }
    friend maker operator+(maker m, difference_type n) noexcept {
      return m += n;
    }
    friend maker operator+(difference_type n, maker m) noexcept {
      return m += n;
    }
    friend maker operator-(maker m, difference_type n) noexcept {
      return m -= n;
    }
    friend difference_type operator-(const maker& a, const maker& b) noexcept {
      return a.at_ - b.at_;
    }
    friend bool operator==(const maker& a, const maker& b) noexcept {
      return a.at_ == b.at_;
    }
    friend auto operator<=>(const maker& a, const maker& b) noexcept {
      return a.at_ <=> b.at_;
    }

  private:
    const memory::image* img_ = nullptr;
    const stored* at_ = nullptr;
  };

public:
  using value_type = view_type;
  using iterator = std::conditional_t<in_place, const stored*, maker>;

  elements(memory::read_guard held, const state& s) noexcept
      : held_{std::move(held)},
        size_{s.size},
        data_{s.capacity == 0 ? nullptr
                              : reinterpret_cast<const stored*>(
                                    held_.img().bytes(s.at(shape, 0)))} {}

  [[nodiscard]] iterator begin() const noexcept {
    if constexpr (in_place) {
      return data_;
    } else {
      return {&held_.img(), data_};
    }
  }
  [[nodiscard]] iterator end() const noexcept {
    return begin() + static_cast<std::ptrdiff_t>(size_);
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// Requires: `index < size()`.
  [[nodiscard]] decltype(auto) operator[](std::size_t index) const {
    return begin()[static_cast<std::ptrdiff_t>(index)];
  }
  [[nodiscard]] const T* data() const noexcept
    requires(in_place)
  {
    return data_;
  }

private:
  memory::read_guard held_;
  std::uint64_t size_;
  const stored* data_;
};

template <shared_element T>
result<typename shared_vec<T>::elements, read_error> shared_vec<T>::read()
    const {
  auto held = guard();
  if (!held) return unexpected{held.error()};
  const auto s = state::load(root());
  if (!s.sound(engine_->img(), shape)) return unexpected{read_error::damaged};
  return elements{std::move(*held), s};
}

template <shared_element T>
typename shared_vec<T>::elements shared_vec<T>::view_at(
    memory::read_guard held) {
  state s{};
  if (held.root_at() != 0) s = state::load(held.object());
  // What makes no sense is seen as empty; fsck says more.
  if (!s.sound(held.img(), shape)) s = {};
  return elements{std::move(held), s};
}

template <shared_element T>
template <class Each>
result<void, read_error> shared_vec<T>::for_each(Each&& each) const {
  const auto seen = read();
  if (!seen) return unexpected{seen.error()};
  for (const auto& value : *seen) {
    if constexpr (std::is_void_v<std::invoke_result_t<Each&, view_type>>) {
      each(value);
    } else {
      if (!each(value)) break;
    }
  }
  return {};
}

}  // namespace commy
