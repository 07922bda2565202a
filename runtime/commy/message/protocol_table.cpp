#include <commy/containers/transact.hpp>
#include <commy/message/protocol_table.hpp>

#include <array>
#include <charconv>
#include <cstdint>

namespace commy::message {
namespace {

void add_hex(std::string& to, std::uint64_t number) {
  std::array<char, 16> digits;
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), number, 16);
  to.append(digits.data(), end.ptr);
}

std::string head_of(const name_place& place) {
  std::string head;
  for (const std::uint64_t part :
       {std::uint64_t{place.slot}, std::uint64_t{place.actor}, place.reader}) {
    add_hex(head, part);
    head += ' ';
  }
  return head;
}

/// Layouts are texts of a compiler, without line breaks.
std::string text_of(const name_place& place,
                    std::span<const protocol_line> lines) {
  auto text = head_of(place) + '\n';
  for (const auto& l : lines) {
    // 16 digits, a blank, a line's end.
    if (text.size() + 18 > protocol_table::text_bytes_max) break;
    add_hex(text, static_cast<std::uint64_t>(l.id));
    if (text.size() + l.layout.size() + 2 <= protocol_table::text_bytes_max) {
      text += ' ';
      text += l.layout;
    }
    text += '\n';
  }
  return text;
}

/// For people's eyes, and perhaps their terminals.
void make_printable(std::string& text) {
  for (auto& c : text) {
    if (c < ' ' || c == '\x7f') c = '?';
  }
}

}  // namespace

bool published_protocol::lists(message_id id) const noexcept {
  for (const auto& l : lines) {
    if (l.id == id) return true;
  }
  return false;
}

std::optional<std::string_view> published_protocol::same_name(
    std::string_view layout) const noexcept {
  const auto name_of = [](std::string_view text) {
    return text.substr(0, text.find(' '));
  };
  for (const auto& l : lines) {
    if (!l.layout.empty() && name_of(l.layout) == name_of(layout)) {
      return l.layout;
    }
  }
  return std::nullopt;
}

result<protocol_table, open_error> protocol_table::open(segment shared) {
  auto texts = shared.open_or_create<map>(object_name);
  if (!texts) return unexpected{texts.error()};
  return protocol_table{std::move(*texts)};
}

void protocol_table::publish(std::string_view name, name_place place,
                             std::span<const protocol_line> lines) noexcept
    try {
  static_cast<void>(texts_.insert_or_assign(name, text_of(place, lines)));
} catch (...) {
  return;  // Out of memory: senders compare nothing.
}

void protocol_table::withdraw(std::string_view name, name_place place) noexcept
    try {
  const auto head = head_of(place);
  static_cast<void>(transact(texts_, [&](transaction& /*open*/) {
    const auto old = texts_.get(name);
    if (old && std::string_view{*old}.starts_with(head)) {
      texts_.erase(name).value();
    }
  }));
} catch (...) {
  return;  // As in name_table::erase_if.
}

std::optional<published_protocol> protocol_table::find(std::string_view name,
                                                       name_place place) const {
  const auto text = texts_.get(name);
  if (!text || text->size() > text_bytes_max) return std::nullopt;
  std::string_view rest{*text};
  if (!rest.starts_with(head_of(place))) return std::nullopt;
  published_protocol found;
  for (;;) {
    const auto end = rest.find('\n');
    if (end == std::string_view::npos) return found;
    rest.remove_prefix(end + 1);
    const auto line = rest.substr(0, rest.find('\n'));
    if (line.empty()) return found;
    std::uint64_t id = 0;
    const auto number =
        std::from_chars(line.data(), line.data() + line.size(), id, 16);
    if (number.ec != std::errc{}) return std::nullopt;
    std::string layout{
        number.ptr == line.data() + line.size()
            ? std::string_view{}
            : line.substr(static_cast<std::size_t>(number.ptr - line.data()) +
                          1)};
    make_printable(layout);
    found.lines.push_back({message_id{id}, std::move(layout)});
  }
}

}  // namespace commy::message
