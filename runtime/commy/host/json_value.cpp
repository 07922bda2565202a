#include <commy/host/json_value.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <limits>

namespace commy::host {
namespace {

constexpr std::size_t deepest = 32;
// A 1 MiB file of "[0,0,...]" has half a million values of some 150 bytes. No
// manifest a person keeps comes near this bound, which stops that at 10 MB.
constexpr std::size_t most_values = 65'536;
// Twins are looked for one by one, so this bounds the square as well.
constexpr std::size_t most_members = 1'024;

// Counts what the lexer has taken, so that events can be given a place: the
// library tells positions only for syntax errors.
class counting_iterator {
public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  counting_iterator(const char* at, std::size_t* taken) noexcept
      : at_{at}, taken_{taken} {}
  reference operator*() const noexcept { return *at_; }
  counting_iterator& operator++() noexcept {
    ++at_;
    ++*taken_;
    return *this;
  }
  counting_iterator operator++(int) noexcept {
    auto before = *this;
    ++*this;
    return before;
  }
  friend bool operator!=(const counting_iterator& a,
                         const counting_iterator& b) noexcept {
    return a.at_ != b.at_;
  }

private:
  const char* at_;
  std::size_t* taken_;
};

// Turns a growing offset into line and column, going over each byte once.
class place_finder {
public:
  explicit place_finder(std::string_view bytes) noexcept : bytes_{bytes} {}

  // Moves over what may stand between two events: space, commas and colons.
  void skip_to_token(std::size_t from) noexcept {
    go_to(from);
    while (at_ < bytes_.size() && std::string_view{" \t\r\n,:"}.find(
                                      bytes_[at_]) != std::string_view::npos) {
      step();
    }
  }
  void go_to(std::size_t offset) noexcept {
    while (at_ < offset && at_ < bytes_.size())
      step();
  }
  std::uint32_t line() const noexcept { return line_; }
  std::uint32_t column() const noexcept { return column_; }

private:
  void step() noexcept {
    const auto byte = static_cast<unsigned char>(bytes_[at_++]);
    if (byte == '\n') {
      ++line_;
      column_ = 1;
    } else if ((byte & 0xc0U) != 0x80U) {
      ++column_;  // Columns count characters, not their UTF-8 bytes.
    }
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  std::uint32_t column_ = 1;
};

class tree_builder {
public:
  using json = nlohmann::json;

  tree_builder(std::string_view bytes, const std::size_t& taken,
               manifest_problems& problems)
      : place_{bytes}, taken_{taken}, problems_{problems} {}

  bool null() { return add(of(json_kind::null)) != nullptr; }
  bool boolean(bool value) {
    auto made = of(json_kind::boolean);
    made.boolean = value;
    return add(std::move(made)) != nullptr;
  }
  bool number_integer(json::number_integer_t value) {
    auto made = of(json_kind::integer);
    made.integer = value;
    return add(std::move(made)) != nullptr;
  }
  bool number_unsigned(json::number_unsigned_t value) {
    if (value > static_cast<json::number_unsigned_t>(
                    std::numeric_limits<std::int64_t>::max())) {
      return number_float(static_cast<double>(value), {});
    }
    return number_integer(static_cast<json::number_integer_t>(value));
  }
  bool number_float(json::number_float_t value, const std::string&) {
    auto made = of(json_kind::number);
    made.number = value;
    return add(std::move(made)) != nullptr;
  }
  bool string(std::string& value) {
    auto made = of(json_kind::text);
    made.text = std::move(value);
    return add(std::move(made)) != nullptr;
  }
  // Only the binary formats have these; JSON text never does.
  bool binary(json::binary_t&) { return false; }

  bool start_object(std::size_t) { return open(json_kind::object); }
  bool start_array(std::size_t) { return open(json_kind::list); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    find_place();
    auto& object = *open_.back();
    const auto twin =
        std::find_if(object.members.begin(), object.members.end(),
                     [&](const json_member& m) { return m.key == name; });
    if (twin != object.members.end()) {
      problems_.add(manifest_flaw::duplicate_key, place_.line(),
                    place_.column(), path_to(path(), name),
                    "the key stands here twice, first in line " +
                        std::to_string(twin->line) + "; remove one");
    }
    if (object.members.size() == most_members) {
      problems_.add(manifest_flaw::too_many, place_.line(), place_.column(),
                    path(), "an object has at most 1024 keys");
      return false;
    }
    object.members.push_back({.key = std::move(name),
                              .line = place_.line(),
                              .column = place_.column(),
                              .value = {}});
    end_of_last_ = taken_;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& why) {
    place_.go_to(position == 0 ? 0 : position - 1);
    // "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
    // repeats the place, in bytes.
    std::string_view text = why.what();
    for (const std::string_view mark : {"] ", "column "}) {
      const auto at = text.find(mark);
      if (at != std::string_view::npos) text.remove_prefix(at + mark.size());
    }
    const auto colon = text.find(": ");
    if (colon < 12) {  // After the number of the column; else there is none.
      text.remove_prefix(colon + 2);
    }
    problems_.add(manifest_flaw::not_json, place_.line(), place_.column(), {},
                  "this is not JSON: " + std::string{text});
    return false;
  }

