// tests/process/message/traffic.hpp: messages whose content proves itself.
#pragma once

#include <commy/message/inbox.hpp>
#include <commy/message/remote_address.hpp>

#include <boost/describe.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace commy::test {

/// A small message, one with a loan, and one that needs a carrier and two
/// loans. `number` counts up for each sender.
struct note {
  std::uint64_t sender = 0;
  std::uint64_t number = 0;
  std::uint64_t check = 0;
};
BOOST_DESCRIBE_STRUCT(note, (), (sender, number, check))

struct sheet {
  std::uint64_t check = 0;
  std::uint64_t words[40] = {};
};
BOOST_DESCRIBE_STRUCT(sheet, (), (check, words))

struct letter {
  std::uint32_t sender = 0;
  std::uint32_t number = 0;
  loan_handle page;
};
BOOST_DESCRIBE_STRUCT(letter, (), (sender, number, page))

struct bundle {
  std::uint64_t sender = 0;
  std::uint64_t number = 0;
  loan_handle pages[2];
  std::uint64_t words[30] = {};
};
BOOST_DESCRIBE_STRUCT(bundle, (), (sender, number, pages, words))

/// Larger than a block of a slab with pages of 4 KiB: its carrier is a run.
struct scroll {
  std::uint64_t sender = 0;
  std::uint64_t number = 0;
  std::uint64_t words[150] = {};
};
BOOST_DESCRIBE_STRUCT(scroll, (), (sender, number, words))

/// A frame of four megabytes, as a field of its message.
inline constexpr std::size_t frame_words = std::size_t{1} << 19U;
struct film {
  std::uint32_t sender = 0;
  std::uint32_t number = 0;
  loan<std::uint64_t> frame;
};
BOOST_DESCRIBE_STRUCT(film, (), (sender, number, frame))

inline std::uint64_t mix(std::uint64_t sender, std::uint64_t number,
                         std::uint64_t index = 0) noexcept {
  auto x = sender * 0x9e37'79b9'7f4a'7c15U + number * 0xbf58'476d'1ce4'e5b9U +
           index * 0x94d0'49bb'1331'11ebU;
  x ^= x >> 31U;
  return x * 0xd6e8'feb8'6659'fd93U;
}

inline void fill(sheet& page, std::uint64_t sender, std::uint64_t number) {
  for (std::uint64_t i = 0; i < 40; ++i)
    page.words[i] = mix(sender, number, i);
  page.check = mix(sender, number, 99);
}
inline bool is_whole(const sheet& page, std::uint64_t sender,
                     std::uint64_t number) {
  for (std::uint64_t i = 0; i < 40; ++i) {
    if (page.words[i] != mix(sender, number, i)) return false;
  }
  return page.check == mix(sender, number, 99);
}

/// Every thousandth word proves whose frame it is; all would take a while.
inline void fill(film& one) {
  for (std::size_t i = 0; i < frame_words; i += 1024)
    one.frame[i] = mix(one.sender, one.number, i);
}
inline bool is_whole(const film& one) {
  if (!one.frame || one.frame.size() != frame_words) return false;
  for (std::size_t i = 0; i < frame_words; i += 1024) {
    if (one.frame[i] != mix(one.sender, one.number, i)) return false;
  }
  return true;
}

using traffic_address = remote_address<note, letter, bundle, scroll>;

/// Messages of these numbers and above are scrolls.
inline constexpr std::uint32_t scrolls = 1'000'000;

/// Sends message `number` of `sender`; which of the four follows from it.
inline result<void, send_error> send_one(const segment& shared,
                                         traffic_address& to,
                                         std::uint32_t sender,
                                         std::uint32_t number) {
  const auto page = [&] {
    auto made = try_loan_for_overwrite<sheet>(shared).value();
    fill(*made, sender, number);
    return made;
  };
  if (number >= scrolls) {
    scroll all{sender, number, {}};
    for (std::uint64_t i = 0; i < 150; ++i)
      all.words[i] = mix(sender, number, i);
    return to.send(all);
  }
  switch (number % 3) {
    case 0:
      return to.send(note{sender, number, mix(sender, number)});
    case 1:
      return to.send(letter{sender, number, {}}, page());
    default: {
      bundle all{sender, number, {}, {}};
      for (std::uint64_t i = 0; i < 30; ++i)
        all.words[i] = mix(sender, number, i);
      return to.send(all, page(), page());
    }
  }
}

/// What a sound message says; nothing for one that is torn or wrong. Its loans
/// are added to `held`.
struct received {
  std::uint64_t sender;
  std::uint64_t number;
};
inline std::optional<received> open_one(const message::parcel& p,
                                        std::vector<loan<const sheet>>& held) {
  const auto keep = [&](loan_handle handle, std::uint64_t sender,
                        std::uint64_t number) {
    auto page = p.adopt<sheet>(handle);
    if (!page || !is_whole(**page, sender, number)) return false;
    held.push_back(std::move(*page));
    return true;
  };
  if (const auto n = p.as<note>()) {
    if (n->check != mix(n->sender, n->number)) return std::nullopt;
    return received{n->sender, n->number};
  }
  if (const auto l = p.as<letter>()) {
    if (!keep(l->page, l->sender, l->number)) return std::nullopt;
    return received{l->sender, l->number};
  }
  if (const auto s = p.as<scroll>()) {
    for (std::uint64_t i = 0; i < 150; ++i) {
      if (s->words[i] != mix(s->sender, s->number, i)) return std::nullopt;
    }
    return received{s->sender, s->number};
  }
  if (const auto b = p.as<bundle>()) {
    for (std::uint64_t i = 0; i < 30; ++i) {
      if (b->words[i] != mix(b->sender, b->number, i)) return std::nullopt;
    }
    if (!keep(b->pages[0], b->sender, b->number) ||
        !keep(b->pages[1], b->sender, b->number)) {
      return std::nullopt;
    }
    return received{b->sender, b->number};
  }
  return std::nullopt;
}

}  // namespace commy::test
