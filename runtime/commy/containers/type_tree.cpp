#include <commy/containers/type_tree.hpp>
#include <commy/memory/key_order.hpp>
#include <commy/memory/nesting.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace commy {
namespace {

constexpr int levels_max = 16;
constexpr int nodes_max = 4096;
/// Above every element that containers accept; keeps products in 32 bits.
constexpr std::uint32_t bytes_max = 1U << 20U;

/// Recursive descent, one function a rule; every rule answers false when the
/// line does not follow it.
class parser {
public:
  explicit parser(std::string_view line) noexcept : rest_{line} {}

  bool object(type_tree& into) {
    if (take("topic<")) return parameters(into, type_kind::topic, 1);
    if (take("box<")) return parameters(into, type_kind::box, 1);
    if (const auto kind = container()) return parameters(into, *kind);
    return value(into);
  }
  [[nodiscard]] bool finished() const noexcept { return rest_.empty(); }

private:
  bool take(std::string_view word) noexcept {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  bool number(std::uint32_t& into) noexcept {
    const auto [end, error] =
        std::from_chars(rest_.data(), rest_.data() + rest_.size(), into);
    if (error != std::errc{} || into > bytes_max) return false;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return true;
  }
  std::optional<type_kind> container() noexcept {
    if (take("hash_map<")) return type_kind::hash_map;
    if (take("vec_deque<")) return type_kind::vec_deque;
    if (take("vec<")) return type_kind::vec;
    if (take("hash_set<")) return type_kind::hash_set;
    if (take("btree_map<")) return type_kind::btree_map;
    if (take("btree_set<")) return type_kind::btree_set;
    return std::nullopt;
  }
  bool parameters(type_tree& into, type_kind kind) {
    const bool is_map =
        kind == type_kind::hash_map || kind == type_kind::btree_map;
    return parameters(into, kind, is_map ? 2 : 1);
  }
  bool parameters(type_tree& into, type_kind kind, int count) {
    into.kind = kind;
    for (int i = 0; i < count; ++i) {
      if (i > 0 && !take(", ")) return false;
      // Values of maps and elements of vectors alone may be containers.
      auto& parameter = into.parameters.emplace_back();
      const bool may_nest = kind == type_kind::vec || i == 1;
      if (!(may_nest ? element(parameter) : value(parameter))) return false;
    }
    return take(">");
  }
  bool element(type_tree& into) {
    const auto kind = container();
    if (!kind) return value(into);
    if (++nesting_ > static_cast<int>(memory::nesting_max)) return false;
    // Its cell: see memory/nested_cell.hpp.
    into.bytes = 16;
    into.align = 8;
    return parameters(into, *kind);
  }
  bool scalar(type_tree& into, type_kind kind, std::uint32_t bytes) {
    into.kind = kind;
    into.bytes = bytes;
    into.align = std::min<std::uint32_t>(bytes, 8);
    return true;
  }
  bool value(type_tree& into) {
    if (++nodes_ > nodes_max || ++level_ > levels_max) return false;
    const bool good = any(into);
    --level_;
    return good;
  }
  bool any(type_tree& into) {
    if (take("bool")) return scalar(into, type_kind::boolean, 1);
    if (take("text")) return scalar(into, type_kind::text, 16);
    if (take("chars[")) return chars(into);
    if (take("[")) return array(into);
    if (take("{")) return record(into);
    for (const std::uint32_t bits : {8U, 16U, 32U, 64U}) {
      const auto digits = std::to_string(bits);
      if (take("i" + digits)) {
        return scalar(into, type_kind::signed_integer, bits / 8);
      }
      if (take("u" + digits)) {
        return scalar(into, type_kind::unsigned_integer, bits / 8);
      }
    }
    if (take("f32")) return scalar(into, type_kind::real, 4);
    if (take("f64")) return scalar(into, type_kind::real, 8);
    return false;
  }
  bool chars(type_tree& into) {
    into.kind = type_kind::chars;
    if (!number(into.count) || !take("]")) return false;
    into.bytes = into.count;
    return true;
  }
  bool array(type_tree& into) {
    into.kind = type_kind::array;
    auto& element = into.parameters.emplace_back();
    if (!number(into.count) || !take(" x ") || !value(element) || !take("]")) {
      return false;
    }
    const auto bytes = std::uint64_t{into.count} * element.bytes;
    // Without a size an element would cost work and no space.
    if (element.bytes == 0 || bytes > bytes_max) return false;
    into.bytes = static_cast<std::uint32_t>(bytes);
    into.align = element.align;
    return true;
  }
  bool record(type_tree& into) {
    into.kind = type_kind::record;
    while (!take("}:")) {
      if (!into.fields.empty() && !take(", ")) return false;
      const auto blank = rest_.find(' ');
      if (blank == 0 || blank == std::string_view::npos) return false;
      auto& field = into.fields.emplace_back();
      field.name = rest_.substr(0, blank);
      rest_.remove_prefix(blank + 1);
      if (!value(field.type) || !take("@") || !number(field.at)) return false;
      into.align = std::max(into.align, field.type.align);
    }
    if (!number(into.bytes)) return false;
    return std::ranges::all_of(into.fields, [&](const auto& field) {
      return field.at <= into.bytes &&
             field.type.bytes <= into.bytes - field.at;
    });
  }

  std::string_view rest_;
  int level_ = 0;
  int nesting_ = 0;  // Never falls: containers nest in one place only.
  int nodes_ = 0;
};

}  // namespace

std::optional<type_tree> type_tree::parse(std::string_view line) {
  if (line.size() > 16U << 10U) return std::nullopt;
  type_tree made;
  parser reader{line};
  if (!reader.object(made) || !reader.finished()) return std::nullopt;
  return made;
}

const type_tree* nested_type(const type_tree& outermost,
                             std::uint32_t level) noexcept {
  const auto* type = &outermost;
  for (; level > 0; --level) {
    if (!type->has_nested()) return nullptr;
    type = &type->element();
  }
  return type;
}

namespace {

int compare_scalars(const type_tree& type, memory::scalar_kind kind,
                    const std::byte* a, const std::byte* b) noexcept {
  const auto rank_of = [&](const std::byte* from) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, from, type.bytes);
    if (type.kind == type_kind::boolean) bits &= 1U;
    return memory::scalar_rank(bits, kind, type.bytes);
  };
  const auto x = rank_of(a);
  const auto y = rank_of(b);
  return x < y ? -1 : x > y ? 1 : 0;
}

}  // namespace

int compare_values(const type_tree& type, const std::byte* a,
                   const std::byte* b) noexcept {
  switch (type.kind) {
    case type_kind::boolean:
    case type_kind::unsigned_integer:
      return compare_scalars(type, memory::scalar_kind::unsigned_bits, a, b);
    case type_kind::signed_integer:
      return compare_scalars(type, memory::scalar_kind::signed_bits, a, b);
    case type_kind::real:
      return compare_scalars(type, memory::scalar_kind::real, a, b);
    case type_kind::chars:
      return std::memcmp(a, b, type.bytes);
    case type_kind::array:
      for (std::uint32_t i = 0; i < type.count; ++i) {
        const auto& element = type.parameters[0];
        const auto at = std::size_t{i} * element.bytes;
        const auto order = compare_values(element, a + at, b + at);
        if (order != 0) return order;
      }
      return 0;
    case type_kind::record:
      for (const auto& field : type.fields) {
        const auto order =
            compare_values(field.type, a + field.at, b + field.at);
        if (order != 0) return order;
      }
      return 0;
    default:
      return 0;
  }
}

}  // namespace commy
