#include <commy/actor/cell_arena.hpp>
#include <commy/actor/cell_extra.hpp>
#include <commy/actor/watch.hpp>
#include <commy/base/blocking.hpp>
#include <commy/base/fence.hpp>

#include <algorithm>
#include <new>
#include <unordered_map>
#include <utility>

namespace commy::actors {
namespace {

/// By the cell that is watched; few are, and most for long.
struct registry {
  struct entry {
    std::uint32_t generation;
    watcher who;
  };
  struct record {
    std::vector<entry> entries;
    // When there are so many, those whose watchers are gone go.
    std::size_t sweep_at = 16;
  };
  blocking::mutex mutex;
  std::unordered_map<const cell*, record> watched;
  std::uint64_t made = 0;
};

registry& the_registry() {
  // Never destroyed: actors may end while static objects do.
  static auto* const made = new registry;
  return *made;
}

/// An actor that is watched for long by ones that come and go must not collect
/// them; nor what earlier objects of the same watcher have left.
void sweep(registry::record& of, const watcher& fresh) {
  std::erase_if(of.entries, [&](const registry::entry& e) {
    return e.who.ops != nullptr && e.who.who == fresh.who &&
           e.who.life != fresh.life;
  });
  if (of.entries.size() < of.sweep_at) return;
  std::erase_if(of.entries, [](const registry::entry& e) {
    return e.who.who.at->inlet.generation() != e.who.who.generation;
  });
  of.sweep_at = std::max<std::size_t>(16, 2 * of.entries.size());
}

/// True if it was put into the receiver's lane for urgent mail; else it is
/// dropped.
bool push_notice(cell& to, message::envelope& e) noexcept {
  e.kind = message::envelope_kind::notice;
  switch (to.inlet.push_urgent(e)) {
    case message::pushed::queued:
      return true;
    case message::pushed::woke:
      schedule(to);
      return true;
    case message::pushed::closed:
      break;
  }
  message::drop_envelope(e);
  return false;
}

void notify(const watcher& w, std::string_view name,
            const std::vector<std::string>& reasons) {
  message::envelope* e = nullptr;
  if (w.ops != nullptr) {
    stopped content{w.id, std::string{name}, reasons};
    e = message::try_make_envelope(*w.ops, w.who.generation, content);
  } else if (!reasons.empty()) {
    link_broken content{.reasons = reasons};
    e = message::try_make_envelope(link_ops, w.who.generation, content);
  }
  if (e == nullptr) return;
  e->life = w.life;
  push_notice(*w.who.at, *e);
}

}  // namespace

const message::envelope_ops link_ops{
    nullptr, &message::destroy_payload<link_broken>, "link", false};

watch_id watch(const cell_handle& target, watcher who) {
  auto& all = the_registry();
  {
    const std::lock_guard hold{all.mutex};
    who.id = {++all.made};
    auto& of = all.watched[target.at];
    sweep(of, who);
    of.entries.push_back({target.generation, who});
  }
  // Dekker with tell_watchers(): our flag is before this look at the
  // generation, its step of the generation before its look at the flag; one
  // sees the other. relaxed: ordered by the fence. It stays: later actors of
  // the cell pay a look.
  target.at->watched.store(true, std::memory_order_relaxed);
  fence::full();
  COMMY_POINT("watch.flag");
  if (target.at->inlet.generation() != target.generation &&
      unwatch(target, who.id)) {
    notify(who, {}, {});
  }
  return who.id;
}

watch_id watch_by(cell& c, const cell_handle& target,
                  const message::envelope_ops* ops) {
  const auto life = extra_of(c).life;
  return watch(target,
               {.who = {&c, c.inlet.generation()}, .ops = ops, .life = life});
}

void link(cell& c, const cell_handle& other) {
  const cell_handle me{&c, c.inlet.generation()};
  static_cast<void>(watch(other, {.who = me}));
  static_cast<void>(watch(me, {.who = other}));
}

bool unwatch(const cell_handle& target, watch_id which) {
  auto& all = the_registry();
  const std::lock_guard hold{all.mutex};
  const auto at = all.watched.find(target.at);
  if (at == all.watched.end()) return false;
  auto& entries = at->second.entries;
  const bool was = std::erase_if(entries, [&](const registry::entry& e) {
                     return e.who.id == which;
                   }) != 0;
  if (entries.empty()) all.watched.erase(at);
  return was;
}

bool end_because(const cell_handle& whom,
                 const std::vector<std::string>& reasons,
                 std::string_view text) noexcept try {
  if (whom.at->inlet.generation() != whom.generation) return false;
  link_broken content{reasons, true, std::string{text}};
  auto* const e =
      message::try_make_envelope(link_ops, whom.generation, content);
  return e != nullptr && push_notice(*whom.at, *e);
} catch (const std::bad_alloc&) {
  return false;
}

void tell_watchers(const cell_handle& ended, std::string_view name,
                   const std::vector<std::string>& reasons) noexcept {
  fence::full();  // See watch().
  COMMY_POINT("watch.ended");
  if (!ended.at->watched.load(std::memory_order_relaxed)) return;
  auto& all = the_registry();
  std::vector<registry::entry> told;
  {
    const std::lock_guard hold{all.mutex};
    const auto at = all.watched.find(ended.at);
    if (at == all.watched.end()) return;
    // Others may watch the cell's next actor already.
    auto& entries = at->second.entries;
    const auto rest = std::partition(entries.begin(), entries.end(),
                                     [&](const registry::entry& e) {
                                       return e.generation != ended.generation;
                                     });
    // NOLINTNEXTLINE(bugprone-exception-escape): as everywhere at an end.
    told.assign(rest, entries.end());
    entries.erase(rest, entries.end());
    if (entries.empty()) all.watched.erase(at);
  }
  for (const auto& e : told) {
    try {
      notify(e.who, name, reasons);
    } catch (const std::bad_alloc&) {
      continue;
    }
  }
}

}  // namespace commy::actors
