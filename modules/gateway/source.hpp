// modules/gateway/source.hpp: something with a path that can be read.
#pragma once

#include <commy/base/result.hpp>
#include <commy/containers/dynamic_object.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace commy::gateway {

/// How changes of a value are told.
enum class shape : std::uint8_t {
  entries,  // By name: a map, or a box that holds a struct.
  queue,    // What came and went at its ends.
  whole,    // All of it, each time.
};
std::string_view describe(shape how) noexcept;

/// A shared object, or one of the gateway's own. Threads: any.
class source {
public:
  using range = dynamic_object::range;
  using reading = dynamic_object::reading;

  virtual ~source() = default;
  [[nodiscard]] virtual shape how() const noexcept = 0;
  [[nodiscard]] virtual std::string type() const = 0;
  /// A copy of the content as of one moment. May wait for a writer, at most
  /// `read_patience`.
  [[nodiscard]] virtual result<reading, read_error> read(range part) = 0;
  /// The value under one key; `absent` also when it has no keys.
  [[nodiscard]] virtual result<dynamic_value, read_error> get(
      std::string_view key) = 0;
  /// Sleeps until there may be something newer than version `seen`, at most
  /// `at_most`. False when there is nothing new.
  [[nodiscard]] virtual bool wait(std::uint64_t seen,
                                  std::chrono::nanoseconds at_most) = 0;
};

/// The member called `key` of a record, or `absent`.
result<dynamic_value, read_error> member_of(const dynamic_value& record,
                                            std::string_view key);

}  // namespace commy::gateway
