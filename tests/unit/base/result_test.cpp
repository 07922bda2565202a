#include <commy/base/result.hpp>

#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <string>

namespace {

enum class lunch_error { closed, sold_out };

std::string_view describe(lunch_error error) {
  return error == lunch_error::closed ? "the kitchen is closed; come at noon"
                                      : "everything is eaten; order sooner";
}

commy::result<int, lunch_error> eat(bool open) {
  if (!open) return commy::unexpected{lunch_error::closed, "canteen 4"};
  return 1;
}

}  // namespace

TEST_CASE("a result with a value gives the value") {
  const auto eaten = eat(true);

  REQUIRE(eaten);
  CHECK(*eaten == 1);
  CHECK(eaten.value() == 1);
}

TEST_CASE("a failure says where, what and what to do in one sentence") {
  const auto eaten = eat(false);

  REQUIRE_FALSE(eaten);
  CHECK(eaten.error() == lunch_error::closed);
  CHECK(eaten.error().message() ==
        "canteen 4: the kitchen is closed; come at noon");
}

TEST_CASE("a failure shows both sides of a mismatch") {
  commy::failure_detail detail;
  detail.wanted = 2;
  detail.found = 1;

  const commy::failure why{lunch_error::sold_out, detail};

  CHECK(why.message() ==
        "everything is eaten; order sooner (wanted 2, found 1)");
}

TEST_CASE("value() of a failure throws its sentence") {
  std::string said;
  try {
    static_cast<void>(eat(false).value());
  } catch (const commy::bad_result& thrown) {
    said = thrown.what();
  }

  CHECK(said == eat(false).error().message());
}

TEST_CASE("a result may hold what can only be moved") {
  commy::result<std::unique_ptr<int>, lunch_error> made{
      std::make_unique<int>(7)};

  const auto taken = std::move(made).value();

  CHECK(*taken == 7);
}

TEST_CASE("a result of nothing is success or a failure") {
  const commy::result<void, lunch_error> fine;
  const commy::result<void, lunch_error> bad{
      commy::unexpected{lunch_error::sold_out}};

  CHECK(fine);
  CHECK_FALSE(bad);
  CHECK(bad.error() == lunch_error::sold_out);
}
