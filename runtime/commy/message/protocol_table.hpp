// commy/message/protocol_table.hpp: what published actors take.
#pragma once

#include <commy/containers/shared_hash_map.hpp>
#include <commy/containers/shared_string.hpp>
#include <commy/memory/segment.hpp>
#include <commy/message/message_id.hpp>
#include <commy/message/name_table.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace commy::message {

/// One message that an actor takes.
struct protocol_line {
  message_id id{};
  std::string_view layout;  // `wire_layout`.
};

/// A protocol as it was read from a segment: another process's word, so it
/// explains, and proves nothing. Receivers compare each message once more.
struct published_protocol {
  struct line {
    message_id id{};
    std::string layout;
  };
  std::vector<line> lines;

  [[nodiscard]] bool lists(message_id id) const noexcept;
  /// The layout of the message with the same name (the layout's first word),
  /// or nothing.
  [[nodiscard]] std::optional<std::string_view> same_name(
      std::string_view layout) const noexcept;
};

/// What the actors behind a segment's names take: the shared map
/// "commy.protocols" of texts, a line of hexadecimal numbers that says for
/// which publication it is, then "id layout" for each message. Threads: any.
class protocol_table {
public:
  static constexpr std::string_view object_name = "commy.protocols";
  /// Of one text. Twelve layouts of the largest size, or some two hundred usual
  /// ones; of what does not fit the layouts are left out, then the lines.
  static constexpr std::size_t text_bytes_max = std::size_t{24} * 1024;

  static result<protocol_table, open_error> open(segment shared);

  /// Over what was there. When the segment has no room, senders compare
  /// nothing.
  void publish(std::string_view name, name_place place,
               std::span<const protocol_line> lines) noexcept;
  /// Takes back what was published for `place`.
  void withdraw(std::string_view name, name_place place) noexcept;
  /// What is published for `place`; nothing if nothing readable is.
  [[nodiscard]] std::optional<published_protocol> find(std::string_view name,
                                                       name_place place) const;

private:
  using map = shared_hash_map<shared_string, shared_string>;
  explicit protocol_table(map texts) : texts_{std::move(texts)} {}

  map texts_;
};

}  // namespace commy::message
