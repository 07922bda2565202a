// Objects changed by their descriptors alone, rightly and wrongly.
#include <commy/containers/change_log.hpp>
#include <commy/containers/dynamic_object.hpp>
#include <commy/containers/shared_btree_map.hpp>
#include <commy/containers/shared_btree_set.hpp>
#include <commy/containers/shared_hash_set.hpp>
#include <commy/containers/shared_vec.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <limits>
#include <support/block_trace.hpp>
#include <support/dynamic_faces.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;
using Catch::Matchers::ContainsSubstring;

namespace {

struct part {
  std::int8_t small = 0;
  std::uint32_t count = 0;
  float ratio = 0;
  bool on = false;
  std::array<std::int16_t, 3> row{};
  char label[4] = {};
  friend bool operator==(const part&, const part&) = default;
};
BOOST_DESCRIBE_STRUCT(part, (), (small, count, ratio, on, row, label))

struct id {
  std::int16_t a = 0;
  double b = 0;
  friend bool operator==(const id&, const id&) = default;
};
BOOST_DESCRIBE_STRUCT(id, (), (a, b))

dynamic_value list(dynamic_value::list items) { return {std::move(items)}; }
dynamic_value record(dynamic_value::record fields) {
  return {std::move(fields)};
}
dynamic_value id_of(std::int64_t a, double b) {
  return record({{"a", value_of(a)}, {"b", {b}}});
}
dynamic_value::record good_part() {
  return {{"small", value_of(-128)},
          {"count", {std::uint64_t{4'294'967'295}}},
          {"ratio", {0.5}},
          {"on", {true}},
          {"row", list({value_of(1), value_of(-2), value_of(3)})},
          {"label", value_of("four")}};
}

template <class Outcome>
std::string refusal(const Outcome& outcome) {
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error() == write_error::wrong_type);
  return outcome.error().message();
}

}  // namespace

TEST_CASE("a box takes a record with each of its fields") {
  opened here;
  const auto box = here.make<shared_box<part>>();
  auto seen = here.seen();
  must(seen.assign({good_part()}));
  const part expected{-128, 4'294'967'295U, 0.5F,
                      true, {1, -2, 3},     {'f', 'o', 'u', 'r'}};
  CHECK(must(box.get()) == expected);
  CHECK(must(seen.read()).value == dynamic_value{good_part()});
}

TEST_CASE("what does not fit is refused with the path to it") {
  opened here;
  const auto box = here.make<shared_box<part>>();
  auto seen = here.seen();
  const auto version = seen.version();
  const auto with = [&](const char* field, dynamic_value value) {
    auto fields = good_part();
    for (auto& [name, held] : fields)
      if (name == field) held = std::move(value);
    return refusal(seen.assign({std::move(fields)}));
  };
  CHECK_THAT(with("small", value_of(128)),
             ContainsSubstring(".small: wanted i8, found 128"));
  CHECK_THAT(with("small", value_of(-129)), ContainsSubstring("found -129"));
  CHECK_THAT(with("small", {std::uint64_t{1} << 63U}),
             ContainsSubstring("found 9223372036854775808"));
  CHECK_THAT(with("small", {1.0}), ContainsSubstring("the number 1.0"));
  CHECK_THAT(with("count", value_of(-1)),
             ContainsSubstring(".count: wanted u32, found -1"));
  CHECK_THAT(with("count", value_of("1")),
             ContainsSubstring("found a text of 1 bytes"));
  CHECK_THAT(with("ratio", {1e300}), ContainsSubstring(".ratio: wanted f32"));
  CHECK_THAT(with("on", value_of(1)), ContainsSubstring("wanted a bool"));
  CHECK_THAT(with("row", list({value_of(1)})),
             ContainsSubstring(".row: wanted a list of 3, found a list of 1"));
  CHECK_THAT(with("row", list({value_of(1), {}, value_of(2)})),
             ContainsSubstring(".row[1]: wanted i16, found nothing"));
  CHECK_THAT(with("label", value_of("fives")),
             ContainsSubstring("a text of at most 4 bytes"));
  CHECK_THAT(with("label", {std::string{"a\0b", 3}}),
             ContainsSubstring("found a NUL"));

  auto fields = good_part();
  fields.pop_back();
  CHECK_THAT(refusal(seen.assign({fields})),
             ContainsSubstring(".label: wanted"));
  fields = good_part();
  fields.emplace_back("more", value_of(1));
  CHECK_THAT(refusal(seen.assign({fields})),
             ContainsSubstring(".more: wanted a record {small, count"));
  fields = good_part();
  fields.emplace_back("on", dynamic_value{true});
  CHECK_THAT(refusal(seen.assign({fields})),
             ContainsSubstring(".on: wanted each field once"));
  CHECK_THAT(refusal(seen.assign(value_of(1))),
             ContainsSubstring("the value: wanted a record"));
  // Nothing has happened, not even a transaction.
  CHECK(seen.version() == version);
  CHECK(must(box.get()) == part{});
}

TEST_CASE("each kind of object has its operations and no others") {
  const auto n = value_of(1);
  const auto try_all = [&](dynamic_object seen) {
    std::string can;
    const auto note = [&](char letter, const auto& outcome) {
      if (outcome) can += letter;
      if (!outcome) CHECK(outcome.error() == write_error::wrong_type);
    };
    note('a', seen.insert_or_assign(n, n));
    note('i', seen.insert(n));
    note('I', seen.insert(0, n));
    note('b', seen.push_back(n));
    note('f', seen.push_front(n));
    note('s', seen.set(0, n));
    note('B', seen.pop_back());
    note('F', seen.pop_front());
    note('e', seen.erase(value_of(0)));
    note('c', seen.clear());
    return can;
  };
  opened here;
  auto& home = here.home;
  must(home.create<shared_box<int>>("box"));
  must(home.create<shared_string>("text"));
  must(home.create<shared_vec<int>>("vec"));
  must(home.create<shared_vec_deque<int>>("queue"));
  must((home.create<shared_hash_map<int, int>>("hash_map")));
  must((home.create<shared_btree_map<int, int>>("btree_map")));
  must(home.create<shared_hash_set<int>>("hash_set"));
  must(home.create<shared_btree_set<int>>("btree_set"));
  const auto of = [&](const char* name) {
    return try_all(must(dynamic_object::open(home, name)));
  };
  CHECK(of("box") == "");
  CHECK(of("text") == "c");
  CHECK(of("vec") == "IbsBec");
  CHECK(of("queue") == "bfsBFc");
  CHECK(of("hash_map") == "aec");
  CHECK(of("btree_map") == "aec");
  CHECK(of("hash_set") == "iec");
  CHECK(of("btree_set") == "iec");
  CHECK_THAT(refusal(must(dynamic_object::open(home, "text")).push_back(n)),
             ContainsSubstring("push_back: text has no such"));
}

TEST_CASE("both faces find what the other wrote, whatever the key") {
  opened here;
  auto& home = here.home;
  auto texts = must(home.create<shared_hash_map<shared_string, id>>("texts"));
  auto small = must(home.create<shared_hash_map<std::int8_t, bool>>("small"));
  auto ids = must(home.create<shared_btree_map<id, shared_string>>("ids"));
  auto reals = must(home.create<shared_btree_set<double>>("reals"));
  const auto of = [&](const char* name) {
    return must(dynamic_object::open(home, name));
  };
  CHECK(must(of("texts").insert_or_assign(value_of("a"), id_of(1, 2.5))));
  CHECK_FALSE(must(of("texts").insert_or_assign(value_of("a"), id_of(2, 3))));
  CHECK(must(texts.get("a")) == id{2, 3.0});
  // Integers' keys may be texts, as in what reading shows.
  CHECK(must(of("small").insert_or_assign(value_of(-5), {true})));
  CHECK_FALSE(must(of("small").insert_or_assign(value_of("-5"), {false})));
  CHECK_FALSE(must(small.get(-5)));
  CHECK(must(of("small").get("-5")) == dynamic_value{false});
  CHECK(must(of("small").get(value_of(-5))) == dynamic_value{false});
  CHECK_THAT(refusal(of("small").erase(value_of("128"))),
             ContainsSubstring("key: wanted i8, found '128'"));
  CHECK(of("small").get("128").error() == read_error::absent);
  CHECK(must(of("ids").insert_or_assign(id_of(2, -1), value_of("x"))));
  must(ids.insert(id{1, 5}, "y"));
  CHECK(must(of("ids").get(id_of(1, 5))) == value_of("y"));
  CHECK(must(ids.front()).first == id{1, 5});
  CHECK(must(of("ids").erase(id_of(2, -1))));
  CHECK_FALSE(must(of("ids").erase(id_of(2, -1))));
  for (const double n : {0.5, -0.5, std::numeric_limits<double>::infinity()})
    CHECK(must(of("reals").insert({n})));
  CHECK_FALSE(must(of("reals").insert({0.5})));
  CHECK(must(reals.front()) == -0.5);
  CHECK(trace_blocks(home.engine()->img()).text() == "");
}

TEST_CASE("a whole content is taken in the shape in which it is shown") {
  opened here;
  auto& home = here.home;
  auto ids = must(home.create<shared_btree_map<id, shared_string>>("ids"));
  auto texts = must(home.create<shared_hash_map<shared_string, int>>("texts"));
  const auto copied = [&](const char* name) {
    auto seen = must(dynamic_object::open(home, name));
    const auto content = must(seen.read()).value;
    must(seen.clear());
    CHECK(must(seen.read()).last == 0);
    must(seen.assign(content));
    CHECK(must(seen.read()).value == content);
    return content;
  };
  for (int i = 0; i < 300; ++i) {
    must(ids.insert(id{static_cast<std::int16_t>(i % 7), 0.5 * i}, "t"));
    must(texts.insert(std::to_string(i), i));
  }
  CHECK(std::get<dynamic_value::list>(copied("ids").held).size() == 300);
  auto seen = must(dynamic_object::open(home, "texts"));
  const auto twice = record({{"a", value_of(1)}, {"a", value_of(2)}});
  CHECK_THAT(refusal(seen.assign(twice)), ContainsSubstring("each key once"));
  CHECK_THAT(refusal(seen.assign(list({value_of(1)}))),
             ContainsSubstring("wanted a record of entries"));
  CHECK_THAT(refusal(seen.assign(record({{"a", value_of("b")}}))),
             ContainsSubstring(".a: wanted i32"));
  must(seen.assign(
      list({record({{"key", value_of("k")}, {"value", value_of(9)}})})));
  CHECK(must(texts.copy()).size() == 1);
  CHECK(must(texts.get("k")) == 9);
  CHECK(trace_blocks(home.engine()->img()).text() == "");
}

TEST_CASE("changes by descriptor belong to the open transaction") {
  opened here;
  auto map = here.make<shared_hash_map<int, int>>();
  auto other = must(here.home.create<shared_vec<int>>("vec"));
  auto seen = here.seen();
  auto list_seen = must(dynamic_object::open(here.home, "vec"));
  CHECK_THROWS_AS(
      transact(map, other,
               [&](transaction&) {
                 must(seen.insert_or_assign(value_of(1), value_of(2)));
                 must(list_seen.push_back(value_of(3)));
                 CHECK(must(map.get(1)) == 2);
                 CHECK(must(seen.get("1")) == value_of(2));
                 throw std::runtime_error{"no"};
               }),
      std::runtime_error);
  CHECK(must(map.size()) == 0);
  CHECK(must(other.size()) == 0);
  // What was refused before it began spoils nothing.
  must(transact(map, [&](transaction&) {
    CHECK_FALSE(seen.insert_or_assign(value_of(1), value_of("x")));
    must(seen.insert_or_assign(value_of(5), value_of(6)));
  }));
  CHECK(must(map.get(5)) == 6);
}

TEST_CASE("nested containers are written whole, or by a handle of their own") {
  opened here;
  using words = shared_vec<shared_string>;
  auto map = here.make<shared_hash_map<shared_string, words>>();
  auto seen = here.seen();
  CHECK(must(seen.insert_or_assign(
      value_of("a"), list({value_of("one"), value_of(std::string(99, 'x'))}))));
  CHECK(must(map.get("a")).size() == 2);
  CHECK_THAT(refusal(seen.insert_or_assign(value_of("a"), list({value_of(1)}))),
             ContainsSubstring("[0]: wanted a text, found 1"));
  CHECK_THAT(refusal(seen.insert_or_assign(value_of("a"), value_of("b"))),
             ContainsSubstring("wanted a list"));

  auto nested = must(seen.at(value_of("a")));
  CHECK(nested.type_line() == "vec<text>");
  CHECK(nested.level() == 1);
  must(nested.push_back(value_of("three")));
  must(nested.erase(value_of(0)));
  CHECK(must(map.get("a")) ==
        std::vector<std::string>{std::string(99, 'x'), "three"});
  CHECK(must(nested.read()).value ==
        list({value_of(std::string(99, 'x')), value_of("three")}));
  CHECK(seen.at(value_of("b")).error() == read_error::absent);
  CHECK(nested.at(value_of(0)).error() == read_error::absent);
  must(seen.erase(value_of("a")));
  CHECK(nested.push_back(value_of("x")).error() == write_error::removed);
  CHECK(nested.read().error() == read_error::removed);
  here.home.sweep();
  CHECK(trace_blocks(here.home.engine()->img()).text() == "");
}

TEST_CASE("three levels down a handle still reaches") {
  opened here;
  using inner = shared_vec<id>;
  using middle = shared_btree_map<int, inner>;
  auto deep = here.make<shared_vec<middle>>();
  auto seen = here.seen();
  must(seen.push_back(record({{"7", list({id_of(1, 2)})}, {"-1", list({})}})));
  auto row = must(must(seen.at(value_of(0))).at(value_of("7")));
  CHECK(row.type_line().starts_with("vec<{"));
  must(row.set(0, id_of(3, 4)));
  must(row.push_back(id_of(5, 6)));
  CHECK(must(must(must(deep.at(0)).at(7)).copy()) ==
        std::vector<id>{{3, 4}, {5, 6}});
  must(deep.clear());
  CHECK(row.read().error() == read_error::removed);
}

TEST_CASE("through a mapping for reading nothing is written") {
  opened here;
  here.make<shared_vec<int>>();
  const auto reader =
      must(segment::open_read_only("s", in_folder(here.folder)));
  auto seen = must(dynamic_object::open(reader, "held"));
  CHECK(seen.push_back(value_of(1)).error() == write_error::read_only);
  CHECK(seen.clear().error() == write_error::read_only);
  CHECK(seen.assign(list({})).error() == write_error::read_only);
}

TEST_CASE("a change log tells of changes by descriptor as of others") {
  opened here;
  auto queue = here.make<shared_vec_deque<int>>();
  must(queue.keep_changes(16));
  auto seen = here.seen();
  change_log log{queue};
  must(seen.push_back(value_of(1)));
  must(seen.push_front(value_of(2)));
  must(seen.set(1, value_of(3)));
  must(seen.pop_front());
  must(seen.clear());
  const auto expect = [&](change_kind kind, std::uint64_t index) {
    const auto next = must(log.next(std::chrono::nanoseconds{0}));
    REQUIRE(next);
    CHECK(next->kind() == kind);
    if (kind != change_kind::replaced) CHECK(next->index() == index);
  };
  expect(change_kind::inserted, 0);
  expect(change_kind::inserted, 0);
  expect(change_kind::set, 1);
  expect(change_kind::erased, 0);
  expect(change_kind::replaced, 0);
  CHECK_FALSE(must(log.next(std::chrono::nanoseconds{0})));
}

TEST_CASE("texts in structs, which no program has, are not written") {
  opened here;
  const auto made = memory::create_object(
      *here.home.engine(), "held", "box<{a text@0}:16>",
      [](transaction& txn, memory::root& object) {
        const auto at = txn.take(16);
        for (int w = 0; w < 2; ++w)
          txn.img().word(at + 8ULL * w) = 0;
        object.shape[0] = at;
      },
      true);
  REQUIRE(made);
  CHECK_THAT(refusal(here.seen().assign(record({{"a", value_of("b")}}))),
             ContainsSubstring("no program could store"));
}
