// A process that publishes ticks, or reads them and checks each.
#include <commy/message/shared_topic.hpp>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <unit/message/topics.hpp>
#include <vector>

namespace {

using namespace commy;
using namespace commy::test;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using ticks = shared_topic<tick>;

int fail(const char* what, const std::string& why) {
  std::fprintf(stderr, "%s: %s\n", what, why.c_str());
  return 1;
}

/// Publishes `count` ticks, for ever with 0.
int publish_all(const segment& shared, ticks& to, std::uint64_t self,
                std::uint64_t count) {
  for (std::uint64_t i = 1; count == 0 || i <= count; ++i) {
    auto next = try_loan<tick>(shared);
    if (!next) return fail("lending", next.error().message());
    **next = {self, i, ~(i * 1000 + self)};
    while (true) {
      const auto done = to.publish(std::move(*next), clock::now() + 30s);
      if (done) break;
      // Stopped or killed neighbours may hold a cell up for long.
      if (done.error() != publish_error::held_up) {
        return fail("publishing", done.error().message());
      }
    }
  }
  return 0;
}

/// Reads for ever, or until it has had `count` ticks of each of `publishers`.
/// Keeps some, so that it dies with samples in hand.
int read_all(ticks& from, std::uint64_t publishers, std::uint64_t count) {
  auto reader = from.subscribe();
  if (!reader) return fail("subscribing", reader.error().message());
  std::map<std::uint64_t, std::uint64_t> last;
  std::vector<sample<tick>> held;
  std::uint64_t through = 0;
  while (count == 0 || through < publishers) {
    auto next = reader->try_take();
    if (!next) {
      if (!reader->wait(clock::now() + 30s) && count != 0) {
        return fail("waiting", "nobody woke us");
      }
      continue;
    }
    if (!is_sound(*next)) return fail("reading", "a torn message");
    auto& before = last[next->publisher];
    if (next->number <= before) return fail("reading", "out of order");
    if (count != 0 && next->number != before + 1) {
      return fail("reading", "a message is missing");
    }
    before = next->number;
    if (before == count) ++through;
    held.push_back(std::move(next));
    if (held.size() > 8) held.clear();
  }
  return 0;
}

/// Answers each tick on one topic by one on the other.
int echo(const segment& shared, ticks& from, std::uint64_t rounds) {
  auto back = ticks::open(shared, "back");
  auto reader =
      from.subscribe({.longest_nap = 1h, .how = message::waiting::sleep});
  if (!back || !reader) return fail("echo", "no topic");
  while (rounds > 0) {
    const auto next = reader->try_take();
    if (!next) {
      if (!reader->wait(clock::now() + 30s)) return fail("echo", "not woken");
      continue;
    }
    auto answer = try_loan<tick>(shared).value();
    *answer = *next;
    if (!back->publish(std::move(answer))) return fail("echo", "refused");
    --rounds;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  const auto number = [&](int i) {
    return static_cast<std::uint64_t>(std::atoll(argv[i]));
  };
  segment_options options;
  options.folder = argv[1];
  options.participant = argv[2];
  const auto shared = segment::open("market", options);
  if (!shared) return fail("attaching", shared.error().message());
  auto topic = ticks::open(*shared, "prices");
  if (!topic) return fail("opening", topic.error().message());
  const std::string_view what = argv[2];
  if (what == "publish")
    return publish_all(*shared, *topic, number(3), number(4));
  if (what == "read") return read_all(*topic, number(3), number(4));
  if (what == "echo") return echo(*shared, *topic, number(3));
  return 2;
}
