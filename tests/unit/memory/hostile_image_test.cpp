// Damaged and hostile images: errors, never a crash or a loop without end.
#include <commy/containers/dynamic_object.hpp>
#include <commy/memory/fsck.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <iostream>
#include <random>
#include <support/segment_copy.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;
using namespace commy::memory;
using namespace std::chrono_literals;

namespace {

constexpr const char* names[] = {"texts", "numbers", "queue",  "box",
                                 "text",  "list",    "words",  "ordered",
                                 "index", "members", "groups", "deep"};

segment_bytes bytes_of(const image& img) {
  return {
      {img.bytes(0), img.bytes(0) + img.committed()},
      {img.control_bytes(0), img.control_bytes(0) + img.control_committed()}};
}

/// Images as a gateway may find them: at rest, and with a writer that died in
/// the middle of a transaction over several objects.
std::vector<segment_bytes> some_images(const geometry& sizes) {
  const test_folder folder;
  auto w = shared_world::open_or_create("s", in_folder(folder, &sizes));
  for (int i = 0; i < 20; ++i) {
    must(w.texts.insert_or_assign(
        i, std::string(static_cast<std::size_t>(i * 5), 't')));
    must(w.numbers.insert_or_assign("number " + std::to_string(i * 1000'000),
                                    i));
    must(w.queue.push_back({i, i}));
    must(w.list.push_back({i, i}));
    must(w.words.push_back(std::string(static_cast<std::size_t>(i), 'w')));
    must(w.ordered.insert(i, std::string(static_cast<std::size_t>(i), 'o')));
    must(w.index.insert("a word beyond fifteen " + std::to_string(i)));
    must(w.members.insert(i));
    must(w.groups.insert(i, std::vector<std::string>{"x"}));
  }
  must(w.deep.insert(7, {{1, {{1, 1}}}, {2, {{2, 2}, {3, 3}}}}));
  must(w.text.assign(std::string(3000, 'r')));
  w.take_bare(100);
  w.take_loan();
  w.lend_some(5000, 3);
  w.loans.pop_back();  // Its run stays with it.
  w.lend_some(9000, 1);
  std::vector<segment_bytes> found;
  found.push_back(bytes_of(w.home.engine()->img()));
  try {
    w.together([&] {
      must(w.texts.erase(3));
      must(w.texts.insert_or_assign(100, std::string(700, 'n')));
      must(w.numbers.erase("number 5000000"));
      must(w.queue.push_back({5, 5}));
      must(w.box.update([](point& p) { p.y = 9; }));
      found.push_back(bytes_of(w.home.engine()->img()));
      throw std::runtime_error{"enough"};
    });
  } catch (const std::runtime_error& planned) {
    static_cast<void>(planned);
  }
  return found;
}

/// Ways to spoil an image; each was chosen to reach other code.
class spoiler {
public:
  spoiler(std::uint64_t seed, const geometry& sizes)
      : random_{seed}, sizes_{sizes} {}

  void spoil(segment_bytes& image) {
    switch (below(6)) {
      case 0:
        return flip(image.data, 1 + below(64));
      case 1:
        return flip(image.control, 1 + below(64));
      case 2:  // Page and block words.
        for (auto n = 1 + below(8); n-- > 0;) {
          const auto page = below(image.data.size() / sizes_.page_bytes);
          put(image.data, page * sizes_.page_bytes + 8 * below(64), word());
        }
        return put(image.data, page_words_at + 8 * below(64), word());
      case 3: {  // Lanes and their journals.
        const auto from = extents_at(sizes_);
        const auto room = (image.control.size() - from) / 8;
        for (auto n = 1 + below(32); n-- > 0;)
          put(image.control, from + 8 * below(room), word());
        return;
      }
      case 4:  // Any words.
        for (auto n = 1 + below(256); n-- > 0;)
          put(image.data, 8 * below(image.data.size() / 8), word());
        return;
      default:  // Everything but a few words.
        for (std::size_t at = 0; at + 8 <= image.data.size(); at += 8)
          if (below(8) != 0) put(image.data, at, word());
        for (std::size_t at = 0; at + 8 <= image.control.size(); at += 8)
          if (below(8) != 0) put(image.control, at, word());
    }
  }

private:
  std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : random_() % n; }
  /// Numbers that checks are written against.
  std::uint64_t word() {
    const auto place = below(sizes_.capacity + 4096);
    switch (below(8)) {
      case 0:
        return random_();
      case 1:
        return place;
      case 2:
        return place & ~std::uint64_t{4095};
      case 3:
        return below(16) << 60U | below(8) << 48U | below(4);
      case 4:
        return below(8) << 60U | below(8) << 48U | below(4) << 24U | below(300);
      case 5:
        return below(8) << 56U | below(70) << 48U | place;
      case 6:
        return ~below(64);
      default:
        return below(64);
    }
  }
  static void put(std::vector<std::byte>& into, std::uint64_t at,
                  std::uint64_t value) {
    if (at + 8 <= into.size()) std::memcpy(into.data() + at, &value, 8);
  }
  void flip(std::vector<std::byte>& in, std::uint64_t bits) {
    while (bits-- > 0)
      in[below(in.size())] ^= static_cast<std::byte>(1U << below(8));
  }

  std::mt19937_64 random_;
  const geometry& sizes_;
};

/// As the gateway reads: by name and descriptor, through a mapping that cannot
/// be written. Returns how many answers were errors.
std::uint64_t read_all(segment_copy& copy) {
  const auto reader = copy.attach(false);
  reader->set_patience(0s);
  std::uint64_t errors = 0;
  const auto count = [&](const auto& answer) { errors += answer ? 0 : 1; };
  count(list_objects(*reader));
  for (const auto* const name : names) {
    auto object = dynamic_object::open(reader, name);
    count(object);
    if (!object) continue;
    object->set_patience(0s);
    count(object->read());
    count(object->get("number 5000000"));
    count(object->get("7"));
  }
  return errors;
}

/// Changes every object by its descriptor, in bytes that a sweep left as they
/// are. Returns how many answers were errors.
std::uint64_t write_all(segment_copy& copy) {
  std::uint64_t errors = 0;
  std::shared_ptr<engine> writer;
  try {
    writer = copy.attach(true);
  } catch (const std::exception&) {
    return 1;  // No slot, no lane, poisoned.
  }
  writer->set_patience(0s);
  const auto count = [&](const auto& answer) { errors += answer ? 0 : 1; };
  std::vector<loan_block> lent;
  for (const std::uint64_t bytes : {100U, 5000U, 5000U, 9000U, 40'000U}) {
    auto made = loan_block::take(writer, bytes, 1);
    count(made);
    if (!made) continue;
    std::memset(made->data(), 0x55, made->bytes());
    lent.push_back(std::move(*made));
  }
  const dynamic_value seven{std::int64_t{7}};
  const dynamic_value text{std::string{"a text beyond fifteen bytes"}};
  for (const auto* const name : names) {
    auto object = dynamic_object::open(writer, name);
    if (!object) continue;
    object->set_patience(0s);
    count(object->erase(seven));
    count(object->insert(seven));
    count(object->insert(text));
    count(object->insert_or_assign(seven, text));
    count(object->insert_or_assign(text, seven));
    count(object->push_back(text));
    count(object->pop_back());
    count(object->pop_front());
    const auto content = object->read();
    count(content);
    if (content) count(object->assign(content->value));
    if (const auto nested = object->at(seven)) {
      auto below = *nested;
      count(below.push_back(text));
      count(below.clear());
    }
    count(object->clear());
  }
  return errors;
}

std::uint64_t image_count() {
  // Set to 100000 for the long form. Under sanitizers an image costs more than
  // tenfold.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  constexpr std::uint64_t usual = 2'500;
#else
  constexpr std::uint64_t usual = 20'000;
#endif
  const auto* const wanted = std::getenv("COMMY_HOSTILE_IMAGES");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : usual;
}

}  // namespace

TEST_CASE("a hostile image yields errors: to readers, sweeps and fsck") {
  const auto sizes = small_geometry();
  const auto images = some_images(sizes);
  segment_copy copy{sizes};
  const auto* const wanted_seed = std::getenv("COMMY_SEED");
  const auto seed = wanted_seed != nullptr
                        ? std::strtoull(wanted_seed, nullptr, 10)
                        : platform::random_u64();
  CAPTURE(seed);
  std::uint64_t errors = 0;
  std::uint64_t refused = 0;
  std::uint64_t poisoned = 0;
  std::uint64_t found = 0;
  std::uint64_t whole = 0;
  std::chrono::nanoseconds longest{0};
  const auto images_wanted = image_count();
  for (std::uint64_t i = 0; i < images_wanted; ++i) {
    auto image = images[i % images.size()];
    // Each by a seed of its own, so that one can be repeated alone.
    spoiler{seed + i, sizes}.spoil(image);
    INFO("image " << i);
    const auto begun = std::chrono::steady_clock::now();
    copy.load(image);
    errors += read_all(copy);
    poisoned += copy.sweep().poisoned ? 1 : 0;
    if (i % 4 == 0) {
      refused += write_all(copy);
      copy.load(image);
      copy.sweep();
    }
    found += fsck(copy.img()).findings;
    const auto repaired = fsck(copy.img(), fsck_mode::repair);
    const auto left = fsck(copy.img());
    INFO("repaired:\n" << repaired.text() << "left:\n" << left.text());
    // What is put right stays so.
    REQUIRE((left.whole() || repaired.findings > repaired.repaired));
    whole += left.whole() ? 1 : 0;
    longest = std::max<std::chrono::nanoseconds>(
        longest, std::chrono::steady_clock::now() - begun);
  }
  std::cout << "hostile images: " << images_wanted << ", " << errors
            << " refused reads, " << refused << " refused changes, " << poisoned
            << " poisoned, " << found << " findings, " << whole
            << " whole after repair, longest "
            << std::chrono::duration<double, std::milli>(longest).count()
            << " ms\n";
  CHECK(errors > images_wanted / 10);
  CHECK(refused > images_wanted / 10);
  CHECK(poisoned > 0);
  CHECK(found > 0);
  CHECK(whole > images_wanted / 10);
  CHECK(longest < 5s);
}
