// commy/message/carried_loan.hpp: a loan on its way to another process.
#pragma once

#include <commy/memory/loan.hpp>

#include <cstdint>

namespace commy::message {

/// A loan that travels with a message, and where in it its handle goes.
struct carried_loan {
  /// Empty: the handle will name nothing.
  memory::loan_block* block = nullptr;
  /// From the message's first byte; a multiple of eight.
  std::uint32_t place = 0;
};

}  // namespace commy::message
