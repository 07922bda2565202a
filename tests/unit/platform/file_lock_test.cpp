#include "child.hpp"
#include "scratch.hpp"
#include <commy/platform/file_lock.hpp>

#include <catch2/catch_test_macros.hpp>

#include <thread>

using namespace commy::platform;

namespace {

file_lock open_lock(const std::string& path,
                    commy::platform::access mode = access::read_write) {
  return file_lock::open(path, mode).value();
}

}  // namespace

TEST_CASE("two descriptions of one process exclude each other") {
  const scratch_folder folder;
  const auto path = make_file(folder, "lock", 0);
  auto one = open_lock(path);
  auto two = open_lock(path);

  CHECK(one.try_lock(3, lock_mode::exclusive));
  CHECK(one.try_lock(3, lock_mode::exclusive));
  CHECK_FALSE(two.try_lock(3, lock_mode::exclusive));
  CHECK_FALSE(two.try_lock(3, lock_mode::shared));
  CHECK(two.try_lock(4, lock_mode::exclusive));
  one.unlock(3);
  CHECK(two.try_lock(3, lock_mode::exclusive));
}

TEST_CASE("closing another description of the file keeps the lock") {
  const scratch_folder folder;
  const auto path = make_file(folder, "lock", 0);
  auto holder = open_lock(path);
  REQUIRE(holder.try_lock(3, lock_mode::exclusive));

  {
    const auto passing = open_lock(path);
  }
  {
    const auto reading = file::open(path, access::read_only).value();
  }

  CHECK(open_lock(path).held_by_another(3));
}

TEST_CASE("many share what nobody holds alone") {
  const scratch_folder folder;
  const auto path = make_file(folder, "lock", 0);
  auto one = open_lock(path);
  auto two = open_lock(path, access::read_only);

  CHECK(one.try_lock(0, lock_mode::shared));
  CHECK(two.try_lock(0, lock_mode::shared));
  CHECK_FALSE(one.try_lock(0, lock_mode::exclusive));
  two.unlock(0);
  CHECK(one.try_lock(0, lock_mode::exclusive));
}

TEST_CASE("a failed upgrade keeps the shared lock") {
  const scratch_folder folder;
  const auto path = make_file(folder, "lock", 0);
  auto one = open_lock(path);
  auto two = open_lock(path);
  REQUIRE(one.try_lock(0, lock_mode::shared));
  REQUIRE(two.try_lock(0, lock_mode::shared));

  REQUIRE_FALSE(one.try_lock(0, lock_mode::exclusive));
  two.unlock(0);

  CHECK_FALSE(two.try_lock(0, lock_mode::exclusive));
}

TEST_CASE("a holder is seen by others, not by itself, again and again") {
  const scratch_folder folder;
  const auto path = make_file(folder, "lock", 0);
  auto holder = open_lock(path);
  auto other = open_lock(path);
  const auto reader = open_lock(path, access::read_only);
  REQUIRE(holder.try_lock(5, lock_mode::exclusive));

  // More than once: the kernel refuses a question that is asked with its own
  // last answer, and a refusal must not be taken for a holder.
  for (int i = 0; i < 3; ++i) {
    CHECK(other.held_by_another(5));
    CHECK(reader.held_by_another(5));
    CHECK_FALSE(holder.held_by_another(5));
    CHECK_FALSE(other.held_by_another(6));
  }
  holder.unlock(5);
  REQUIRE(other.try_lock(5, lock_mode::shared));
  CHECK(holder.held_by_another(5));
  CHECK_FALSE(other.held_by_another(5));
}

TEST_CASE("a wait for a lock ends at its deadline") {
  const scratch_folder folder;
  const auto path = make_file(folder, "lock", 0);
  auto holder = open_lock(path);
  auto waiter = open_lock(path);
  REQUIRE(holder.try_lock(1, lock_mode::exclusive));
  const auto start = std::chrono::steady_clock::now();

  CHECK_FALSE(waiter.lock_for(1, lock_mode::exclusive, 20));

  CHECK(std::chrono::steady_clock::now() - start >=
        std::chrono::milliseconds{20});
}

TEST_CASE("a waiter gets the lock when the holder lets go") {
  const scratch_folder folder;
  const auto path = make_file(folder, "lock", 0);
  auto holder = open_lock(path);
  auto waiter = open_lock(path);
  REQUIRE(holder.try_lock(1, lock_mode::exclusive));

  std::jthread letting_go{[&] { holder.unlock(1); }};

  CHECK(waiter.lock_for(1, lock_mode::exclusive, 30'000));
}

TEST_CASE("a killed process holds no lock") {
  const scratch_folder folder;
  const auto path = make_file(folder, "lock", 0);
  auto waiter = open_lock(path);
  auto child = play({"hold_byte", path});
  REQUIRE(child.next() == "+");
  REQUIRE(waiter.held_by_another(7));

  child.process.kill();

  CHECK(waiter.lock_for(7, lock_mode::exclusive, 30'000));
}

TEST_CASE("shared locks of two processes stop a third's exclusive one") {
  const scratch_folder folder;
  const auto path = make_file(folder, "lock", 0);
  auto own = open_lock(path);
  auto child = play({"hold_shared", path});
  REQUIRE(child.next() == "+");

  CHECK(own.try_lock(7, lock_mode::shared));
  CHECK_FALSE(own.try_lock(7, lock_mode::exclusive));
  child.process.kill();
  CHECK(own.lock_for(7, lock_mode::exclusive, 30'000));
}

TEST_CASE("a lock on a missing file says so") {
  const scratch_folder folder;
  CHECK(file_lock::open(folder / "missing", access::read_write).error() ==
        file_error::not_found);
}
