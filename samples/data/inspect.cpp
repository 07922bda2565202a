// Any object of any segment, seen and changed without its C++ type:
// dynamic_object.
#include <commy/containers/dynamic_object.hpp>
#include <commy/memory/segment.hpp>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

using namespace commy;

namespace {

/// A value as JSON would have it, but for texts, which are not escaped.
std::string show(const dynamic_value& value) {
  struct shower {
    std::string operator()(std::monostate) const { return "null"; }
    std::string operator()(bool yes) const { return yes ? "true" : "false"; }
    std::string operator()(std::int64_t n) const { return std::to_string(n); }
    std::string operator()(std::uint64_t n) const { return std::to_string(n); }
    std::string operator()(double n) const {
      char text[32];
      return {text, std::to_chars(text, text + sizeof text, n).ptr};
    }
    std::string operator()(const std::string& text) const {
      return '"' + text + '"';
    }
    std::string operator()(const dynamic_value::list& items) const {
      std::string text = "[";
      for (const auto& item : items)
        text += (text.size() > 1 ? ", " : "") + show(item);
      return text + "]";
    }
    std::string operator()(const dynamic_value::record& fields) const {
      std::string text = "{";
      for (const auto& [name, field] : fields)
        text += (text.size() > 1 ? ", " : "") + name + ": " + show(field);
      return text + "}";
    }
  };
  return std::visit(shower{}, value.held);
}

/// A word of the command line: a number if it looks like one, else a text; what
/// stands in quotation marks is always a text.
dynamic_value word(std::string_view text) {
  if (text.size() > 1 && text.front() == '"' && text.back() == '"') {
    return {std::string{text.substr(1, text.size() - 2)}};
  }
  if (text == "true" || text == "false") return {text == "true"};
  const auto* const end = text.data() + text.size();
  std::int64_t whole = 0;
  if (std::from_chars(text.data(), end, whole).ptr == end) return {whole};
  double real = 0;
  if (std::from_chars(text.data(), end, real).ptr == end) return {real};
  return {std::string{text}};
}

/// "name=value" words as a record, one word as itself.
dynamic_value value_of(const std::vector<std::string_view>& words) {
  if (words.size() == 1 && words[0].find('=') == std::string_view::npos) {
    return word(words[0]);
  }
  dynamic_value::record fields;
  for (const auto text : words) {
    const auto at = text.find('=');
    const auto value = at == std::string_view::npos ? "" : text.substr(at + 1);
    fields.emplace_back(text.substr(0, at), word(value));
  }
  return {std::move(fields)};
}

int usage(int code) {
  std::printf(
      "Usage: inspect SEGMENT [OBJECT [set KEY VALUE | push VALUE | erase KEY "
      "| assign VALUE]]\n\n"
      "Lists a segment's objects, shows one, or changes it. VALUE is a number, "
      "true, false,\na text (\"80\" is one), or for a struct NAME=VALUE for "
      "each of its "
      "fields.\n");
  return code;
}

}  // namespace

int main(int count, char** arguments) try {
  const std::vector<std::string_view> words(arguments + 1, arguments + count);
  if (words.empty()) return usage(2);
  if (words[0] == "--help") return usage(0);
  const bool reads = words.size() <= 2;
  // Who only looks maps the segment so that it cannot do more.
  auto home =
      (reads ? segment::open_read_only(words[0]) : segment::open(words[0]))
          .value();
  if (words.size() == 1) {
    auto all = home.objects().value();
    std::ranges::sort(all, {}, &memory::object_entry::name);
    for (const auto& object : all)
      std::printf("%s: %s\n", object.name.c_str(), object.type.c_str());
    return 0;
  }
  auto object = dynamic_object::open(home, words[1]).value();
  if (reads) {
    std::printf("%s\n", show(object.read().value().value).c_str());
    return 0;
  }
  const auto& what = words[2];
  const auto from = [&](std::size_t index) {
    return value_of(
        {words.begin() + static_cast<std::ptrdiff_t>(index), words.end()});
  };
  if (what == "set" && words.size() > 4) {
    const bool fresh = object.insert_or_assign(word(words[3]), from(4)).value();
    std::printf(fresh ? "added\n" : "replaced\n");
  } else if (what == "push" && words.size() > 3) {
    object.push_back(from(3)).value();
    std::printf("pushed\n");
  } else if (what == "erase" && words.size() == 4) {
    std::printf(object.erase(word(words[3])).value() ? "erased\n"
                                                     : "nothing there\n");
  } else if (what == "assign" && words.size() > 3) {
    object.assign(from(3)).value();
    std::printf("assigned\n");
  } else {
    return usage(2);
  }
  return 0;
} catch (const std::exception& failure) {
  std::fprintf(stderr, "inspect: %s\n", failure.what());
  return 1;
}
