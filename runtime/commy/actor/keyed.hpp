// commy/actor/keyed.hpp: what a message is about, as a number.
#pragma once

#include <commy/memory/key_hash.hpp>

#include <cstdint>
#include <string_view>
#include <type_traits>

namespace commy {

/// A message that says what it is about, by a member that gives an integer, an
/// enum or a text:
///
///     struct tick { int instrument; int price; int key() const { ... } };
template <class M>
concept keyed = requires(const M& m) { m.key(); };

/// The key as 64 mixed bits, alike in every process, compiler and run. Equal
/// keys give equal numbers; different integers and enums of one type always
/// different ones, different texts nearly always: among a million of them two
/// meet with a chance of 3 in 10^8. No defence against somebody who chooses
/// texts to meet. Throws what `key()` throws. Cost: about 1 ns, for a text 1 ns
/// each 8 bytes.
template <keyed M>
constexpr std::uint64_t key_of(const M& m) noexcept(noexcept(m.key())) {
  using key = std::remove_cvref_t<decltype(m.key())>;
  if constexpr (std::is_integral_v<key> || std::is_enum_v<key>) {
    return memory::mix_bits(static_cast<std::uint64_t>(m.key()));
  } else if constexpr (std::is_convertible_v<key, std::string_view>) {
    // The named reference keeps a text alive that is made by the call.
    const auto& text = m.key();
    return memory::hash_text(0, text);
  } else {
    static_assert(sizeof(M) == 0,
                  "commy: a message's key() gives an integer, an enum or a "
                  "text (what converts to std::string_view)");
    return 0;
  }
}

}  // namespace commy
