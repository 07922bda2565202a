// Readers beside a writer at full speed.
#include <commy/containers/dynamic_layout.hpp>
#include <commy/containers/dynamic_object.hpp>
#include <commy/memory/vec_block.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>
#include <thread>

using namespace commy;
using namespace commy::test;
using namespace std::chrono_literals;

namespace {

/// Runs `write(round)` in a thread as long as the scope lasts.
class busy_writer {
public:
  template <class Write>
  explicit busy_writer(Write write)
      : thread_{[this, write] {
          for (int i = 0; !stop_.load(); ++i) {
            write(i);
            rounds_.fetch_add(1);
          }
        }} {
    while (rounds_.load() < 10)
      std::this_thread::yield();
  }
  ~busy_writer() {
    stop_ = true;
    thread_.join();
  }
  [[nodiscard]] int rounds() const { return rounds_.load(); }

private:
  std::atomic<bool> stop_{false};
  std::atomic<int> rounds_{0};
  std::thread thread_;
};

/// Repeats `look` for a second, at least a thousand times.
template <class Look>
void for_a_second(Look look) {
  const auto end = std::chrono::steady_clock::now() + 1s;
  for (int i = 0; i < 1000 || std::chrono::steady_clock::now() < end; ++i) {
    for (int n = 0; n < 20; ++n)
      look();
  }
}

struct reader_and_writer {
  test_folder folder;
  segment_options options = in_folder(folder);
  shared_world writer = shared_world::open_or_create("s", options);
  // Through a mapping of its own that cannot be written.
  segment home = must(segment::open_read_only("s", options));
  shared_objects reader = shared_objects::at(home.engine(), writer.where());
};

}  // namespace

TEST_CASE("a key that is always there is never missed") {
  reader_and_writer both;
  auto& w = both.writer;
  must(w.texts.insert(-1, "always"));
  must(w.numbers.insert("a key beyond fifteen bytes", 5));
  const busy_writer writer{[&](int i) {
    // Tables grow, move and shrink; blocks of all sizes come and go.
    must(w.texts.insert_or_assign(
        i % 1000, std::string(static_cast<std::size_t>(i) % 90, 'x')));
    must(w.texts.erase((i + 500) % 1000));
    must(w.numbers.insert_or_assign("key " + std::to_string(i % 300), i));
    must(w.numbers.erase("key " + std::to_string((i + 150) % 300)));
  }};

  for_a_second([&] {
    REQUIRE(must(both.reader.texts.get(-1)) == "always");
    REQUIRE(must(both.reader.numbers.get("a key beyond fifteen bytes")) == 5);
    REQUIRE_FALSE(must(both.reader.texts.contains(-2)));
  });

  CHECK(writer.rounds() > 100);
}

namespace {

/// How often `look` was busy before it was not, over as many looks as a second
/// gives; beyond the limit the writer gets its chance.
template <class Look>
std::vector<int> count_retries(Look look) {
  std::vector<int> retries;
  for_a_second([&] {
    int busy = 0;
    while (look() == memory::lookup::busy) {
      if (++busy % memory::look_limit == 0) std::this_thread::yield();
    }
    retries.push_back(busy);
  });
  std::ranges::sort(retries);
  return retries;
}

void check_retries(const char* what, const std::vector<int>& retries) {
  const auto at = [&](double part) {
    return retries[static_cast<std::size_t>(
        part * static_cast<double>(retries.size() - 1))];
  };
  std::cout << what << ": " << retries.size() << " reads; retries p50 "
            << at(0.5) << ", p99 " << at(0.99) << ", p99.9 " << at(0.999)
            << ", most " << retries.back() << '\n';
  CHECK(at(0.999) <= 64);
}

}  // namespace

