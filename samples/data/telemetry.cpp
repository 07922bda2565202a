// Telemetry: many writers of readings, one who collects them: a map of vectors.
#include <commy/containers/shared_btree_map.hpp>
#include <commy/containers/shared_vec.hpp>
#include <commy/memory/segment.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

using namespace commy;
using readings = shared_btree_map<shared_string, shared_vec<double>>;

namespace {

void report(readings& all, const char* source, char** first, char** end) {
  std::vector<double> fresh;
  for (; first < end; ++first)
    fresh.push_back(std::strtod(*first, nullptr));
  all.try_emplace(source).value();
  // A handle to the vector in the map; many elements are one transaction.
  all.at(source).value().append(fresh).value();
}

void collect(readings& all) {
  // Everything goes at once: what is reported meanwhile comes the next time.
  for (const auto& [source, values] : all.take().value()) {
    const auto [low, high] = std::ranges::minmax(values);
    std::printf("%s: %zu readings, %.1f to %.1f\n", source.c_str(),
                values.size(), low, high);
  }
}

}  // namespace

int main(int count, char** arguments) try {
  const std::string_view what = count > 1 ? arguments[1] : "--help";
  auto home = segment::open_or_create("samples/telemetry").value();
  auto all = home.open_or_create<readings>("readings").value();
  if (what == "report" && count > 3) {
    report(all, arguments[2], arguments + 3, arguments + count);
  } else if (what == "collect") {
    collect(all);
  } else {
    std::printf(
        "Usage: telemetry report SOURCE VALUE [VALUE...]\n"
        "       telemetry collect\n");
    return what == "--help" ? 0 : 2;
  }
  return 0;
} catch (const std::exception& failure) {
  std::fprintf(stderr, "telemetry: %s\n", failure.what());
  return 1;
}
