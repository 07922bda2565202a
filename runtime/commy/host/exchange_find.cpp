// The part of an exchange that finds actors of other processes.
#include <commy/host/exchange.hpp>
#include <commy/host/nearest.hpp>
#include <commy/host/peer_text.hpp>
#include <commy/host/remote_actor.hpp>

#include <algorithm>
#include <utility>

namespace commy::host {

using memory::cell_kind;
using message::name_place;
using message::protocol_line;

namespace {

/// Names that are looked through for one that was meant; enough for a person.
constexpr std::size_t names_compared = 1024;

/// Both, if short; else what is around the first difference.
void add_difference(failure_detail& to, std::string_view wanted,
                    std::string_view found) {
  constexpr std::size_t shown = 80;
  std::size_t from = 0;
  if (std::max(wanted.size(), found.size()) > shown) {
    const auto [w, f] =
        std::mismatch(wanted.begin(), wanted.end(), found.begin(), found.end());
    const auto same = static_cast<std::size_t>(w - wanted.begin());
    from = same > shown / 2 ? same - shown / 2 : 0;
  }
  const auto part = [&](std::string_view text) {
    return text.substr(std::min(from, text.size()), shown);
  };
  const auto* const before = from == 0 ? "" : "...";
  to.text.append("here ").append(before).append(part(wanted));
  to.text.append(", there ").append(before).append(part(found));
}

}  // namespace

std::shared_ptr<peer_link> exchange::link_to(
    const name_place& place, std::vector<std::shared_ptr<peer_link>>& over) {
  const actors::peer who{place.slot, place.reader};
  std::shared_ptr<peer_link> found;
  std::erase_if(links_, [&](const std::shared_ptr<peer_link>& l) {
    if (l->who.slot != who.slot) return false;
    if (l->who == who) {
      found = l;
      return false;
    }
    over.push_back(l);
    return true;
  });
  if (found != nullptr) return found;
  auto made = std::make_shared<peer_link>();
  made->who = who;
  made->title = title_of(shared_, place.slot);
  // The upper bits of a tag are its slot's generation, see ring_consumer.cpp.
  made->watch_key =
      peers_.add(engine(), place.slot, place.reader >> 36U, made->title,
                 [weak = weak_from_this(), made](const peer_end& end) {
                   if (auto self = weak.lock()) self->note({made, end});
                 });
  links_.push_back(made);
  return made;
}

result<void, remote_error> exchange::compare(
    std::string_view name, const name_place& place,
    std::span<const protocol_line> wanted) const {
  if (!protocols_) return {};
  const auto found = protocols_->find(name, place);
  // Nothing is said of it: its process refuses what it does not take.
  if (!found) return {};
  for (const auto& line : wanted) {
    if (found->lists(line.id)) continue;
    failure_detail detail;
    detail.text.append(name).append(": ");
    if (const auto other = found->same_name(line.layout)) {
      add_difference(detail, line.layout, *other);
    } else {
      detail.text.append("nothing there is called as ")
          .append(line.layout.substr(0, 120));
    }
    return unexpected{remote_error::other_protocol, detail};
  }
  return {};
}

unexpected<remote_error> exchange::not_found(
    std::string_view name, const failure<send_error>& why) const {
  if (why != send_error::name_not_found) {
    return {remote_error::unusable_segment, why.message()};
  }
  std::string text{name};
  text += " in segment '" + shared_.name() + "'";
  const auto names = names_.list(names_compared);
  const std::vector<std::string_view> views{names.begin(), names.end()};
  if (const auto near = nearest(name, views); near && *near != name) {
    text += " (there is '" + std::string{*near} + "')";
  }
  return {remote_error::name_not_found, text};
}

result<found_actor, remote_error> exchange::find(
    std::string_view name, std::span<const protocol_line> wanted,
    std::optional<std::chrono::steady_clock::time_point> deadline,
    const spawn_options& options) {
  const auto place =
      deadline ? names_.wait_for(name, *deadline) : names_.find(name);
  if (!place) return not_found(name, place.error());
  if (auto same = compare(name, *place, wanted); !same) {
    return unexpected{same.error()};
  }
  if (place->slot == engine()->slot() && place->reader == tag_) {
    const auto port = port_of(place->actor);
    if (!port) return unexpected{remote_error::name_not_found, name};
    return found_actor{port, {}};
  }
  {
    const std::lock_guard hold{mutex_};
    for (const auto& line : wanted) {
      told_types_.try_emplace(line.id,
                              line.layout.substr(0, line.layout.find(' ')));
    }
  }
  const auto actor = stand_in(name, *place, options);
  if (!actor) return unexpected{actor.error()};
  return found_actor{std::nullopt, *actor};
}

result<actors::cell_handle, remote_error> exchange::stand_in(
    std::string_view name, const name_place& place,
    const spawn_options& options) {
  std::vector<std::shared_ptr<peer_link>> over;
  std::optional<result<actors::cell_handle, remote_error>> answer;
  bool is_new = false;
  {
    const std::lock_guard hold{mutex_};
    const auto at = proxies_.find(std::string{name});
    if (closed_) {
      answer = unexpected{remote_error::not_joined, shared_.name()};
    } else if (at != proxies_.end() && at->second.place == place &&
               !at->second.peer->is_gone() &&
               at->second.actor.at->inlet.generation() ==
                   at->second.actor.generation) {
      answer = at->second.actor;
    } else {
      auto peer = link_to(place, over);
      // Called as what it stands for, for people, unless somebody is already.
      const auto title = std::string{name} + "@" + shared_.name();
      auto how = options;
      how.name = title;
      auto made =
          actors_.try_spawn<remote_actor>(how, shared_from_this(), peer, place);
      if (!made) {
        how.name = {};
        made = actors_.try_spawn<remote_actor>(how, shared_from_this(), peer,
                                               place);
      }
      if (made) {
        answer = actors::access::handle(*made);
        proxies_.insert_or_assign(std::string{name},
                                  proxy{place, **answer, peer});
        is_new = true;
      } else {
        answer = unexpected{remote_error::no_actor, made.error().message()};
      }
    }
  }
  for (const auto& link : over) {
    peers_.remove(link->watch_key);
    end_link(link, {}, link->title + " has closed its inbox");
  }
  if (is_new) {
    send({place.slot, place.reader},
         {.actor = place.actor, .kind = cell_kind::watch});
  }
  return *answer;
}

}  // namespace commy::host
