// Objects read by their descriptors alone, beside their typed handles.
#include <commy/containers/dynamic_object.hpp>
#include <commy/containers/shared_btree_map.hpp>
#include <commy/containers/shared_btree_set.hpp>
#include <commy/containers/shared_hash_set.hpp>
#include <commy/containers/shared_vec.hpp>

#include <catch2/catch_test_macros.hpp>

#include <limits>
#include <support/dynamic_faces.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;

namespace {

struct id {
  std::int16_t a = 0;
  double b = 0;
  friend bool operator==(const id&, const id&) = default;
};
BOOST_DESCRIBE_STRUCT(id, (), (a, b))

dynamic_value number(std::int64_t n) { return {n}; }
dynamic_value text(const char* of) { return {std::string{of}}; }
dynamic_value list(dynamic_value::list items) { return {std::move(items)}; }
dynamic_value record(dynamic_value::record fields) {
  return {std::move(fields)};
}

}  // namespace

TEST_CASE("a vector is seen as a list, or a part of it") {
  opened here;
  auto vec = here.make<shared_vec<std::int16_t>>();
  must(vec.append(std::vector<std::int16_t>{5, -6, 7}));
  const auto seen = here.seen();

  CHECK(seen.type_line() == "vec<i16>");
  const auto all = must(seen.read());
  CHECK(all.last == 3);
  CHECK(all.value == list({number(5), number(-6), number(7)}));
  CHECK(must(seen.read({1, 1})).value == list({number(-6)}));
}

TEST_CASE("sets are seen as lists") {
  opened here;
  auto set = here.make<shared_btree_set<shared_string>>();
  must(set.bulk_load(std::vector<std::string>{"b", "a"}));
  CHECK(here.seen().type_line() == "btree_set<text>");
  CHECK(must(here.seen().read()).value == list({text("a"), text("b")}));

  opened there;
  auto hashed = there.make<shared_hash_set<std::int32_t>>();
  must(hashed.insert(-3));
  CHECK(must(there.seen().read()).value == list({number(-3)}));
}

TEST_CASE("an ordered map is seen in order, and asked for a key") {
  opened here;
  auto map = here.make<shared_btree_map<std::int32_t, shared_string>>();
  for (int i = 200; i >= -200; --i)
    must(map.insert(i, "v" + std::to_string(i)));
  const auto seen = here.seen();

  const auto some = must(seen.read({0, 2})).value;
  CHECK(some == record({{"-200", text("v-200")}, {"-199", text("v-199")}}));
  CHECK(must(seen.get("-7")) == text("v-7"));
  CHECK(seen.get("201").error() == read_error::absent);
  CHECK(seen.get("x").error() == read_error::absent);
}

TEST_CASE("keys that are structs are seen beside their values") {
  opened here;
  auto map = here.make<shared_btree_map<id, std::int8_t>>();
  must(map.insert({1, 0.5}, 9));

  const auto all = must(here.seen().read()).value;

  const auto key = record({{"a", number(1)}, {"b", {0.5}}});
  CHECK(all == list({record({{"key", key}, {"value", number(9)}})}));
}

TEST_CASE("the dynamic face orders keys as the typed one") {
  const auto type =
      type_tree::parse("btree_set<" + memory::type_line<id>() + ">");
  REQUIRE(type);
  const auto& key = type->parameters[0];
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  const id ids[] = {{-1, 0}, {0, -0.0}, {0, 0.0}, {0, 1}, {1, -1}, {1, nan}};
  for (const auto& a : ids) {
    for (const auto& b : ids) {
      const auto typed = memory::compare_plain(a, b);
      const auto dynamic =
          compare_values(key, reinterpret_cast<const std::byte*>(&a),
                         reinterpret_cast<const std::byte*>(&b));
      CHECK((typed < 0) == (dynamic < 0));
      CHECK((typed > 0) == (dynamic > 0));
      CHECK((typed < 0) == (&a < &b));
    }
  }
}
