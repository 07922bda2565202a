#include <commy/actor/watch.hpp>
#include <commy/host/mail_clerk.hpp>

#include <algorithm>
#include <utility>

namespace commy::host {

mail_clerk::mail_clerk(std::shared_ptr<exchange> of)
    : exchange_{std::move(of)} {
  // An actor that has ever watched has what notices need; see have_watched().
  static_cast<void>(watch(this, self(this)));
}

watch_id mail_clerk::have_watched(const ref<mail_clerk>& whom,
                                  const actors::cell_handle& actor) {
  // The first and only object of its cell: nobody restarts a clerk.
  return actors::watch(actor, {.who = actors::access::handle(whom),
                               .ops = &actors::ops_of<mail_clerk, stopped>});
}

void mail_clerk::on(try_later m) {
  auto& q = waiting_[m.mail.to.slot];
  if (q.mail.size() >= waiting_max) {
    if (m.mail.kind == memory::cell_kind::reply ||
        m.mail.kind == memory::cell_kind::refusal) {
      exchange_->count_lost_answer();
    }
    return;
  }
  const auto slot = m.mail.to.slot;
  q.mail.push_back(std::move(m.mail));
  if (q.mail.size() == 1) after(this, q.pause, try_again{slot});
}

void mail_clerk::on(try_again m) {
  const auto at = waiting_.find(m.slot);
  if (at == waiting_.end()) return;
  auto& q = at->second;
  bool moved = false;
  while (!q.mail.empty() && exchange_->try_send(q.mail.front())) {
    q.mail.pop_front();
    moved = true;
  }
  if (q.mail.empty()) {
    waiting_.erase(at);
    return;
  }
  q.pause = moved ? first_pause : std::min(2 * q.pause, longest_pause);
  after(this, q.pause, try_again{m.slot});
}

void mail_clerk::on(say_returned m) {
  if (exchange_->say_returned()) {
    returned_pause_ = first_pause;
    return;
  }
  after(this, returned_pause_, m);
  returned_pause_ = std::min(2 * returned_pause_, longest_pause);
}

}  // namespace commy::host
