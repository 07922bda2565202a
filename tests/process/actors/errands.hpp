// tests/process/actors/errands.hpp: what the processes of these tests say to
// each other.
#pragma once

#include <commy/actor/protocol.hpp>
#include <commy/message/loan_field.hpp>

#include <boost/describe.hpp>

#include <cstdint>

namespace commy::test {

/// Messages of one sender, numbered.
struct note {
  std::uint64_t sender = 0;
  std::uint64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(note, (), (sender, number))

/// How many notes have come, and whether each sender's were in order.
struct tally {
  std::uint64_t notes = 0;
  std::uint64_t disorder = 0;
};
BOOST_DESCRIBE_STRUCT(tally, (), (notes, disorder))
struct count {
  using reply = tally;
  std::uint8_t unused = 0;
};
BOOST_DESCRIBE_STRUCT(count, (), (unused))

struct add {
  using reply = std::int64_t;
  std::int64_t amount = 0;
};
BOOST_DESCRIBE_STRUCT(add, (), (amount))

/// Request and reply of more than a cell.
struct page {
  std::uint64_t words[40] = {};
};
BOOST_DESCRIBE_STRUCT(page, (), (words))
struct turn_page {
  using reply = page;
  page before;
};
BOOST_DESCRIBE_STRUCT(turn_page, (), (before))

struct confirm {
  using reply = void;
  std::uint8_t unused = 0;
};
BOOST_DESCRIBE_STRUCT(confirm, (), (unused))

struct throw_up {
  using reply = std::int64_t;
  std::uint8_t unused = 0;
};
BOOST_DESCRIBE_STRUCT(throw_up, (), (unused))

/// Its handler reports '>' and never returns.
struct hang {
  using reply = std::int64_t;
  std::uint8_t unused = 0;
};
BOOST_DESCRIBE_STRUCT(hang, (), (unused))

/// The actor stops, the process lives.
struct leave {
  std::uint8_t unused = 0;
};
BOOST_DESCRIBE_STRUCT(leave, (), (unused))

/// The process ends with this code, at once.
struct end_process {
  std::uint32_t code = 0;
};
BOOST_DESCRIBE_STRUCT(end_process, (), (code))

/// Words that say their number, which came without a copy.
struct picture {
  loan<std::uint64_t> words;
  std::uint64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(picture, (), (words, number))
struct take_picture {
  using reply = picture;
  std::uint64_t words = 0;  // 0: an empty loan.
  std::uint64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(take_picture, (), (words, number))

/// The reply is a loan, of which nothing is to be changed.
struct take_print {
  using reply = loan<const std::uint64_t>;
  std::uint64_t number = 0;
  bool from_elsewhere = false;  // From another segment than the request's.
};
BOOST_DESCRIBE_STRUCT(take_print, (), (number, from_elsewhere))

using errands = messages<note, count, add, turn_page, confirm, throw_up, hang,
                         leave, end_process, take_picture, take_print>;
using errand_address =
    address<note, count, add, turn_page, confirm, throw_up, hang, leave,
            end_process, take_picture, take_print>;

}  // namespace commy::test
