#include <commy/host/manifest_problem.hpp>

#include <algorithm>
#include <numeric>
#include <tuple>

namespace commy {
namespace {
constexpr std::size_t kept_at_most = 100;
}

std::string_view describe(manifest_flaw flaw) noexcept {
  switch (flaw) {
    case manifest_flaw::not_json:
      return "this is not JSON";
    case manifest_flaw::too_deep:
      return "a manifest is nested at most 32 deep";
    case manifest_flaw::too_many:
      return "there are too many entries here";
    case manifest_flaw::duplicate_key:
      return "the same key stands here twice; remove one";
    case manifest_flaw::unknown_key:
      return "nobody reads this key";
    case manifest_flaw::missing_key:
      return "a key is missing";
    case manifest_flaw::wrong_type:
      return "the value has the wrong type";
    case manifest_flaw::bad_value:
      return "the value cannot be read";
    case manifest_flaw::out_of_range:
      return "the value is out of range";
    case manifest_flaw::unset_variable:
      return "an environment variable is not set";
    case manifest_flaw::bad_variable:
      return "a $ begins no variable; write $$ for a dollar sign";
    case manifest_flaw::unknown_module:
      return "this program has no such module";
    case manifest_flaw::missing_module:
      return "a module needs another that the manifest does not name";
    case manifest_flaw::module_cycle:
      return "modules need each other in a circle";
  }
  return "unknown flaw";
}

std::string manifest_problem::message() const {
  std::string line_text = file;
  if (line != 0) {
    if (!line_text.empty()) line_text += ":";
    line_text += std::to_string(line) + ":" + std::to_string(column);
  }
  if (!line_text.empty()) line_text += ": ";
  if (!path.empty()) line_text += path + ": ";
  line_text += text.empty() ? std::string{describe(code)} : text;
  return line_text;
}

void manifest_problems::add(manifest_flaw code, std::uint32_t line,
                            std::uint32_t column, std::string path,
                            std::string text) {
  ++count_;
  if (kept_.size() == kept_at_most) return;
  kept_.push_back({.code = code,
                   .file = file_,
                   .line = line,
                   .column = column,
                   .path = std::move(path),
                   .text = std::move(text)});
}

std::string manifest_problems::message() const {
  // By their places; of equal ones, as they were found.
  std::vector<std::size_t> order(kept_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
    return std::tie(kept_[a].line, kept_[a].column, a) <
           std::tie(kept_[b].line, kept_[b].column, b);
  });
  std::string lines;
  for (const auto index : order) {
    const auto& problem = kept_[index];
    if (!lines.empty()) lines += "\n";
    lines += problem.message();
  }
  if (count_ > kept_.size()) {
    lines +=
        "\nand " + std::to_string(count_ - kept_.size()) + " more problems";
  }
  return lines;
}

}  // namespace commy
