// Messages with loans, told to actors of this process or come as bytes.
#include "support.hpp"
#include <commy/actor/protocol.hpp>
#include <commy/message/loan_field.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstring>
#include <optional>
#include <support/loan_count.hpp>
#include <support/test_folder.hpp>
#include <vector>

namespace screens {

struct image {
  std::uint32_t number = 0;
  std::uint32_t pixels[15] = {};
};
BOOST_DESCRIBE_STRUCT(image, (), (number, pixels))

struct frame_ready {
  commy::loan<image> picture;
  std::int32_t number = 0;
};
BOOST_DESCRIBE_STRUCT(frame_ready, (), (picture, number))

/// A request with a loan, answered by the loan.
struct invert {
  using reply = frame_ready;
  commy::loan<image> picture;
};
BOOST_DESCRIBE_STRUCT(invert, (), (picture))

struct shown {
  using reply = std::uint32_t;
};
BOOST_DESCRIBE_STRUCT(shown, (), ())

class screen : public commy::actor {
public:
  using protocol = commy::messages<frame_ready, invert, shown>;

  void on(frame_ready m) {
    last_ = std::move(m.picture);
    if (last_) sum_ += last_->number;
  }
  frame_ready on(invert m) {
    m.picture->number = ~m.picture->number;
    return {std::move(m.picture), 1};
  }
  std::uint32_t on(shown) const { return sum_; }
  void on(const actor_tests::hold& m) {
    m.entered->open();
    (void)m.leave->wait();
  }

private:
  commy::loan<image> last_;
  std::uint32_t sum_ = 0;
};

}  // namespace screens

namespace {

using namespace actor_tests;
using commy::deliver_error;
using commy::loan_handle;
using commy::test::loan_count;
using screens::frame_ready;

struct cinema {
  /// The screen's mailbox, `bound` messages; one under way counts.
  explicit cinema(std::uint32_t bound = 16)
      : screen{system.spawn<screens::screen>(
            {.name = "screen", .mailbox_messages = bound})} {}

  commy::test::test_folder folder;
  commy::memory::geometry sizes = commy::test::small_geometry();
  commy::segment video =
      commy::segment::create("video", commy::test::in_folder(folder, &sizes))
          .value();
  commy::actor_system system{{.workers = 1}};
  commy::ref<screens::screen> screen;

  [[nodiscard]] commy::loan<screens::image> draw(std::uint32_t number) const {
    auto made = commy::try_loan<screens::image>(video).value();
    made->number = number;
    return made;
  }
  [[nodiscard]] loan_count count() const {
    return commy::test::count_loans(video.engine()->img());
  }
  [[nodiscard]] std::uint32_t sum() {
    return system.ask(screen, screens::shown{}, deadline).value();
  }
  void stop() {
    system.stop(screen);
    REQUIRE(system.wait_stopped(screen, deadline));
  }

  /// As another participant sends it: a block on its way to this one.
  using wire = std::array<std::byte, commy::wire_bytes<frame_ready>>;
  [[nodiscard]] wire arrive(commy::loan<screens::image> lent) const {
    auto& block = lent.block();
    const auto handle = block.next_handle();
    REQUIRE(block.hand_over(video.engine()->slot()));
    block.forget();
    return bytes(handle);
  }
  [[nodiscard]] static wire bytes(loan_handle handle) {
    wire made{};
    std::memcpy(made.data(), &handle, sizeof handle);
    return made;
  }
  [[nodiscard]] commy::result<void, deliver_error> deliver(
      std::span<const std::byte> bytes) const {
    return system.deliver("screen", commy::wire_id<frame_ready>(), bytes,
                          video.engine());
  }
};

}  // namespace

TEST_CASE(
    "a loan in a message is its receiver's, which may keep and write it") {
  cinema at;
  at.screen.tell(frame_ready{at.draw(3), 1}).value();
  CHECK(at.sum() == 3);
  CHECK(at.count() == loan_count{1, 0, 0});  // It shows the last one.
  at.screen.tell(frame_ready{at.draw(4), 2}).value();
  CHECK(at.sum() == 7);
  CHECK(at.count() == loan_count{1, 0, 0});
  auto answer = at.system.ask(at.screen, screens::invert{at.draw(5)}, deadline);
  CHECK(answer.value().picture->number == ~5U);
  at.stop();
  CHECK(at.count() == loan_count{1, 0, 0});  // The answer.
}

TEST_CASE("a message that is refused is returned with its loan") {
  cinema at{2};
  {
    occupied busy{at.screen};
    REQUIRE(busy.is_busy());
    at.screen.tell(frame_ready{at.draw(1), 1}).value();
    auto told = at.screen.tell(frame_ready{at.draw(2), 2});
    REQUIRE(!told);
    CHECK(told.error() == commy::tell_error::mailbox_full);
    const auto mine = told.take_back();
    CHECK(mine.picture->number == 2);
    CHECK(mine.number == 2);
    CHECK(at.count() == loan_count{2, 0, 0});
  }
  at.stop();
  auto told = at.screen.tell(frame_ready{at.draw(3), 2});
  REQUIRE(!told);
  CHECK(told.error() == commy::tell_error::stopped);
  CHECK(told.take_back().picture->number == 3);
  CHECK(at.count() == loan_count{});
}

