// Live configuration: a shared_btree_map of texts, several settings at once,
// and programs that follow what changes.
#include <commy/containers/change_log.hpp>
#include <commy/containers/shared_btree_map.hpp>
#include <commy/containers/transact.hpp>
#include <commy/memory/segment.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace commy;
using namespace std::chrono_literals;
using settings = shared_btree_map<shared_string, shared_string>;

namespace {

void set(settings& all, char** first, char** end) {
  // Whoever reads sees all of them or none.
  transact(all, [&](transaction&) {
    for (; first + 1 < end; first += 2)
      all.insert_or_assign(first[0], first[1]).value();
  }).value();
}

void list(const settings& all) {
  for (const auto& [name, value] : all.copy().value())
    std::printf("%s = %s\n", name.c_str(), value.c_str());
}

void watch(const settings& all, int changes) {
  all.keep_changes(1024).value();
  change_log log{all};
  list(all);
  std::printf("watching\n");
  std::fflush(stdout);
  while (changes > 0) {
    const auto next = log.next(1s);
    if (!next && next.error() == read_error::behind) {
      list(all);
    } else if (const auto& change = next.value()) {
      if (const auto name = change->key()) {
        const auto value = all.get(*name);
        std::printf("%s is now %s\n", name->c_str(),
                    value ? value->c_str() : "gone");
      }
      std::fflush(stdout);
      --changes;
    }
  }
}

}  // namespace

int main(int count, char** arguments) try {
  const std::string_view what = count > 1 ? arguments[1] : "--help";
  auto home = segment::open_or_create("samples/settings").value();
  auto all = home.open_or_create<settings>("settings").value();
  if (what == "set" && count > 3) {
    set(all, arguments + 2, arguments + count);
  } else if (what == "erase" && count > 2) {
    std::printf(all.erase(arguments[2]).value() ? "erased\n" : "no such\n");
  } else if (what == "list") {
    list(all);
  } else if (what == "watch") {
    watch(all, count > 2 ? std::atoi(arguments[2]) : 1'000'000);
  } else {
    std::printf(
        "Usage: settings set NAME VALUE [NAME VALUE...]\n"
        "       settings erase NAME\n"
        "       settings list\n"
        "       settings watch [COUNT]   shows changes, at most COUNT\n");
    return what == "--help" ? 0 : 2;
  }
  return 0;
} catch (const std::exception& failure) {
  std::fprintf(stderr, "settings: %s\n", failure.what());
  return 1;
}
