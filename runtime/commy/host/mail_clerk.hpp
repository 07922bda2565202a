// commy/host/mail_clerk.hpp: an exchange's own actor, for what takes time.
#pragma once

#include <commy/actor/actor.hpp>
#include <commy/host/exchange.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>

namespace commy::host {

/// Tries mail again that found its receiver's ring full, in order for each
/// receiver; watches the actors that are published; and has the inbox looked
/// into while a handler lasts.
class mail_clerk : public actor {
public:
  /// Mail that waits for one receiver; more is given up, and counted if it is
  /// an answer, whose asker then learns it by its timeout. A quarter of a ring:
  /// whoever is so far behind has stopped, or asks without waiting.
  static constexpr std::size_t waiting_max = 1024;
  static constexpr std::chrono::milliseconds first_pause{1};
  static constexpr std::chrono::milliseconds longest_pause{50};

  struct try_later {
    outgoing_mail mail;
  };
  struct try_again {
    std::uint32_t slot;
  };
  /// The exchange has something for senders.
  struct say_returned {};
  /// The inbox was left by who ran what lay there, and should be looked into
  /// after a while. A handler of 50 ms is no short one; twenty wake-ups a
  /// second are 0.05 % of a core, and only while messages come.
  static constexpr std::chrono::milliseconds longest_absence{50};
  struct look_soon {};
  struct look {};

  explicit mail_clerk(std::shared_ptr<exchange> of);

  /// Makes `whom` watch an actor. Not by a message: the actor may fail before
  /// that would be handled, and then its reasons are nobody's. Threads: any.
  static watch_id have_watched(const ref<mail_clerk>& whom,
                               const actors::cell_handle& actor);

  void on(try_later m);
  void on(try_again m);
  void on(say_returned m);
  void on(look_soon /*message*/) { after(this, longest_absence, look{}); }
  void on(look /*message*/) { exchange_->note_looked_into(); }
  void on(const stopped& s) { exchange_->actor_ended(s.watch, s.reasons); }

private:
  struct queue {
    std::deque<outgoing_mail> mail;
    std::chrono::milliseconds pause = first_pause;
  };

  std::shared_ptr<exchange> exchange_;
  std::unordered_map<std::uint32_t, queue> waiting_;
  std::chrono::milliseconds returned_pause_ = first_pause;
};

}  // namespace commy::host
