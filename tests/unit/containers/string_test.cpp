// One shared text.
#include <catch2/catch_test_macros.hpp>

#include <stdexcept>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;
using namespace std::chrono_literals;

namespace {

struct opened {
  test_folder folder;
  segment home = must(segment::create("s", in_folder(folder)));
  shared_string text = must(home.create<shared_string>("text", "short"));
};

}  // namespace

TEST_CASE("a text is edited as a std::string") {
  opened here;
  must(here.text.update([](std::string& text) {
    text.insert(0, "a ");
    text.append(100, '!');
  }));
  CHECK(must(here.text.get()) == "a short" + std::string(100, '!'));
  must(here.text.update([](std::string& text) { text.resize(3); }));
  CHECK(must(here.text.get()) == "a s");
  CHECK_THROWS_AS(here.text.update([](std::string& text) {
    text = "x";
    throw std::runtime_error{"no"};
  }),
                  std::runtime_error);
  CHECK(must(here.text.get()) == "a s");
}

TEST_CASE("a text is exchanged for the expected one only") {
  opened here;
  const auto version = here.text.version();
  CHECK_FALSE(must(here.text.compare_exchange("shor", "other")));
  CHECK(here.text.version() == version);
  CHECK(must(here.text.compare_exchange("short", "other")));
  CHECK_FALSE(must(here.text.compare_exchange("short", "third")));
  CHECK(must(here.text.get()) == "other");
}

TEST_CASE("a text is read in place, and stays as long as it is looked at") {
  opened here;
  for (const std::string said : {"", "short", "a text beyond fifteen bytes"}) {
    must(here.text.assign(said));
    auto seen = must(here.text.read());
    CHECK(seen.text() == said);
    // Also where it has been moved to.
    const auto moved = std::move(seen);
    CHECK(std::string_view{moved} == said);
    auto other = must(segment::open("s", in_folder(here.folder)));
    auto theirs = must(other.open<shared_string>("text"));
    theirs.set_patience(1ms);
    CHECK(theirs.assign("no").error() == write_error::guard_timeout);
    CHECK(here.text.assign("no").error() == write_error::guarded_by_self);
    CHECK(moved.text() == said);
  }
  must(here.text.assign("now"));
}
