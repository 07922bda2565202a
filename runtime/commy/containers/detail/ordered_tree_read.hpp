// commy/containers/detail/ordered_tree_read.hpp: looking into ordered maps.
#pragma once

#include <commy/containers/ordered_tree.hpp>

namespace commy {

template <ordered_key K, class V>
result<std::uint64_t, read_error> ordered_tree<K, V>::size() const {
  std::uint64_t count = 0;
  auto outcome = read_whole([&] {
    count = at_tree().size();
    return memory::lookup::found;
  });
  if (!outcome) return unexpected{outcome.error()};
  return count;
}

template <ordered_key K, class V>
result<typename ordered_tree<K, V>::value_type, read_error>
ordered_tree<K, V>::entry_at(memory::seek what, key_in key) const {
  value_type entry{};
  auto outcome = find_deep(
      what, key, [&](const std::uint64_t* keys, const std::uint64_t* values) {
        return get_entry(engine_->img(), keys, values, entry);
      });
  if (!outcome) return unexpected{outcome.error()};
  return entry;
}

/// Throws `damaged` when the entry's words make no sense.
template <ordered_key K, class V>
void ordered_tree<K, V>::copy_entry(const memory::copy_source& from,
                                    const tree& view, const path& at,
                                    value_type& into) {
  key_words keys;
  value_words values{};
  view.load_key(at, keys.data());
  view.load_value(at, values.data());
  if (!from.take(1) || !get_entry(from, keys.data(), values.data(), into)) {
    throw memory::write_failed{write_error::damaged};
  }
}

/// Entries under a read guard: a bidirectional range. An iterator is a way
/// through the tree, some hundred bytes. Where nodes make no sense it ends.
template <ordered_key K, class V>
class ordered_tree<K, V>::entries {
public:
  using value_type = view_type;

  /// `begin(tree)` and `end(tree)` answer ways; not `there` is the very end.
  template <class Begin, class End>
  entries(memory::read_guard held, Begin&& begin, End&& end)
      : held_{std::move(held)} {
    const auto view = at_tree();
    begin_.there = end_.there = false;
    try {
      end_ = end(view);
      begin_ = begin(view);
    } catch (const memory::write_failed&) {
      begin_.there = end_.there = false;
    }
  }

  class iterator {
  public:
    using value_type = view_type;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using iterator_concept = std::bidirectional_iterator_tag;
    using reference = view_type;
    using pointer = void;

    iterator() { at_.there = false; }
    iterator(const entries* all, const path& at) : all_{all}, at_{at} {}
    [[nodiscard]] view_type operator*() const {
      return look(all_->held_.img(), all_->at_tree(), at_);
    }
    iterator& operator++() {
      return move([&](const tree& view) { view.advance(at_); });
    }
    iterator& operator--() {
      return move([&](const tree& view) {
        if (at_.there) {
          view.retreat(at_);
        } else {
          at_ = view.locate(memory::seek::last, {});
        }
      });
    }
    iterator operator++(int) {
      auto old = *this;
      ++*this;
      return old;
    }
    iterator operator--(int) {
      auto old = *this;
      --*this;
      return old;
    }
    [[nodiscard]] bool operator==(const iterator& other) const noexcept {
      if (!at_.there || !other.at_.there) return at_.there == other.at_.there;
      return at_.leaf().node == other.at_.leaf().node &&
             at_.leaf().index == other.at_.leaf().index;
    }

  private:
    template <class Move>
    iterator& move(Move&& by) {
      try {
        by(all_->at_tree());
      } catch (const memory::write_failed&) {
        at_.there = false;
      }
      return *this;
    }

    const entries* all_ = nullptr;
    path at_;
  };

  [[nodiscard]] iterator begin() const { return {this, begin_}; }
  [[nodiscard]] iterator end() const { return {this, end_}; }

private:
  [[nodiscard]] tree at_tree() const noexcept {
    return tree{held_.img(), held_.root_at(), {}};
  }

