#include <commy/actor/actor.hpp>

#include <catch2/catch_test_macros.hpp>

namespace {

struct animal {};
struct dog : animal {};
struct text {
  text(const char*) noexcept {}
};
struct word {
  operator text() const noexcept { return ""; }
};
struct question {
  using reply = int;
};

class by_value : public commy::actor {
public:
  void on(animal) {}
  void on(text) noexcept {}
};
class by_reference : public commy::actor {
public:
  void on(const animal&) const {}
  // NOLINTNEXTLINE(cppcoreguidelines-rvalue-reference-param-not-moved): unused
  int on(question&&) { return 1; }
};
class by_mutable_reference : public commy::actor {
public:
  void on(animal&) {}
};
class hidden : public commy::actor {
private:
  [[maybe_unused]] void on(animal) {}
};
class wrong_reply : public commy::actor {
public:
  long on(question) { return 1; }
  int on(animal) { return 1; }
};
class derived : public by_value {
public:
  void on(question) {}
};
class derived_using : public by_value {
public:
  using by_value::on;
  commy::task<int> on(question) { co_return 1; }
};

}  // namespace

using commy::handles;

TEST_CASE("a handler takes its message by value, const or rvalue reference") {
  STATIC_CHECK(handles<by_value, animal>);
  STATIC_CHECK(handles<by_reference, animal>);
  STATIC_CHECK(handles<by_reference, question>);
  STATIC_CHECK_FALSE(handles<by_mutable_reference, animal>);
}

TEST_CASE("a handler matches only the exact type of the message") {
  STATIC_CHECK_FALSE(handles<by_value, dog>);
  STATIC_CHECK(handles<by_value, text>);
  STATIC_CHECK_FALSE(handles<by_value, word>);
}

TEST_CASE("a handler that is not public does not count") {
  STATIC_CHECK_FALSE(handles<hidden, animal>);
}

TEST_CASE("a handler returns what its message asks for") {
  STATIC_CHECK_FALSE(handles<wrong_reply, question>);
  STATIC_CHECK_FALSE(handles<wrong_reply, animal>);
}

TEST_CASE("handlers of a base class count when they are named") {
  STATIC_CHECK_FALSE(handles<derived, animal>);
  STATIC_CHECK(handles<derived_using, animal>);
  STATIC_CHECK(handles<derived_using, question>);
}
