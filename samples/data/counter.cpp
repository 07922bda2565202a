// A number and a flag that any number of processes share: shared_box.
#include <commy/containers/shared_box.hpp>
#include <commy/containers/transact.hpp>
#include <commy/memory/segment.hpp>

#include <cstdio>
#include <string_view>

using namespace commy;

int main(int count, char** arguments) try {
  const std::string_view what = count > 1 ? arguments[1] : "add";
  auto home = segment::open_or_create("samples/counter").value();
  auto visits = home.open_or_create<shared_box<std::int64_t>>("visits").value();
  auto open = home.open_or_create<shared_box<bool>>("open", true).value();

  if (what == "add") {
    // Both are looked at and changed together, or not at all; nobody counts
    // behind a closed door, and no visit is lost when two come at once.
    const bool counted = transact(visits, open, [&](transaction&) {
                           if (!open.get().value()) return false;
                           visits.update([](auto& n) { ++n; }).value();
                           return true;
                         }).value();
    std::printf("%s, visit %lld\n", counted ? "counted" : "closed",
                static_cast<long long>(visits.get().value()));
  } else if (what == "close") {
    // Of several who close it at once one is told that it was the one.
    const bool first = open.compare_exchange(true, false).value();
    std::printf(first ? "closed\n" : "was closed already\n");
  } else {
    std::printf(
        "Usage: counter [add|close]\n\nRun it in several terminals; kill any "
        "of them at any time.\n");
    return what == "--help" ? 0 : 2;
  }
  return 0;
} catch (const std::exception& failure) {
  std::fprintf(stderr, "counter: %s\n", failure.what());
  return 1;
}
