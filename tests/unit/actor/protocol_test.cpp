#include "support.hpp"
#include <commy/actor/protocol.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cstring>
#include <vector>

using namespace actor_tests;
using commy::deliver_error;

namespace shelf {

struct put {
  using reply = std::uint32_t;
  std::uint32_t count;
  bool fragile;
};
BOOST_DESCRIBE_STRUCT(put, (), (count, fragile))

/// Says of itself what its receiver's mailbox counts.
struct bulky {
  std::uint32_t owned;
  [[nodiscard]] std::uint32_t extra_bytes() const noexcept { return owned; }
};
BOOST_DESCRIBE_STRUCT(bulky, (), (owned))

struct clear {};
BOOST_DESCRIBE_STRUCT(clear, (), ())

struct unlisted {
  std::uint32_t value;
};
BOOST_DESCRIBE_STRUCT(unlisted, (), (value))

class shelf : public commy::actor {
public:
  using protocol = commy::messages<put, bulky, clear>;

  std::uint32_t on(put m) { return count_ += m.count; }
  void on(bulky) {}
  void on(clear) { count_ = 0; }
  void on(unlisted) {}
  void on(const hold& m) {
    m.entered->open();
    (void)m.leave->wait();
  }

private:
  std::uint32_t count_ = 0;
};

}  // namespace shelf

namespace {

template <class M>
auto bytes_of(const M& message) {
  std::array<std::byte, sizeof(M)> bytes;
  std::memcpy(bytes.data(), &message, sizeof(M));
  return bytes;
}

}  // namespace

TEST_CASE("a message that comes as bytes is handled as its own type") {
  commy::actor_system system{{.workers = 1}};
  const auto board = system.spawn<shelf::shelf>("board");

  CHECK(system.deliver("board", commy::wire_id<shelf::put>(),
                       bytes_of(shelf::put{3, true})));
  CHECK(system.deliver("board", commy::wire_id<shelf::put>(),
                       bytes_of(shelf::put{4, false})));

  CHECK(system.ask(board, shelf::put{0, false}, deadline).value() == 7);
}

TEST_CASE("bytes that are no message of the actor are refused") {
  commy::actor_system system{{.workers = 1}};
  const auto board =
      system.spawn<shelf::shelf>({.name = "board", .mailbox_messages = 2});
  const auto id = commy::wire_id<shelf::put>();
  auto bytes = bytes_of(shelf::put{3, true});

  CHECK(system.deliver("bored", id, bytes).error() ==
        deliver_error::unknown_name);
  CHECK(system
            .deliver("board", commy::wire_id<shelf::unlisted>(),
                     bytes_of(shelf::unlisted{1}))
            .error() == deliver_error::unknown_message);
  const auto cut =
      system.deliver("board", id, std::span{bytes}.first(bytes.size() - 1));
  CHECK(cut.error() == deliver_error::wrong_size);
  CHECK(cut.error().message() ==
        "shelf::put: the message has another size than its layout says "
        "(wanted 8, found 7)");
  bytes[4] = std::byte{7};  // Neither true nor false.
  CHECK(system.deliver("board", id, bytes).error() ==
        deliver_error::invalid_bytes);
  CHECK(system.ask(board, shelf::put{0, false}, deadline).value() == 0);
}

TEST_CASE("bytes meet a full or stopped mailbox like any message") {
  commy::actor_system system{{.workers = 1}};
  const auto board =
      system.spawn<shelf::shelf>({.name = "board", .mailbox_messages = 1});
  const auto port = *system.find_port("board");
  const auto id = commy::wire_id<shelf::clear>();
  {
    occupied busy{board};
    REQUIRE(busy.is_busy());
    CHECK(port.deliver(id, bytes_of(shelf::clear{})).error() ==
          deliver_error::mailbox_full);
  }
  system.stop(board);
  REQUIRE(system.wait_stopped(board, deadline));

  CHECK(port.deliver(id, bytes_of(shelf::clear{})).error() ==
        deliver_error::stopped);
}

TEST_CASE("an actor is found by the messages it takes") {
  commy::actor_system system{{.workers = 1}};
  (void)system.spawn<shelf::shelf>("board");

  const auto board =
      commy::find_address<shelf::put, shelf::clear>(system, "board");
  REQUIRE(board);
  board->tell(shelf::put{2, false}).value();
  CHECK(system.ask(*board, shelf::put{3, false}, deadline).value() == 5);

  CHECK(commy::find_address<shelf::unlisted>(system, "board").error() ==
        commy::find_error::unknown_message);
  CHECK(commy::find_address<shelf::put>(system, "bored").error() ==
        commy::find_error::unknown_name);
}

TEST_CASE("an actor's messages may be known only at run time") {
  class recorder : public commy::actor {
  public:
    explicit recorder(std::vector<std::uint32_t>& seen) : seen_{&seen} {}
    void on(const commy::wire_message& m) {
      std::uint32_t value = 0;
      REQUIRE(m.bytes.size() == 4);
      std::memcpy(&value, m.bytes.data(), 4);
      seen_->push_back(value + static_cast<std::uint32_t>(m.id));
    }

  private:
    std::vector<std::uint32_t>* seen_;
  };
  std::vector<std::uint32_t> seen;
  const std::array entries{
      commy::raw_entry<recorder>(commy::message_id{100}, 4, "first"),
      commy::raw_entry<recorder>(commy::wire_id<shelf::unlisted>(), 4,
                                 "second")};
  commy::actor_system system{{.workers = 1}};
  const auto actor =
      system.spawn<recorder>({.name = "recorder", .wire = entries}, seen);

  CHECK(system.deliver("recorder", commy::message_id{100},
                       bytes_of(std::uint32_t{7})));
  const auto typed = commy::find_address<shelf::unlisted>(system, "recorder");
  REQUIRE(typed);
  typed->tell(shelf::unlisted{8}).value();
  CHECK(commy::find_address<shelf::put>(system, "recorder").error() ==
        commy::find_error::unknown_message);
  system.stop(actor);
  REQUIRE(system.wait_stopped(actor, deadline));

  const auto id = static_cast<std::uint32_t>(commy::wire_id<shelf::unlisted>());
  CHECK(seen == std::vector<std::uint32_t>{107, 8 + id});
}

TEST_CASE("what comes as bytes takes the room that it gives back") {
  commy::actor_system system{{.workers = 1}};
  const auto s = system.spawn<shelf::shelf>("shelf");
  for (int i = 0; i < 5; ++i) {
    REQUIRE(system.deliver("shelf", commy::wire_id<shelf::bulky>(),
                           bytes_of(shelf::bulky{1'000'000})));
  }
  REQUIRE(system.ask(s, shelf::put{1, false}, deadline));
  REQUIRE(eventually([&] { return system.inspect().actors[0].queued == 0; }));
  CHECK(system.inspect().actors[0].queued_bytes == 0);
}
