// commy/message/loan_custody.hpp: loans on their way to an actor's handler.
#pragma once

#include <commy/message/inbox.hpp>

#include <cstddef>
#include <vector>

namespace commy::message {

/// Remembers the loans of messages that were passed on, for the case that
/// nobody adopts them: an actor that stops, or forgets. First in, first out;
/// the loans of the oldest message go back when there are too many. Its loans
/// lie in the ring until they are adopted, so giving one back twice does
/// nothing. Threads: the inbox's.
class loan_custody {
public:
  /// Messages with loans that may wait for their handlers. As many as an
  /// actor's mailbox holds by default.
  static constexpr std::size_t messages_max = 1024;

  explicit loan_custody(inbox& from) noexcept : from_{&from} {}
  loan_custody(const loan_custody&) = delete;
  loan_custody& operator=(const loan_custody&) = delete;
  ~loan_custody() {
    for (const auto& loans : kept_)
      from_->release(loans);
  }

  void keep(const memory::named_loans& loans) {
    if (loans.count == 0) return;
    if (kept_.size() < messages_max) {
      kept_.push_back(loans);
      return;
    }
    from_->release(kept_[oldest_]);
    kept_[oldest_] = loans;
    oldest_ = (oldest_ + 1) % messages_max;
  }

private:
  inbox* from_;
  std::vector<memory::named_loans> kept_;
  std::size_t oldest_ = 0;
};

}  // namespace commy::message
