// A segment that one compiler made, read and changed by what another built.
#include <commy/containers/shared_btree_map.hpp>
#include <commy/containers/shared_btree_set.hpp>
#include <commy/containers/shared_hash_set.hpp>
#include <commy/containers/shared_vec.hpp>

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <limits>
#include <map>
#include <set>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;
namespace fs = std::filesystem;

namespace {

struct id {
  std::int16_t a = 0;
  double b = 0;
  friend auto operator<=>(const id&, const id&) = default;
};
BOOST_DESCRIBE_STRUCT(id, (), (a, b))

using texts_map = shared_hash_map<shared_string, std::int64_t>;
using small_map = shared_hash_map<std::int16_t, shared_string>;
using members_set = shared_hash_set<std::uint64_t>;
using ids_map = shared_btree_map<id, shared_string>;
using words_set = shared_btree_set<shared_string>;
using reals_set = shared_btree_set<double>;
using groups_map = shared_hash_map<int, shared_vec<shared_string>>;

std::string word(int i) {
  // Inside a cell, in a block, and with bytes that a signed char would order
  // elsewhere.
  return (i % 3 == 0 ? "\xc3\xa4" : "") + std::to_string(i * 7919 % 1000) +
         (i % 2 == 0 ? "" : " and more than fifteen bytes");
}
std::uint64_t member(int i) {
  return std::uint64_t{0x9e37'79b9'7f4a'7c15U} * static_cast<unsigned>(i);
}
double real(int i) {
  return i == 0 ? -std::numeric_limits<double>::infinity() : (i - 20) * 0.3;
}
id id_of(int i) {
  return {static_cast<std::int16_t>(i % 5 - 2), (i * 37 % 50 - 25) * 0.5};
}
constexpr int count = 50;

void fill(segment& home) {
  auto texts = must(home.create<texts_map>("texts"));
  auto small = must(home.create<small_map>("small"));
  auto members = must(home.create<members_set>("members"));
  auto ids = must(home.create<ids_map>("ids"));
  auto words = must(home.create<words_set>("words"));
  auto reals = must(home.create<reals_set>("reals"));
  auto groups = must(home.create<groups_map>("groups"));
  auto list = must(home.create<shared_vec<sample>>("list"));
  auto queue = must(home.create<shared_vec_deque<sample>>("queue"));
  auto kept = must(home.create<shared_vec<sample>>("kept"));
  auto lent = must(try_loan<sample>(home, count));
  std::ranges::copy(lent_samples(count), lent.data());
  must(kept.assign(std::move(lent)));
  must(home.create<shared_box<point>>("box", point{0.1, -3, "golden"}));
  for (int i = 0; i < count; ++i) {
    must(texts.insert(word(i), i));
    must(small.insert(static_cast<std::int16_t>(-700 * i), word(i)));
    must(members.insert(member(i)));
    must(ids.insert_or_assign(id_of(i), word(i)));
    must(words.insert(word(i)));
    must(reals.insert(real(i)));
    must(list.push_back({i, -i}));
    must(queue.push_front({i, i}));
  }
  for (int i = 0; i < 5; ++i)
    must(groups.insert(i, std::vector<std::string>{word(i), word(i + 1)}));
}

void check(const segment& home) {
  const auto texts = must(home.open<texts_map>("texts"));
  const auto small = must(home.open<small_map>("small"));
  const auto members = must(home.open<members_set>("members"));
  std::map<id, std::string> ids;
  std::set<std::string> words;
  std::set<double> reals;
  for (int i = 0; i < count; ++i) {
    CAPTURE(i);
    CHECK(must(texts.get(word(i))) == i);
    CHECK(must(small.get(static_cast<std::int16_t>(-700 * i))) == word(i));
    CHECK(must(members.contains(member(i))));
    ids[id_of(i)] = word(i);
    words.insert(word(i));
    reals.insert(real(i));
  }
  CHECK(must(texts.size()) == count);
  CHECK(must(must(home.open<ids_map>("ids")).copy()) ==
        std::vector<std::pair<id, std::string>>(ids.begin(), ids.end()));
  CHECK(must(must(home.open<words_set>("words")).copy()) ==
        std::vector<std::string>(words.begin(), words.end()));
  CHECK(must(must(home.open<reals_set>("reals")).copy()) ==
        std::vector<double>(reals.begin(), reals.end()));
  for (const auto& [key, text] : ids)
    CHECK(must(must(home.open<ids_map>("ids")).get(key)) == text);
  for (const auto& text : words)
    CHECK(must(must(home.open<words_set>("words")).contains(text)));
  CHECK(must(must(home.open<shared_vec<sample>>("list")).get(7)) ==
        sample{7, -7});
  CHECK(must(must(home.open<shared_vec<sample>>("kept")).copy()) ==
        lent_samples(count));
  CHECK(must(must(home.open<shared_vec_deque<sample>>("queue")).front()) ==
        sample{count - 1, count - 1});
  CHECK(must(must(home.open<shared_box<point>>("box")).get()) ==
        point{0.1, -3, "golden"});
  CHECK(must(must(home.open<groups_map>("groups")).get(4)) ==
        std::vector<std::string>{word(4), word(5)});
}

memory::geometry golden_sizes() {
  auto sizes = small_geometry();
  sizes.capacity = 16ULL * sizes.chunk_bytes;
  return sizes;
}

}  // namespace

TEST_CASE("a segment made by another compiler hashes and orders as our own") {
  const test_folder folder;
  fs::create_directories(folder / "s");
  for (const std::string file : {"data", "control"})
    fs::copy_file(fs::path{COMMY_GOLDEN} / file, folder / ("s/" + file));
  const auto options = in_folder(folder);
  CHECK(must(segment::check("s", fsck_mode::check, options)).text() == "");
  {
    auto home = must(segment::open("s", options));
    check(home);
    // And what this program adds is found beside the rest.
    auto texts = must(home.open<texts_map>("texts"));
    auto words = must(home.open<words_set>("words"));
    for (int i = count; i < 2 * count; ++i) {
      must(texts.insert_or_assign("later " + word(i), i));
      must(words.insert("later " + word(i)));
    }
    for (int i = count; i < 2 * count; ++i) {
      CHECK(must(texts.get("later " + word(i))) == i);
      must(texts.erase("later " + word(i)));
      must(words.erase("later " + word(i)));
    }
    check(home);
  }
  CHECK(must(segment::check("s", fsck_mode::check, options)).text() == "");
}

TEST_CASE("a segment of today is the one that the image was made of") {
  const test_folder folder;
  const auto sizes = golden_sizes();
  auto home = must(segment::create("s", in_folder(folder, &sizes)));
  fill(home);
  check(home);
}

// To be run once after each change of the layout: `golden_test
// "[make-golden]"`.
TEST_CASE("the golden image is made anew", "[.make-golden]") {
  const test_folder folder;
  const auto sizes = golden_sizes();
  {
    auto home = must(segment::create("s", in_folder(folder, &sizes)));
    fill(home);
  }
  fs::create_directories(COMMY_GOLDEN);
  for (const std::string file : {"data", "control"}) {
    fs::copy_file(folder / ("s/" + file), fs::path{COMMY_GOLDEN} / file,
                  fs::copy_options::overwrite_existing);
  }
}
