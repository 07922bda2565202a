#include "posix_fork.hpp"

#include "child.hpp"
#include "scratch.hpp"
#include <commy/platform/fork_callback.hpp>
#include <commy/platform/liveness.hpp>
#include <commy/platform/mapping.hpp>
#include <commy/platform/process.hpp>

#include <catch2/catch_test_macros.hpp>

#include <fcntl.h>
#include <sys/mman.h>

#include <new>

using namespace commy::platform;

namespace {

void say(pipe_writer& to) {
  static_cast<void>(to.write_all(std::as_bytes(std::span{"+", 1}), patience));
}

}  // namespace

TEST_CASE("a forked child does not keep its dead parent's locks") {
  const scratch_folder folder;
  const auto path = make_file(folder, "control", 0);
  auto told = make_pipe().value();
  auto stay = make_pipe().value();  // The orphan ends when the test does.
  // The parent takes the lock, forks a child that lives on, and is killed.
  const auto parent = fork_child([&] {
    stay.writer.close();
    auto live = liveness::open(path).value();
    if (!live.try_claim(1)) return 1;
    fork_child([&] {
      say(told.writer);
      read_text(stay.reader);
      return 0;
    });
    ::pause();
    return 0;
  });
  told.writer.close();
  REQUIRE(read_text(told.reader, 1) == "+");
  const auto live = liveness::open(path).value();
  REQUIRE(live.is_alive(1, {}));

  kill_and_wait(parent);

  CHECK_FALSE(live.is_alive(1, {}));
  // The orphan still runs: it holds the pipe open.
  std::array<std::byte, 1> into;
  CHECK(told.reader.read_some(into, std::chrono::milliseconds{0}).error() ==
        pipe_error::timeout);
}

TEST_CASE("a forked child can neither take nor drop its parent's locks") {
  const scratch_folder folder;
  const auto path = make_file(folder, "lock", 0);
  auto lock = file_lock::open(path, access::read_write).value();
  REQUIRE(lock.try_lock(1, lock_mode::exclusive));

  CHECK(in_forked_child([&] {
          const bool took = lock.try_lock(2, lock_mode::exclusive);
          lock.unlock(1);
          const bool unsure = lock.held_by_another(9);
          {
            const auto dying = std::move(lock);
          }
          return took ? 1 : unsure ? 0 : 2;
        }) == 0);

  CHECK(file_lock::open(path, access::read_only).value().held_by_another(1));
}

TEST_CASE("a lock's number is not given away in a forked child") {
  const scratch_folder folder;
  auto lock = std::make_unique<file_lock>(
      file_lock::open(make_file(folder, "lock", 0), access::read_write)
          .value());

  CHECK(in_forked_child([&] {
          const int own = ::open("/dev/null", O_RDONLY);
          lock.reset();  // Would close `own` if the number had been free.
          return ::fcntl(own, F_GETFD) >= 0 ? 0 : 1;
        }) == 0);
}

TEST_CASE("a mapping is gone in a forked child and whole in the parent") {
  const scratch_folder folder;
  const auto source =
      file::open(make_file(folder, "data", 4096), access::read_write).value();
  const auto map = mapping::map(source, 4096, access::read_write).value();
  map.data()[0] = std::byte{5};

  const int ended = in_forked_child([&] {
    std::signal(SIGSEGV, SIG_DFL);
    return std::to_integer<int>(
        *const_cast<const volatile std::byte*>(map.data()));
  });

  CHECK(ended == -SIGSEGV);
  CHECK(map.data()[0] == std::byte{5});
}

TEST_CASE("a mapping's end in a forked child leaves the child's memory alone") {
  const scratch_folder folder;
  const auto source =
      file::open(make_file(folder, "data", 4096), access::read_write).value();
  auto map = std::make_unique<mapping>(
      mapping::map(source, 4096, access::read_write).value());

  CHECK(in_forked_child([&] {
          void* const place = map->data();
          auto* const mine = static_cast<volatile char*>(
              ::mmap(place, 4096, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
          map.reset();
          *mine = 'x';  // SIGSEGV if it was unmapped.
          return 0;
        }) == 0);
}

TEST_CASE("callbacks run in the child, in order, unless forgotten") {
  static std::string order;
  order.clear();
  const auto add = [](void* letter) {
    order += *static_cast<const char*>(letter);
  };
  char a = 'a';
  char b = 'b';
  char c = 'c';
  const int first = on_fork_in_child(add, &a);
  const int second = on_fork_in_child(add, &b);
  const int third = on_fork_in_child(add, &c);
  forget_fork_callback(second);

  CHECK(in_forked_child([] { return order == "ac" ? 0 : 1; }) == 0);
  CHECK(order.empty());

  forget_fork_callback(first);
  forget_fork_callback(third);
  CHECK(in_forked_child([] { return order.empty() ? 0 : 1; }) == 0);
}

TEST_CASE("a forked sibling does not hold a lifeline up") {
  auto told = make_pipe().value();
  auto stay = make_pipe().value();  // The sibling ends when the test does.
  const auto parent = fork_child([&] {
    stay.writer.close();
    spawn_options options;
    options.program = child_program();
    options.arguments = {"report_loss"};
    options.inherit = {{"REPORT", told.writer.native()}};
    const auto child = child_process::spawn(options).value();
    auto ready = make_pipe().value();
    fork_child([&] {
      told.writer.close();
      say(ready.writer);
      read_text(stay.reader);
      return 0;
    });
    read_text(ready.reader, 1);
    say(told.writer);
    ::pause();
    return 0;
  });
  told.writer.close();
  REQUIRE(read_text(told.reader, 2) == "++");

  kill_and_wait(parent);

  CHECK(read_text(told.reader) == "lost");
}

TEST_CASE("a forked copy of a child's object kills nobody") {
  auto child = std::make_unique<playing_child>(play({"terminable"}));
  REQUIRE(child->next() == "+");

  REQUIRE(in_forked_child([&] {
            child.reset();
            return 0;
          }) == 0);

  CHECK_FALSE(child->process.try_wait());
  child->process.terminate();
  CHECK(child->process.wait_for(patience) ==
        exit_status{exit_status::kind::exited, 42});
}
