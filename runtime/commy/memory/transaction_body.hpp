// commy/memory/transaction_body.hpp: what an open transact() knows of its body.
#pragma once

#include <commy/memory/words.hpp>
#include <commy/memory/write_error.hpp>

#include <chrono>
#include <optional>
#include <vector>

namespace commy::memory {

/// Lives as long as one run of a body; the thread's lease points to it.
struct transaction_body {
  // Not defaulted: as a constant, g++ would first zero all 300 bytes, which
  // costs as much as a small transaction does.
  transaction_body() noexcept {}  // NOLINT(modernize-use-equals-default)

  /// Objects are locked as operations meet them, instead of before.
  bool meets = false;
  std::chrono::nanoseconds patience{};
  /// Roots that operations of this run have met, locked or not.
  std::vector<offset> met{};
  /// A lock could not be had out of order, or an operation failed after it had
  /// begun to change something. Either way this run is undone, whatever the
  /// body makes of the exception that told it so.
  bool out_of_order = false;
  std::optional<failure<write_error>> broken{};

  [[nodiscard]] bool is_lost() const noexcept { return broken.has_value(); }
};

/// Thrown through a body whose next run will lock in order what it has met.
struct met_out_of_order {};

}  // namespace commy::memory