TEST_CASE("a read beside a writer at full speed is seldom repeated") {
  reader_and_writer both;
  auto& w = both.writer;
  for (int i = 0; i < 1000; ++i) {
    must(w.texts.insert(i, "short"));
    must(w.ordered.insert(i, "short"));
    must(w.list.push_back({i, i}));
  }
  const auto& img = both.home.engine()->img();
  const auto texts = must(dynamic_object::open(both.home, "texts"));
  const auto ordered = must(dynamic_object::open(both.home, "ordered"));
  const auto list = must(dynamic_object::open(both.home, "list"));
  const busy_writer writer{[&](int i) {
    must(w.texts.insert_or_assign(i % 1000, std::to_string(i)));
    must(w.ordered.insert_or_assign(i % 1000, std::to_string(i)));
    must(w.list.set(static_cast<std::uint64_t>(i) % 1000, {i, i}));
  }};

  const auto found = [](auto...) { return true; };
  std::uint64_t key = 0;
  const memory::hash_table<dynamic_slots> table{
      img, texts.place().root, dynamic_slots::of(texts.type())};
  check_retries("hash map", count_retries([&] {
                  return table.find(texts.place().generation,
                                    {++key % 1000, {}}, found);
                }));
  const dynamic_tree tree{img, ordered.place().root,
                          dynamic_order::of(ordered.type())};
  check_retries("ordered map", count_retries([&] {
                  const int wanted = static_cast<int>(++key % 1000);
                  dynamic_order::key sought;
                  sought.bytes = reinterpret_cast<const std::byte*>(&wanted);
                  return tree.find(ordered.place().generation,
                                   memory::seek::equal, sought, found);
                }));
  const auto shape = memory::vec_block::of(sizeof(sample));
  check_retries("vector", count_retries([&] {
                  return memory::look_at_element(img,
                                                 img.root_at(list.place().root),
                                                 list.place().generation, shape,
                                                 ++key % 1000, false, found);
                }));
  // The worst case: one key that the writer changes all the time.
  check_retries("hash map, one key", count_retries([&] {
                  return table.find(
                      texts.place().generation,
                      {static_cast<std::uint64_t>(writer.rounds()) % 1000, {}},
                      found);
                }));
}

TEST_CASE("a value is read whole, whatever its writer does to it") {
  reader_and_writer both;
  auto& w = both.writer;
  const auto text_of = [](int i) {
    return std::string(static_cast<std::size_t>(i) % 70,
                       static_cast<char>('a' + i % 26));
  };
  must(w.texts.insert(1, text_of(0)));
  must(w.box.set({0, 0, "0"}));
  must(w.queue.push_back({0, 0}));
  const busy_writer writer{[&](int i) {
    must(w.texts.insert_or_assign(1, text_of(i)));
    must(w.text.assign(text_of(i)));
    must(w.box.update([](point& p) {
      p.y += 1;
      p.x = static_cast<double>(p.y);
    }));
    must(w.queue.push_back({i, -i}));
    if (i % 3 != 0) must(w.queue.pop_front());
    if (i % 500 == 499) {
      while (must(w.queue.size()) > 1)
        must(w.queue.pop_front());
    }
  }};
  const auto is_one_letter = [](const std::string& text) {
    return text.find_first_not_of(text.empty() ? 'a' : text[0]) ==
           std::string::npos;
  };

  for_a_second([&] {
    REQUIRE(is_one_letter(must(both.reader.texts.get(1))));
    REQUIRE(is_one_letter(must(both.reader.text.get())));
    const auto box = must(both.reader.box.get());
    REQUIRE(box.x == static_cast<double>(box.y));
    const auto last = must(both.reader.queue.back());
    REQUIRE(last.at == -last.value);
  });

  CHECK(writer.rounds() > 100);
}

TEST_CASE(
    "entries under a guard stand still, and the sum of a transfer holds") {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto w = shared_world::open_or_create("s", options);
  auto other = shared_world::open_or_create("s", options);
  for (int i = 0; i < 50; ++i) {
    must(w.numbers.insert("account " + std::to_string(i), 100));
  }
  const busy_writer writer{[&](int i) {
    must(transact(w.numbers, [&](transaction&) {
      must(w.numbers.update("account " + std::to_string(i % 50),
                            [](std::int64_t& n) { n -= 5; }));
      must(w.numbers.update("account " + std::to_string(i * 7 % 50),
                            [](std::int64_t& n) { n += 5; }));
    }));
  }};

  const auto end = std::chrono::steady_clock::now() + 1s;
  for (int i = 0; i < 20 || std::chrono::steady_clock::now() < end; ++i) {
    std::int64_t sum = 0;
    int entries = 0;
    for (const auto& [name, amount] : must(other.numbers.read())) {
      REQUIRE(name.starts_with("account "));
      sum += amount;
      ++entries;
    }
    REQUIRE(sum == 5000);
    REQUIRE(entries == 50);
  }
}

