// commy/memory/object_reference.hpp: names an object in every process.
#pragma once

#include <commy/memory/loan_handle.hpp>

#include <boost/describe.hpp>

#include <cstdint>

namespace commy {

/// Names one object of one segment in one of its lives, for others: a field of
/// a message, or an element of a container. A number, not a right, and it keeps
/// nothing alive:
///
///     struct look_here { object_reference where; };
///     BOOST_DESCRIBE_STRUCT(look_here, (), (where))
///
///     to.send(look_here{stock.reference()});              // one process
///     auto stock = shared.open<shared_hash_map<int, item>>(m.where);  //
///     another
///
/// Opening checks the segment, the life and the type, so that a reference which
/// is old, foreign or made up is refused.
struct object_reference {
  // As in a loan_handle: {segment 32, offset 48, generation 48}.
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  [[nodiscard]] static constexpr object_reference make(
      std::uint32_t segment, memory::offset root,
      std::uint64_t generation) noexcept {
    const auto handle = loan_handle::make(segment, root, generation);
    return {handle.low, handle.high};
  }
  [[nodiscard]] constexpr std::uint32_t segment() const noexcept {
    return handle().segment();
  }
  [[nodiscard]] constexpr memory::offset root() const noexcept {
    return handle().block();
  }
  [[nodiscard]] constexpr std::uint64_t generation() const noexcept {
    return handle().generation();
  }
  [[nodiscard]] explicit constexpr operator bool() const noexcept {
    return low != 0;
  }
  friend constexpr bool operator==(object_reference,
                                   object_reference) = default;

private:
  [[nodiscard]] constexpr loan_handle handle() const noexcept {
    return {low, high};
  }
};
BOOST_DESCRIBE_STRUCT(object_reference, (), (low, high))
static_assert(sizeof(object_reference) == 16);

}  // namespace commy
