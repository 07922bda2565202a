// The largest segment. Wine maps no file of a tebibyte.
#include <commy/containers/shared_hash_map.hpp>
#include <commy/memory/segment.hpp>

#include <catch2/catch_test_macros.hpp>

#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;

TEST_CASE("a segment may reserve a tebibyte, and takes what it needs") {
#ifdef __SANITIZE_THREAD__
  SKIP("ThreadSanitizer leaves a program 1.5 TiB of addresses");
#endif
  const test_folder folder;
  auto options = in_folder(folder);
  options.capacity = 1_TiB;
  auto home = must(segment::create("s", options));
  auto map = must(home.create<shared_hash_map<int, int>>("map"));
  for (int i = 0; i < 1000; ++i)
    must(map.insert(i, i));

  const auto other = must(segment::open("s", options));
  const auto seen = must(other.open<shared_hash_map<int, int>>("map"));

  CHECK(must(seen.get(999)) == 999);
  CHECK(home.statistics().committed_bytes < 16_MiB);
  options.capacity = 2_TiB;
  CHECK(segment::create("t", options).error() == segment_error::bad_size);
}