TEST_CASE("a key that is always there is never missed in an ordered map") {
  reader_and_writer both;
  auto& w = both.writer;
  // Between keys that come and go: nodes split and join on both sides of it.
  must(w.ordered.insert(500, "always"));
  must(w.index.insert("m: a key beyond fifteen bytes"));
  must(w.members.insert(-1));
  const busy_writer writer{[&](int i) {
    // Waves that fill the tree and empty it again.
    const int key = i * 7 % 1000;
    const bool fills = i / 3000 % 2 == 0;
    if (key != 500 && fills) {
      must(w.ordered.insert_or_assign(
          key, std::string(static_cast<std::size_t>(i) % 60, 'x')));
      must(w.index.insert(std::to_string(key) + ": a text of its own block"));
      must(w.members.insert(key));
    } else if (key != 500) {
      must(w.ordered.erase(key));
      must(w.index.erase(std::to_string(key) + ": a text of its own block"));
      must(w.members.erase(key));
    }
    if (i % 2000 == 1999) {
      must(w.ordered.erase_if([](const auto& e) { return e.first != 500; }));
    }
  }};

  for_a_second([&] {
    const auto& r = both.reader;
    REQUIRE(must(r.ordered.get(500)) == "always");
    REQUIRE(must(r.ordered.lower_bound(500)).first == 500);
    REQUIRE(must(r.ordered.last_not_above(500)).second == "always");
    const auto next = r.ordered.upper_bound(499);
    REQUIRE(must(next).first == 500);
    REQUIRE(must(r.index.contains("m: a key beyond fifteen bytes")));
    REQUIRE_FALSE(must(r.index.contains("m")));
    REQUIRE(must(r.members.contains(-1)));
    REQUIRE_FALSE(must(r.members.contains(-2)));
  });

  CHECK(writer.rounds() > 100);
}

TEST_CASE("an element is read whole from a vector that grows and moves") {
  reader_and_writer both;
  auto& w = both.writer;
  must(w.list.push_back({1, -1}));
  must(w.words.push_back("aaa"));
  const auto word_of = [](int i) {
    return std::string(static_cast<std::size_t>(i) % 50,
                       static_cast<char>('a' + i % 26));
  };
  const busy_writer writer{[&](int i) {
    must(w.list.push_back({i, -i}));
    must(w.list.set(static_cast<std::uint64_t>(i) % 50, {i, -i}));
    must(w.words.push_back(word_of(i)));
    if (i % 5 == 0) must(w.words.insert(1, word_of(i)));
    if (i % 400 == 399) {
      must(w.list.erase(1, 1'000'000));
      must(w.words.resize(1));
      must(w.words.shrink_to_fit());
    }
  }};
  const auto is_one_letter = [](const std::string& text) {
    return text.find_first_not_of(text.empty() ? 'a' : text[0]) ==
           std::string::npos;
  };

  std::uint64_t at = 0;
  for_a_second([&] {
    const auto first = must(both.reader.list.get(0));
    REQUIRE(first.at == -first.value);
    const auto some = both.reader.list.get(++at % 300);
    if (some) {
      REQUIRE(some->at == -some->value);
    } else {
      REQUIRE(some.error() == read_error::absent);
    }
    const auto word = both.reader.words.get(at % 300);
    if (word) {
      REQUIRE(is_one_letter(*word));
    } else {
      REQUIRE(word.error() == read_error::absent);
    }
  });

  CHECK(writer.rounds() > 100);
}

TEST_CASE("a long transaction disturbs no reader of other elements") {
  reader_and_writer both;
  auto& w = both.writer;
  std::vector<sample> many(10'000);
  for (int i = 0; i < 10'000; ++i)
    many[static_cast<std::size_t>(i)] = {i, -i};
  must(w.list.append(many));
  // A vector that moves is busy as a whole.
  must(w.list.reserve(20'000));
  for (int i = 0; i < 2000; ++i)
    must(w.ordered.insert(i, "v"));
  both.reader.set_patience(0s);

  must(transact(w.list, w.ordered, [&](transaction&) {
    must(w.list.set(0, {7, 7}));
    must(w.list.push_back({7, 7}));
    must(w.ordered.insert_or_assign(0, "open"));
    // Not even a wait: what they look at is not being written.
    CHECK(must(both.reader.list.get(5000)).at == 5000);
    CHECK(must(both.reader.ordered.get(1999)) == "v");
    CHECK(both.reader.list.get(1).error() == read_error::busy);
    CHECK(both.reader.ordered.get(0).error() == read_error::busy);
    // The writer sees what it wrote.
    CHECK(must(w.list.get(0)) == sample{7, 7});
    CHECK(must(w.ordered.get(0)) == "open");
  }));
  CHECK(must(both.reader.list.get(0)) == sample{7, 7});
}
