#include "../../unit/host/read_manifest.hpp"
#include "two_processes.hpp"
#include <commy/host/runtime.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>

namespace commy::test {
namespace {

class adder : public actor {
public:
  using protocol = messages<add>;
  std::int64_t on(add m) { return total_ += m.amount; }

private:
  std::int64_t total_ = 0;
};

/// Passes on the news of its end.
class heir : public actor {
public:
  heir(address<add> whom, outbox<stopped> news) : news_{std::move(news)} {
    watch(this, whom);
  }
  void on(const stopped& s) { news_.push(s); }

private:
  outbox<stopped> news_;
};

/// A host without modules that has joined the segment "mail".
struct host_of {
  runtime rt;
  segment shared;

  host_of(const test_folder& folder, const std::string& tenant)
      : rt{runtime::start(*read_manifest(R"({"name": "host", "tenant": ")" +
                                         tenant + R"("})")
                               .value,
                          {}, {.segment_folder = folder.path()})
               .value()},
        shared{segment::open("mail", in_folder(folder)).value()} {
    rt.join(shared).value();
  }
};

}  // namespace

TEST_CASE("two runtimes of one process and a third process reach each other") {
  test_folder folder;
  const auto made = segment::create("mail", in_folder(folder)).value();
  host_of one{folder, "one"};
  host_of two{folder, "two"};
  const auto here = one.rt.spawn<adder>("adder");
  one.rt.publish("sums", here).value();
  const auto there = two.rt.wait_for<add>(two.shared, "sums", soon()).value();
  CHECK(two.rt.ask(there, add{2}, patience).value() == 2);
  CHECK(one.rt.ask(here, add{3}, patience).value() == 5);
  // One's own name leads to the actor itself.
  const auto own = one.rt.find<add>(one.shared, "sums").value();
  CHECK(own == address<add>{here});
  // Joined once is joined.
  CHECK(one.rt.join(one.shared).error() == inbox_error::already_open);
  CHECK(two.rt.publish("sums", two.rt.spawn<adder>("adder")).error() ==
        inbox_error::name_taken);
  // When the one stops, who watches there is told, and asks are answered so.
  outbox<stopped> news;
  two.rt.spawn<heir>("heir", there, news);
  CHECK(two.rt.ask(there, add{1}, patience).value() == 6);
  CHECK(one.rt.stop().late.empty());
  const auto end = news.next();
  REQUIRE(end);
  CHECK(end->reasons.empty());
  const auto after = two.rt.ask(there, add{1}, for_ever);
  REQUIRE_FALSE(after);
  CHECK(after.error() == ask_error::receiver_stopped);
}

}  // namespace commy::test