TEST_CASE("dead letters give their loans back") {
  cinema at;
  {
    occupied busy{at.screen};
    REQUIRE(busy.is_busy());
    at.screen.tell(frame_ready{at.draw(1), 1}).value();
    CHECK(at.count() == loan_count{1, 0, 0});
    at.system.stop(at.screen, commy::stop_mode::now);
  }
  REQUIRE(at.system.wait_stopped(at.screen, deadline));
  CHECK(at.system.dead_letter_count() == 1);
  CHECK(at.count() == loan_count{});
}

TEST_CASE("a mailbox that drops its oldest message gives the loan back") {
  cinema at;
  const auto newest = at.system.spawn<screens::screen>(
      {.name = "newest",
       .mailbox_messages = 2,
       .when_full = commy::overflow::drop_oldest});
  {
    occupied busy{newest};
    REQUIRE(busy.is_busy());
    for (std::uint32_t i = 1; i <= 5; ++i)
      newest.tell(frame_ready{at.draw(i), 1}).value();
    CHECK(at.count().owned <= 2);
  }
  CHECK(at.system.ask(newest, screens::shown{}, deadline).value() >= 5);
  at.system.stop(newest);
  REQUIRE(at.system.wait_stopped(newest, deadline));
  CHECK(at.count() == loan_count{});
}

TEST_CASE("an actor receives the loans of a message that comes as bytes") {
  cinema at;
  REQUIRE(at.deliver(at.arrive(at.draw(6))));
  CHECK(at.sum() == 6);
  CHECK(at.count() == loan_count{1, 0, 0});
  // A handle that names nothing is an empty loan.
  REQUIRE(at.deliver(cinema::bytes({})));
  CHECK(at.sum() == 6);
  CHECK(at.count() == loan_count{});
  // A request is handled, too, though nobody gets its answer.
  const auto bytes = at.arrive(at.draw(7));
  at.system
      .deliver("screen", commy::wire_id<screens::invert>(),
               std::span{bytes}.first(16), at.video.engine())
      .value();
  CHECK(at.sum() == 6);
  CHECK(at.count() == loan_count{});
}

TEST_CASE("bytes whose loans cannot be adopted are refused") {
  cinema at;
  cinema other;
  const auto refused = [&](const cinema::wire& bytes) {
    const auto done = at.deliver(bytes);
    return !done && done.error() == deliver_error::invalid_bytes;
  };
  const auto mine = at.draw(1);
  CHECK(refused(cinema::bytes(mine.handle())));
  CHECK(refused(other.arrive(other.draw(1))));
  CHECK(refused(cinema::bytes({1, 1})));
  const auto twice = at.arrive(at.draw(2));
  REQUIRE(at.deliver(twice));
  CHECK(refused(twice));
  // Lent for another type,
  auto number = commy::try_loan<std::uint64_t>(at.video, 100).value();
  const auto handle = number.block().next_handle();
  REQUIRE(number.block().hand_over(at.video.engine()->slot()));
  number.block().forget();
  const auto wrong = at.deliver(cinema::bytes(handle));
  REQUIRE(!wrong);
  CHECK(wrong.error().message().starts_with(
      "screens::frame_ready: the block was lent for another type"));
  // or without a ring that could have brought it.
  const auto lost = at.arrive(at.draw(3));
  CHECK(at.system.deliver("screen", commy::wire_id<frame_ready>(), lost)
            .error() == deliver_error::invalid_bytes);
  CHECK(at.sum() == 2);
  CHECK(at.count() == loan_count{2, 1, 0});
}

TEST_CASE("bytes that a mailbox refuses give their loans back") {
  cinema at{2};
  {
    occupied busy{at.screen};
    REQUIRE(busy.is_busy());
    REQUIRE(at.deliver(at.arrive(at.draw(1))));
    const auto full = at.deliver(at.arrive(at.draw(2)));
    REQUIRE(!full);
    CHECK(full.error() == deliver_error::mailbox_full);
    CHECK(at.count() == loan_count{1, 0, 0});
  }
  at.stop();
  CHECK(at.count() == loan_count{});
}

TEST_CASE("an address finds an actor that takes messages with loans") {
  cinema at;
  const auto found = commy::find_address<frame_ready>(at.system, "screen");
  REQUIRE(found);
  found->tell(frame_ready{at.draw(8), 1}).value();
  CHECK(at.sum() == 8);
}

namespace {

/// What a plugin's class is to the host: bytes, whatever they mean.
class raw_screen : public commy::actor {
public:
  explicit raw_screen(std::vector<std::byte>& into) : into_{into} {}
  void on(commy::wire_message m) {
    into_.assign(m.bytes.begin(), m.bytes.end());
  }

private:
  std::vector<std::byte>& into_;
};

}  // namespace

TEST_CASE("an actor that takes bytes is no receiver of loans in memory") {
  cinema at;
  std::vector<std::byte> got;
  static const std::vector<commy::wire_entry> entries{
      commy::raw_entry<raw_screen>(commy::wire_id<frame_ready>(),
                                   commy::wire_bytes<frame_ready>,
                                   "frame_ready")};
  at.system.spawn<raw_screen>({.name = "raw", .wire = entries}, got);
  CHECK(commy::find_address<frame_ready>(at.system, "raw").error() ==
        commy::find_error::unknown_message);
}