  memory::read_guard held_;
  path begin_;
  path end_;
};

template <ordered_key K, class V>
result<typename ordered_tree<K, V>::entries, read_error>
ordered_tree<K, V>::read() const {
  auto held = guard();
  if (!held) return unexpected{held.error()};
  return entries{
      std::move(*held),
      [](const tree& t) { return t.locate(memory::seek::first, {}); },
      [](const tree&) {
        path end;
        end.there = false;
        return end;
      }};
}

template <ordered_key K, class V>
result<typename ordered_tree<K, V>::entries, read_error>
ordered_tree<K, V>::read_from(key_in from) const {
  auto held = guard();
  if (!held) return unexpected{held.error()};
  return entries{std::move(*held),
                 [&](const tree& t) {
                   return t.locate(memory::seek::not_below, sought(from));
                 },
                 [](const tree&) {
                   path end;
                   end.there = false;
                   return end;
                 }};
}

template <ordered_key K, class V>
result<typename ordered_tree<K, V>::entries, read_error>
ordered_tree<K, V>::read(key_in from, key_in to) const {
  auto held = guard();
  if (!held) return unexpected{held.error()};
  const auto& first = order::before(from, to) ? from : to;
  return entries{std::move(*held),
                 [&](const tree& t) {
                   return t.locate(memory::seek::not_below, sought(first));
                 },
                 [&](const tree& t) {
                   return t.locate(memory::seek::not_below, sought(to));
                 }};
}

template <ordered_key K, class V>
template <class Each>
result<void, read_error> ordered_tree<K, V>::each_until(const path& begin,
                                                        const path* end,
                                                        Each&& each) const {
  const auto view = at_tree();
  const auto& img = engine_->img();
  for (auto at = begin; at.there; view.advance(at)) {
    if (end != nullptr && end->there && at.leaf().node == end->leaf().node &&
        at.leaf().index == end->leaf().index) {
      break;
    }
    if constexpr (std::is_void_v<std::invoke_result_t<Each&, view_type>>) {
      each(look(img, view, at));
    } else {
      if (!each(look(img, view, at))) break;
    }
  }
  return {};
}

template <ordered_key K, class V>
template <class Each>
result<void, read_error> ordered_tree<K, V>::for_each(Each&& each) const {
  const auto held = guard();
  if (!held) return unexpected{held.error()};
  try {
    return each_until(at_tree().locate(memory::seek::first, {}), nullptr,
                      std::forward<Each>(each));
  } catch (const memory::write_failed&) {
    return unexpected{read_error::damaged};
  }
}

template <ordered_key K, class V>
template <class Each>
result<void, read_error> ordered_tree<K, V>::for_each(key_in from, key_in to,
                                                      Each&& each) const {
  const auto held = guard();
  if (!held) return unexpected{held.error()};
  if (!order::before(from, to)) return {};
  try {
    const auto view = at_tree();
    const auto end = view.locate(memory::seek::not_below, sought(to));
    return each_until(view.locate(memory::seek::not_below, sought(from)), &end,
                      std::forward<Each>(each));
  } catch (const memory::write_failed&) {
    return unexpected{read_error::damaged};
  }
}

template <ordered_key K, class V>
result<std::vector<typename ordered_tree<K, V>::value_type>, read_error>
ordered_tree<K, V>::copy() const {
  content_type all;
  const auto look = [&] {
    all.clear();
    return copy_out(engine_->img(), root_at_, all) ? memory::lookup::found
                                                   : memory::lookup::damaged;
  };
  // A walk through the whole tree: a guard keeps it still. Without one, for a
  // read-only mapping, the whole is validated.
  if (!engine_->usable() || !engine_->writable()) {
    auto outcome = read_whole(look, deep);
    if (!outcome) return unexpected{outcome.error()};
    return all;
  }
  const auto held = guard();
  if (!held) return unexpected{held.error()};
  if (look() != memory::lookup::found) return unexpected{read_error::damaged};
  return all;
}

template <ordered_key K, class V>
bool ordered_tree<K, V>::copy_out(const memory::copy_source& from,
                                  memory::offset root_at,
                                  content_type& into) try {
  into.clear();  // Of a look that was disturbed.
  const tree view{from.img(), root_at, {}};
  // Bounds what garbage in the middle of a change could make of the walk.
  const auto most = view.size();
  for (auto at = view.locate(memory::seek::first, {});
       at.there && into.size() < most; view.advance(at)) {
    value_type entry{};
    copy_entry(from, view, at, entry);
    into.push_back(std::move(entry));
  }
  return true;
} catch (const memory::write_failed&) {
  return false;
}

template <ordered_key K, class V>
typename ordered_tree<K, V>::entries ordered_tree<K, V>::view_at(
    memory::read_guard held) {
  const bool any = held.root_at() != 0;
  const auto nowhere = [](const tree&) {
    path end;
    end.there = false;
    return end;
  };
  return entries{std::move(held),
                 [&](const tree& t) {
                   return any ? t.locate(memory::seek::first, {}) : nowhere(t);
                 },
                 nowhere};
}

}  // namespace commy
