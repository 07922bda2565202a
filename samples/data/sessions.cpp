// A session cache of web workers: a shared_hash_map with an expiry and a bound.
#include <commy/containers/shared_hash_map.hpp>
#include <commy/memory/segment.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace commy;

struct session {
  std::int64_t user;
  std::int64_t last_seen;  // Seconds; given by the caller, to show ageing.
};
BOOST_DESCRIBE_STRUCT(session, (), (user, last_seen))

namespace {
constexpr std::int64_t lifetime = 60;
constexpr std::uint64_t most = 1000;
}  // namespace

int main(int count, char** arguments) try {
  const std::string_view what = count > 1 ? arguments[1] : "--help";
  const auto number = [&](int i) {
    return count > i ? std::strtoll(arguments[i], nullptr, 10) : 0;
  };
  auto home = segment::open_or_create("samples/sessions").value();
  auto all =
      home.open_or_create<shared_hash_map<shared_string, session>>("sessions")
          .value();
  if (what == "login" && count > 4) {
    const auto now = number(4);
    if (all.size().value() >= most) {
      all.erase_if([&](const auto& entry) {
           return entry.second.last_seen + lifetime <= now;
         })
          .value();
    }
    all.insert_or_assign(arguments[2], {number(3), now}).value();
    std::printf("%llu sessions\n",
                static_cast<unsigned long long>(all.size().value()));
  } else if (what == "ask" && count > 3) {
    // No lock: every worker looks while others write.
    const auto found = all.get(arguments[2]);
    const auto now = number(3);
    if (!found || found->last_seen + lifetime <= now) {
      std::printf("log in first\n");
      return 0;
    }
    all.update(arguments[2], [&](session& s) { s.last_seen = now; }).value();
    std::printf("user %lld\n", static_cast<long long>(found->user));
  } else if (what == "expire" && count > 2) {
    const auto now = number(2);
    const auto gone = all.erase_if([&](const auto& entry) {
                           return entry.second.last_seen + lifetime <= now;
                         })
                          .value();
    std::printf("%llu expired\n", static_cast<unsigned long long>(gone));
  } else {
    std::printf(
        "Usage: sessions login TOKEN USER NOW\n"
        "       sessions ask TOKEN NOW\n"
        "       sessions expire NOW       (NOW in seconds)\n");
    return what == "--help" ? 0 : 2;
  }
  return 0;
} catch (const std::exception& failure) {
  std::fprintf(stderr, "sessions: %s\n", failure.what());
  return 1;
}
