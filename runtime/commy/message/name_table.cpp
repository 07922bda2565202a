#include <commy/containers/transact.hpp>
#include <commy/message/name_table.hpp>

#include <string>
#include <vector>

namespace commy::message {
namespace {

send_error translate(read_error error) noexcept {
  switch (error) {
    case read_error::busy:
    case read_error::writer_dead:
      return send_error::busy;
    case read_error::detached:
      return send_error::detached;
    case read_error::absent:
      return send_error::name_not_found;
    case read_error::removed:
    case read_error::behind:
    case read_error::damaged:
      break;
  }
  return send_error::damaged;
}

}  // namespace

result<name_table, open_error> name_table::open(segment shared) {
  auto names = shared.open_or_create<map>(object_name);
  if (!names) return unexpected{names.error()};
  return name_table{std::move(shared), std::move(*names)};
}

bool name_table::is_open(const name_place& place) const noexcept {
  const auto ring = memory::ring_of(names_.engine()->img(), place.slot);
  // acquire, pairs with the store in ring_consumer's constructor.
  return ring && place.reader != 0 &&
         ring.header->reader.load(std::memory_order_acquire) == place.reader;
}

result<name_place, send_error> name_table::find(std::string_view name) const {
  const auto found = names_.get(name);
  if (!found) {
    return unexpected{translate(found.error().code()),
                      found.error() == read_error::absent
                          ? name
                          : found.error().detail().text.view()};
  }
  if (!is_open(*found) || names_.engine()->is_dead(found->slot)) {
    return unexpected{send_error::name_not_found, name};
  }
  return *found;
}

result<name_place, send_error> name_table::wait_for(
    std::string_view name, clock::time_point deadline) const try {
  for (;;) {
    const auto version = names_.version();
    auto found = find(name);
    const auto now = clock::now();
    if (found || found.error() != send_error::name_not_found ||
        now >= deadline) {
      return found;
    }
    static_cast<void>(names_.wait_for_change(version, deadline - now));
  }
} catch (const memory::write_failed& failed) {
  return unexpected{failed.why.code() == write_error::read_only
                        ? send_error::read_only
                        : send_error::busy,
                    failed.why.message()};
}

result<void, inbox_error> name_table::publish(std::string_view name,
                                              name_place place) {
  if (name.empty() || name.size() > name_bytes_max) {
    return unexpected{inbox_error::bad_name, name};
  }
  auto& engine = *names_.engine();
  bool taken = false;
  auto done = transact(names_, [&](transaction& /*open*/) {
    const auto old = names_.get(name);
    // Under the lock the kernel is asked as well: a name of the dead is free.
    taken = old && is_open(*old) && !engine.is_dead(old->slot);
    if (!taken) names_.insert_or_assign(name, place).value();
  });
  if (!done) return unexpected{inbox_error::names, done.error().message()};
  if (taken) return unexpected{inbox_error::name_taken, name};
  return {};
}

template <class Stale>
bool name_table::erase_if(std::string_view name, Stale&& stale) noexcept try {
  bool erased = false;
  const auto done = transact(names_, [&](transaction& /*open*/) {
    const auto old = names_.get(name);
    if (old && stale(*old)) erased = names_.erase(name).value();
  });
  return done && erased;
} catch (...) {
  // Out of memory, or the shared bytes refuse: the entry stays, stale.
  return false;
}

void name_table::withdraw(std::string_view name, name_place place) noexcept {
  erase_if(name, [&](const name_place& old) { return old == place; });
}

std::vector<std::string> name_table::list(std::size_t most) const {
  std::vector<std::string> found;
  if (auto all = names_.read()) {
    for (const auto [name, place] : *all) {
      if (found.size() == most) break;
      found.emplace_back(name);
    }
  }
  return found;
}

std::uint32_t name_table::prune() noexcept try {
  std::vector<std::string> stale;
  if (auto all = names_.read()) {
    for (const auto [name, place] : *all) {
      if (!is_open(place)) stale.emplace_back(name);
    }
  }
  std::uint32_t erased = 0;
  for (const auto& name : stale) {
    erased +=
        erase_if(name, [&](const name_place& old) { return !is_open(old); });
  }
  return erased;
} catch (...) {
  return 0;  // Out of memory; another inbox prunes later.
}

}  // namespace commy::message
