// The other process of these tests.
//
//     message_child FOLDER send NAME SENDER COUNT   COUNT 0: for ever; when the
//                                                   receiver goes, waits for it
//     message_child FOLDER receive NAME             checks all it gets, for
//                                                   ever
//     message_child FOLDER echo OWN PEER ROUNDS     sends each note back
//     message_child FOLDER film NAME SENDER         sends frames, for ever
//     message_child FOLDER watch NAME PEER          checks frames, for ever,
//                                                   and notes each to PEER
#include "traffic.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using namespace commy;
using namespace commy::test;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

int fail(const char* what, const std::string& why) {
  std::fprintf(stderr, "message_child: %s: %s\n", what, why.c_str());
  return 1;
}

int send_all(const segment& shared, const char* name, std::uint32_t sender,
             std::uint32_t count) {
  auto to = traffic_address::wait_for(shared, name, clock::now() + 60s);
  if (!to) return fail("finding", to.error().message());
  for (std::uint32_t number = 0; count == 0 || number < count;) {
    const auto sent = send_one(shared, *to, sender, number);
    if (sent) {
      ++number;
    } else if (sent.error() == send_error::ring_full ||
               sent.error() == send_error::no_memory) {
      std::this_thread::yield();
    } else if (sent.error() == send_error::receiver_stopped) {
      auto again = traffic_address::wait_for(shared, name, clock::now() + 60s);
      if (!again) return fail("finding again", again.error().message());
      *to = std::move(*again);
    } else {
      return fail("sending", sent.error().message());
    }
  }
  return 0;
}

int receive_all(const segment& shared, const char* name) {
  auto box = message::inbox::open(shared);
  if (!box) return fail("opening", box.error().message());
  if (auto p = box->publish(name); !p)
    return fail("publishing", p.error().message());
  // Some loans stay in hand, so that a kill finds them there.
  std::vector<loan<const sheet>> held;
  for (;;) {
    const auto got = box->try_take();
    if (!got) {
      static_cast<void>(box->wait(clock::now() + 60s));
      continue;
    }
    if (!open_one(*got, held)) return fail("receiving", "a torn message");
    if (held.size() > 8) held.clear();
  }
}

int echo(const segment& shared, const char* own, const char* peer,
         std::uint64_t rounds) {
  auto box = message::inbox::open(
      shared, {.longest_nap = 1h, .how = message::waiting::sleep});
  if (!box) return fail("opening", box.error().message());
  if (auto p = box->publish(own); !p)
    return fail("publishing", p.error().message());
  auto to = remote_address<note>::wait_for(shared, peer, clock::now() + 60s);
  if (!to) return fail("finding", to.error().message());
  while (rounds > 0) {
    if (const auto got = box->try_take()) {
      if (auto s = to->send(*got->as<note>()); !s) {
        return fail("sending", s.error().message());
      }
      --rounds;
    } else if (!box->wait(clock::now() + 30s)) {
      return fail("waiting", "nobody woke us");
    }
  }
  return 0;
}

int send_film(const segment& shared, const char* name, std::uint32_t sender) {
  auto to = remote_address<film>::wait_for(shared, name, clock::now() + 60s);
  if (!to) return fail("finding", to.error().message());
  for (std::uint32_t number = 0;;) {
    auto frame = try_loan_for_overwrite<std::uint64_t>(shared, frame_words);
    if (!frame) {
      // All are on their way.
      if (frame.error() != loan_error::out_of_space) {
        return fail("lending", frame.error().message());
      }
      std::this_thread::yield();
      continue;
    }
    film next{sender, number, std::move(*frame)};
    fill(next);
    const auto done = to->send(std::move(next));
    if (done) {
      ++number;
    } else if (done.error() == send_error::receiver_stopped) {
      to = remote_address<film>::wait_for(shared, name, clock::now() + 60s);
      if (!to) return fail("finding again", to.error().message());
    } else if (done.error() != send_error::ring_full) {
      return fail("sending", done.error().message());
    }
  }
}

int watch_film(const segment& shared, const char* name, const char* peer) {
  auto box = message::inbox::open(shared);
  if (!box) return fail("opening", box.error().message());
  if (auto p = box->publish(name); !p)
    return fail("publishing", p.error().message());
  auto to = remote_address<note>::wait_for(shared, peer, clock::now() + 60s);
  if (!to) return fail("finding", to.error().message());
  std::optional<film> last;  // In hand when a kill comes.
  for (;;) {
    const auto got = box->try_take();
    if (!got) {
      static_cast<void>(box->wait(clock::now() + 60s));
      continue;
    }
    last = got->as<film>();
    if (!last || !is_whole(*last)) return fail("watching", "a torn frame");
    // Whoever does not look at them has enough of them.
    static_cast<void>(to->send(note{last->sender, last->number, 0}));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  segment_options options;
  options.folder = argv[1];
  options.participant = argv[2];
  const auto shared = segment::open("mail", options);
  if (!shared) return fail("attaching", shared.error().message());
  const std::string_view what = argv[2];
  if (what == "send" && argc == 6) {
    return send_all(*shared, argv[3],
                    static_cast<std::uint32_t>(std::atoi(argv[4])),
                    static_cast<std::uint32_t>(std::atoi(argv[5])));
  }
  if (what == "receive") return receive_all(*shared, argv[3]);
  if (what == "echo" && argc == 6) {
    return echo(*shared, argv[3], argv[4],
                static_cast<std::uint64_t>(std::atoll(argv[5])));
  }
  if (what == "film" && argc == 5) {
    return send_film(*shared, argv[3],
                     static_cast<std::uint32_t>(std::atoi(argv[4])));
  }
  if (what == "watch" && argc == 5) {
    return watch_film(*shared, argv[3], argv[4]);
  }
  return 2;
}
