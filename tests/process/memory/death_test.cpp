// Holders, sweepers and participants that die or stop.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <csignal>
#include <iostream>
#include <support/block_trace.hpp>
#include <support/forked.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

/// A child that changes box and texts in one transaction, says 'L' in the
/// middle and goes on when it may.
forked holder(const segment_options& options) {
  return forked{[options](const forked::teller& tell) {
    auto w = shared_world::open_or_create("s", options);
    must(transact(w.texts, w.box, [&](transaction&) {
      must(w.texts.insert_or_assign(1, std::string(100, 'h')));
      must(w.box.set({9, 9, "holder"}));
      tell.say('L');
      // Until it is killed, or stopped and continued.
      ::raise(SIGSTOP);
    }));
    tell.say('D');
    return 0;
  }};
}

std::uint32_t slot_of(const segment& home, pid_t pid) {
  for (const auto& one : home.participants()) {
    if (one.pid == static_cast<std::uint32_t>(pid)) return one.slot;
  }
  FAIL("no participant of that process");
  return 0;
}

}  // namespace

TEST_CASE("a lock of a dead process is had at once, and its change is undone") {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto w = shared_world::open_or_create("s", options);
  must(w.texts.insert(1, "old"));
  auto dying = holder(options);
  REQUIRE(dying.next() == 'L');
  std::chrono::steady_clock::time_point killed;

  dying.signal(SIGKILL);
  killed = std::chrono::steady_clock::now();
  must(w.box.update([](point& p) { p.y += 1; }));
  const auto took = std::chrono::steady_clock::now() - killed;

  std::cout << "from kill -9 to the next transaction: "
            << std::chrono::duration<double, std::milli>(took).count()
            << " ms\n";
  CHECK(took < 5s);
  CHECK(must(w.box.get()).y == 1);
  CHECK(must(w.texts.get(1)) == "old");
  dying.wait();
  CHECK(w.home.participants().size() == 1);
  CHECK(trace_blocks(w.home.engine()->img()).text() == "");
}

TEST_CASE("a million changes of a dead process are undone by who waits") {
  const test_folder folder;
  auto options = in_folder(folder);
  options.capacity = 512U << 20U;
  auto home = must(segment::create("s", options));
  using tree = shared_btree_map<int, shared_string>;
  auto numbers = must(home.create<shared_vec<std::int64_t>>("numbers"));
  auto texts = must(home.create<tree>("texts"));
  must(numbers.resize(1000, -1));
  const auto text_of = [](int i) {
    return "a text of more than fifteen bytes, number " + std::to_string(i);
  };
  constexpr int count = 100'000;
  std::vector<std::pair<int, std::string>> entries;
  for (int i = 0; i < count; ++i)
    entries.emplace_back(i, text_of(i));
  must(texts.bulk_load(entries));
  auto dying = forked{[&](const forked::teller& tell) {
    auto own = must(segment::open("s", options));
    auto n = must(own.open<shared_vec<std::int64_t>>("numbers"));
    auto t = must(own.open<tree>("texts"));
    must(transact(n, t, [&](transaction&) {
      for (int i = 0; i < 1'000'000; ++i)
        must(n.set(i % 1000, i));
      must(t.clear());
      tell.say('L');
      ::raise(SIGSTOP);
    }));
    return 0;
  }};
  REQUIRE(dying.next() == 'L');
  dying.kill();

  const auto begun = std::chrono::steady_clock::now();
  must(numbers.set(0, 5));
  const auto took = std::chrono::steady_clock::now() - begun;

  std::cout << "a million changes and a cleared tree of " << count
            << " texts, swept in "
            << std::chrono::duration<double, std::milli>(took).count()
            << " ms\n";
  CHECK(must(numbers.get(0)) == 5);
  CHECK(must(numbers.get(999)) == -1);
  CHECK(must(texts.size()) == count);
  CHECK(must(texts.get(count / 2)) == text_of(count / 2));
  CHECK(trace_blocks(home.engine()->img()).text() == "");
}