  json_value take() { return std::move(root_); }

private:
  static json_value of(json_kind kind) {
    json_value made;
    made.kind = kind;
    return made;
  }

  void find_place() noexcept { place_.skip_to_token(end_of_last_); }

  std::string path() const {
    std::string p;
    for (std::size_t i = 0; i + 1 < open_.size(); ++i) {
      const auto& holder = *open_[i];
      p = holder.kind == json_kind::object
              ? path_to(p, holder.members.back().key)
              : path_to(p, holder.items.size() - 1);
    }
    return p;
  }

  json_value* add(json_value value) {
    find_place();
    if (++count_ > most_values) {
      problems_.add(manifest_flaw::too_many, place_.line(), place_.column(), {},
                    "a manifest has at most 65536 values");
      return nullptr;
    }
    value.line = place_.line();
    value.column = place_.column();
    end_of_last_ = taken_;
    json_value* kept = nullptr;
    if (open_.empty()) {
      root_ = std::move(value);
      kept = &root_;
    } else if (auto& holder = *open_.back(); holder.kind == json_kind::list) {
      kept = &holder.items.emplace_back(std::move(value));
    } else {
      // `key` has made the member. Pointers in `open_` stay valid: nothing is
      // added to a holder while one of its values is open.
      kept = &holder.members.back().value;
      *kept = std::move(value);
    }
    return kept;
  }

  bool open(json_kind kind) {
    auto* value = add(of(kind));
    if (value == nullptr) return false;
    open_.push_back(value);
    if (open_.size() > deepest) {
      problems_.add(manifest_flaw::too_deep, place_.line(), place_.column(), {},
                    "a manifest is nested at most 32 deep");
      return false;
    }
    return true;
  }
  bool close() {
    open_.pop_back();
    end_of_last_ = taken_;
    return true;
  }

  place_finder place_;
  const std::size_t& taken_;
  manifest_problems& problems_;
  std::size_t end_of_last_ = 0;
  std::size_t count_ = 0;
  json_value root_;
  std::vector<json_value*> open_;
};

bool is_plain(std::string_view key) noexcept {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '$';
  });
}

}  // namespace

std::string_view describe(json_kind kind) noexcept {
  switch (kind) {
    case json_kind::null:
      return "null";
    case json_kind::boolean:
      return "true or false";
    case json_kind::integer:
      return "a whole number";
    case json_kind::number:
      return "a number";
    case json_kind::text:
      return "a text";
    case json_kind::list:
      return "a list";
    case json_kind::object:
      return "an object";
  }
  return "something unknown";
}

const json_value* json_value::find(std::string_view key) const noexcept {
  for (const auto& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

std::string path_to(std::string_view path, std::string_view key) {
  std::string longer{path};
  if (is_plain(key)) {
    if (!longer.empty()) longer += '.';
    longer += key;
  } else {
    longer.append("[\"").append(key).append("\"]");
  }
  return longer;
}

std::string path_to(std::string_view path, std::size_t index) {
  return std::string{path} + "[" + std::to_string(index) + "]";
}

std::optional<json_value> parse_json(std::string_view bytes,
                                     manifest_problems& problems) {
  // Versions of the library have different words for this.
  if (bytes.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    problems.add(manifest_flaw::not_json, 1, 1, {},
                 "this is not JSON: it is empty");
    return std::nullopt;
  }
  std::size_t taken = 0;
  tree_builder builder{bytes, taken, problems};
  const counting_iterator first{bytes.data(), &taken};
  const counting_iterator last{bytes.data() + bytes.size(), &taken};
  if (!nlohmann::json::sax_parse(first, last, &builder)) return std::nullopt;
  return builder.take();
}

}  // namespace commy::host
