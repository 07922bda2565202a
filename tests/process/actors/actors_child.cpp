// The other process of these tests.
//
//     actors_child FOLDER serve NAME    an actor that does errands; reports '+'
//                                       when it can be found, until its parent
//                                       is gone
//     actors_child FOLDER ask NAME      asks it for ever, and reports '+' once
//     actors_child FOLDER beat NAME     as serve, with a heart that beats
//     actors_child FOLDER narrow NAME   as serve, with room for four messages,
//                                       and another one, called NAME2, beside
//     actors_child FOLDER look NAME     asks it for pictures for ever, keeps
//                                       some, and reports '+' once
//     actors_child FOLDER leave NAME    as serve, until it reads a byte; then
//                                       it closes in order and ends
#include "errands.hpp"
#include <commy/host/segment_mail.hpp>
#include <commy/platform/lifeline.hpp>
#include <commy/platform/pipe.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace commy;
using namespace commy::test;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

platform::pipe_writer* report = nullptr;

void say(std::string_view text) {
  report->write_all(std::as_bytes(std::span{text}), 30s).value();
}

class errand_runner : public actor {
public:
  using protocol = errands;

  explicit errand_runner(segment shared) : shared_{std::move(shared)} {}

  void on(const note& n) {
    auto& next = next_[n.sender];
    if (n.number != next) ++tally_.disorder;
    next = n.number + 1;
    ++tally_.notes;
  }
  tally on(count) { return tally_; }
  std::int64_t on(add m) { return total_ += m.amount; }
  page on(const turn_page& m) {
    page turned = m.before;
    std::reverse(std::begin(turned.words), std::end(turned.words));
    return turned;
  }
  void on(confirm) {}
  std::int64_t on(throw_up) { fail("a bad day"); }
  std::int64_t on(hang) {
    say(">");
    // What it plays: a handler that never returns.
    for (;;)
      std::this_thread::sleep_for(1h);
  }
  picture on(const take_picture& m) {
    picture made{{}, m.number};
    if (m.words != 0) made.words = numbered(shared_, m.words, m.number);
    return made;
  }
  loan<const std::uint64_t> on(const take_print& m) {
    if (!m.from_elsewhere) return numbered(shared_, 16, m.number);
    if (!other_) other_ = segment::create_anonymous().value();
    return numbered(*other_, 16, m.number);
  }
  void on(leave) { stop(); }
  void on(end_process m) { std::_Exit(static_cast<int>(m.code)); }

private:
  static loan<std::uint64_t> numbered(const segment& in, std::uint64_t words,
                                      std::uint64_t number) {
    auto made = try_loan_for_overwrite<std::uint64_t>(in, words).value();
    std::fill_n(made.data(), words, number);
    return made;
  }

  segment shared_;
  std::optional<segment> other_;
  std::map<std::uint64_t, std::uint64_t> next_;
  tally tally_;
  std::int64_t total_ = 0;
};

int fail(const char* what, const std::string& why) {
  std::fprintf(stderr, "actors_child: %s: %s\n", what, why.c_str());
  return 1;
}

void wait_until_parent_is_gone() {
  auto line = platform::parent_lifeline::from_environment().value();
  while (!line.wait_for_loss(30s)) {
  }
}

int serve(const segment& shared, const char* name, bool until_told) {
  actor_system actors{{.workers = 2}};
  segment_mail mail{actors};
  if (auto done = mail.open(shared); !done) {
    return fail("opening", done.error().message());
  }
  const auto runner = actors.spawn<errand_runner>(
      spawn_options{.name = "runner", .mailbox_messages = 200'000}, shared);
  if (auto done = mail.publish(name, runner); !done) {
    return fail("publishing", done.error().message());
  }
  say("+");
  if (!until_told) {
    wait_until_parent_is_gone();
    std::_Exit(0);  // Its handler may hang.
  }
  auto orders = platform::pipe_reader::from_environment("ORDERS").value();
  std::byte one{};
  static_cast<void>(orders.read_some({&one, 1}, 60s));
  mail.close();
  return 0;
}

int serve_narrow(const segment& shared, const std::string& name) {
  actor_system actors{{.workers = 2}};
  segment_mail mail{actors};
  if (auto done = mail.open(shared); !done) {
    return fail("opening", done.error().message());
  }
  const auto narrow = actors.spawn<errand_runner>(
      spawn_options{
          .name = "narrow", .mailbox_messages = 4, .where = executor::pinned},
      shared);
  const auto other = actors.spawn<errand_runner>("other", shared);
  for (const auto& [called, actor] :
       {std::pair{name, narrow}, std::pair{name + "2", other}}) {
    if (auto done = mail.publish(called, actor); !done) {
      return fail("publishing", done.error().message());
    }
  }
  say("+");
  wait_until_parent_is_gone();
  std::_Exit(0);
}

int ask(const segment& shared, const char* name) {
  actor_system actors{{.workers = 1}};
  segment_mail mail{actors};
  if (auto done = mail.open(shared); !done) {
    return fail("opening", done.error().message());
  }
  auto to = mail.wait_for<add>(shared, name, clock::now() + 30s);
  if (!to) return fail("finding", to.error().message());
  for (bool first = true;; first = false) {
    const auto sum = actors.ask(*to, add{1}, 30s);
    if (!sum) return fail("asking", sum.error().message());
    if (first) say("+");
  }
}

int look(const segment& shared, const char* name) {
  actor_system actors{{.workers = 1}};
  segment_mail mail{actors};
  if (auto done = mail.open(shared); !done) {
    return fail("opening", done.error().message());
  }
  std::vector<picture> held;
  std::optional<address<take_picture>> to;
  for (std::uint64_t number = 1;; ++number) {
    if (!to) {
      auto found =
          mail.wait_for<take_picture>(shared, name, clock::now() + 30s);
      if (!found) return fail("finding", found.error().message());
      to = *found;
    }
    auto taken =
        actors.ask(*to, take_picture{1 + number % 3 * 2000, number}, 30s);
    if (!taken) {
      if (taken.error() != ask_error::receiver_stopped) {
        return fail("asking", taken.error().message());
      }
      to.reset();
      continue;
    }
    const auto& words = taken->words;
    if (taken->number != number || words.size() != 1 + number % 3 * 2000 ||
        std::ranges::any_of(words.span(),
                            [&](auto word) { return word != number; })) {
      return fail("looking", "a torn picture");
    }
    held.push_back(std::move(*taken));
    if (held.size() > 4) held.clear();
    if (number == 1) say("+");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  segment_options options;
  options.folder = argv[1];
  options.participant = argv[2];
  const auto shared = segment::open("mail", options);
  if (!shared) return fail("attaching", shared.error().message());
  auto pipe = platform::pipe_writer::from_environment("REPORT");
  if (!pipe) return fail("reporting", pipe.error().message());
  report = &*pipe;
  const std::string_view what = argv[2];
  if (what == "serve") return serve(*shared, argv[3], false);
  if (what == "narrow") return serve_narrow(*shared, argv[3]);
  if (what == "leave") return serve(*shared, argv[3], true);
  if (what == "beat") {
    auto own = *shared;
    own.beat();  // Before anybody can find us.
    const std::jthread heart{[&](const std::stop_token& end) {
      while (!end.stop_requested()) {
        // A heart's own pace; nobody waits for it.
        std::this_thread::sleep_for(5ms);
        own.beat();
      }
    }};
    return serve(*shared, argv[3], false);
  }
  if (what == "ask") return ask(*shared, argv[3]);
  if (what == "look") return look(*shared, argv[3]);
  return 2;
}
