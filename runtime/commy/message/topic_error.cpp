#include <commy/message/topic_error.hpp>

namespace commy {

std::string_view describe(publish_error error) noexcept {
  switch (error) {
    case publish_error::topic_full:
      return "a subscriber has not read the oldest message, and the topic "
             "holds "
             "its publishers for it; try again, wait, or make it deeper";
    case publish_error::held_up:
      return "another publisher was stopped in the middle of a message a whole "
             "round ago; try again or wait";
    case publish_error::foreign_loan:
      return "the loan is empty, of another segment, or gone; publish one of "
             "the topic's own segment";
    case publish_error::removed:
      return "the topic has been removed; open it again";
    case publish_error::read_only:
      return "the segment was opened for reading; open it for writing";
    case publish_error::detached:
      return "the segment is closed, or this is a forked child; open it here";
    case publish_error::damaged:
      return "the topic's bytes make no sense; they were put right as far as "
             "possible, else run `commy fsck`";
  }
  return "unknown reason";
}

std::string_view describe(subscribe_error error) noexcept {
  switch (error) {
    case subscribe_error::too_many:
      return "the topic has 64 subscribers, as many as there are bits for; let "
             "one of them end";
    case subscribe_error::removed:
      return "the topic has been removed; open it again";
    case subscribe_error::read_only:
      return "subscribers write to the segment (what they hold, how far they "
             "are); open it for writing";
    case subscribe_error::detached:
      return "the segment is closed, or this is a forked child; open it here";
    case subscribe_error::damaged:
      return "the topic's bytes make no sense; run `commy fsck`";
  }
  return "unknown reason";
}

}  // namespace commy