TEST_CASE("a holder that is stopped keeps its lock, and the timeout names it") {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto w = shared_world::open_or_create("s", options);
  must(w.texts.insert(1, "old"));
  auto others = options;
  others.participant = "the stopped one";
  auto stopped = holder(others);
  REQUIRE(stopped.next() == 'L');
  w.set_patience(300ms);

  const auto refused = w.box.set({});

  REQUIRE_FALSE(refused);
  CHECK(refused.error() == write_error::lock_timeout);
  CHECK_THAT(refused.error().message(), ContainsSubstring("the stopped one"));
  CHECK_THAT(refused.error().message(),
             ContainsSubstring("pid " + std::to_string(stopped.pid())));
  // Neither are its half-written bytes seen, nor is it swept.
  CHECK(w.box.get().error() == read_error::busy);
  CHECK(w.home.sweep() == 0);
  CHECK(w.home.participants().size() == 2);
  stopped.signal(SIGCONT);
  CHECK(stopped.next() == 'D');
  CHECK(stopped.wait() == 0);
  CHECK(must(w.box.get()) == point{9, 9, "holder"});
  CHECK(must(w.texts.get(1)) == std::string(100, 'h'));
}

TEST_CASE("a reader beside a dead writer is told so, and others are served") {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto home = must(segment::create("s", options));
  shared_objects::places where{};
  {
    auto w = shared_world::open_or_create("s", options);
    must(w.text.assign("a text of more than fifteen bytes"));
    where = w.where();
  }
  auto looking = must(segment::open_read_only("s", options));
  auto seen = shared_objects::at(looking.engine(), where);
  auto dying = holder(options);
  REQUIRE(dying.next() == 'L');
  dying.kill();
  seen.set_patience(60s);

  CHECK(seen.box.get().error() == read_error::writer_dead);
  CHECK(must(seen.text.get()) == "a text of more than fifteen bytes");
  // Until somebody who may write repairs it.
  CHECK(home.sweep() == 1);
  CHECK(must(seen.box.get()) == point{});
}

TEST_CASE("a guard of a dead process holds nobody off") {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto w = shared_world::open_or_create("s", options);
  auto reader = forked{[&](const forked::teller& tell) {
    auto own = shared_world::open_or_create("s", options);
    const auto held = must(own.texts.read());
    tell.say('G');
    ::raise(SIGSTOP);
    return 0;
  }};
  REQUIRE(reader.next() == 'G');
  w.set_patience(100ms);
  CHECK(w.texts.insert(1, "one").error() == write_error::guard_timeout);

  reader.kill();

  w.set_patience(60s);
  must(w.texts.insert(1, "one"));
}

TEST_CASE("who died while sweeping is swept, and so is whom it swept") {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto w = shared_world::open_or_create("s", options);
  auto& engine = *w.home.engine();
  auto sweeper = forked{[&](const forked::teller& tell) {
    auto own = must(segment::open("s", options));
    tell.say('A');
    ::raise(SIGSTOP);
    return 0;
  }};
  REQUIRE(sweeper.next() == 'A');
  auto victim = holder(options);
  REQUIRE(victim.next() == 'L');
  const auto victim_slot = slot_of(w.home, victim.pid());
  const auto sweeper_slot = slot_of(w.home, sweeper.pid());
  victim.kill();
  // As far as a sweeper gets who stops right after it said that it sweeps.
  auto& slot = engine.img().slot(victim_slot);
  const memory::slot_word sweeper_word{engine.img().slot(sweeper_slot).word};
  slot.sweeper =
      sweeper_word.generation() << memory::owner_bits | (sweeper_slot + 1);

  // As long as it lives, it is left to it.
  CHECK(engine.recover(victim_slot).lanes == 0);
  w.set_patience(50ms);
  CHECK(w.box.set({}).error() == write_error::lock_timeout);
  sweeper.kill();

  w.set_patience(60s);
  must(w.box.set({3, 3, "after"}));
  CHECK(w.home.sweep() <= 1);
  CHECK(w.home.participants().size() == 1);
  CHECK(trace_blocks(engine.img()).text() == "");
}

TEST_CASE("a full slot table has room again when its processes are dead") {
  const test_folder folder;
  auto sizes = small_geometry();
  sizes.participants = 3;
  const auto options = in_folder(folder, &sizes);
  shared_world::open_or_create("s", options);
  std::vector<forked> holders;
  for (int i = 0; i < 3; ++i) {
    holders.emplace_back([&](const forked::teller& tell) {
      auto own = must(segment::open("s", options));
      tell.say('A');
      ::raise(SIGSTOP);
      return 0;
    });
    REQUIRE(holders.back().next() == 'A');
  }
  CHECK(segment::open("s", options).error() == segment_error::no_slot);

  holders.clear();

  auto w = shared_world::open_or_create("s", options);
  must(w.texts.insert(1, "one"));
  CHECK(w.home.participants().size() == 1);
}
