// Who is where: sets (shared_hash_set, shared_btree_set) and a text
// (shared_string).
#include <commy/containers/set_algebra.hpp>
#include <commy/containers/shared_btree_set.hpp>
#include <commy/containers/shared_hash_set.hpp>
#include <commy/containers/shared_string.hpp>
#include <commy/memory/segment.hpp>

#include <cstdio>
#include <string_view>

using namespace commy;

int main(int count, char** arguments) try {
  const std::string_view what = count > 1 ? arguments[1] : "--help";
  auto home = segment::open_or_create("samples/people").value();
  auto staff =
      home.open_or_create<shared_btree_set<shared_string>>("staff").value();
  auto present =
      home.open_or_create<shared_hash_set<shared_string>>("present").value();
  auto notice = home.open_or_create<shared_string>("notice").value();
  if (what == "hire" && count > 2) {
    std::printf(staff.insert(arguments[2]).value() ? "hired\n" : "known\n");
  } else if (what == "come" && count > 2) {
    present.insert(arguments[2]).value();
  } else if (what == "go" && count > 2) {
    present.erase(arguments[2]).value();
  } else if (what == "say" && count > 2) {
    notice.assign(arguments[2]).value();
  } else if (what == "show") {
    std::printf("notice: %s\n", notice.get().value().c_str());
    for (const auto& name : set_intersection(staff, present).value())
      std::printf("%s is here\n", name.c_str());
    for (const auto& name : set_difference(staff, present).value())
      std::printf("%s is not here\n", name.c_str());
    for (const auto& name : set_difference(present, staff).value())
      std::printf("%s is a guest\n", name.c_str());
  } else {
    std::printf(
        "Usage: people hire|come|go NAME\n"
        "       people say TEXT\n"
        "       people show\n");
    return what == "--help" ? 0 : 2;
  }
  return 0;
} catch (const std::exception& failure) {
  std::fprintf(stderr, "people: %s\n", failure.what());
  return 1;
}
