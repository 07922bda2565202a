// Messages that go from one process to another in tests.
#pragma once

#include <commy/memory/loan.hpp>
#include <commy/message/loan_field.hpp>

#include <boost/describe.hpp>

#include <cstdint>

namespace commy::test {

/// Fits a cell.
struct numbered {
  std::uint64_t sender = 0;
  std::uint64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(numbered, (), (sender, number))

struct picture {
  std::uint64_t number = 0;
  std::uint64_t pixels[31] = {};
};
BOOST_DESCRIBE_STRUCT(picture, (), (number, pixels))

/// Fits a cell with its handle.
struct picture_taken {
  std::uint64_t number = 0;
  loan_handle taken;
  std::uint64_t sender = 0;
};
BOOST_DESCRIBE_STRUCT(picture_taken, (), (number, taken, sender))

/// Needs a carrier, and names several loans.
struct album {
  std::uint64_t number = 0;
  loan_handle pages[3];
  char title[200] = {};
};
BOOST_DESCRIBE_STRUCT(album, (), (number, pages, title))

}  // namespace commy::test
