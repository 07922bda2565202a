// Uses what an installed Commy offers; its exit code says whether it worked.
#include <commy/base/result.hpp>

#include <string_view>

namespace {

enum class open_error { absent };

std::string_view describe(open_error) { return "there is none"; }

commy::result<int, open_error> open(bool present) {
  if (!present) return commy::unexpected{open_error::absent};
  return 1;
}

}  // namespace

int main() {
  const bool works = open(true).has_value() && !open(false).has_value();
  return works ? 0 : 1;
}
